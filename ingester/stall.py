"""Looks at the held stream twice a second: a pause of this process, keep-alives without posts, rules that somebody took away.

X's connection tells none of that. A stream that stalls looks alive, and what a paused process reads afterwards is old.
"""

import asyncio
from typing import Protocol

from runtime import log

from .ports import Clock
from .timeouts import Timeouts
from .x.consumer import StreamConsumer
from .x.disconnect import Disconnect, DisconnectKind

_RARE = 30.0  # if posts arrive independently, a pause this many times the usual one has a probability of 1e-13


class CanClose(Protocol):
    def close(self, ended: Disconnect) -> None: ...


class StallDetector:
    """`run` is a task."""

    def __init__(
        self, stream: "CanClose", consumer: StreamConsumer, clock: Clock, times: Timeouts, *, every: float, late: float
    ) -> None:
        self._stream = stream
        self._consumer = consumer
        self._clock = clock
        self._times = times
        self._every = every
        self._late = late
        self._patience = 1.0  # grows while reconnecting did not help against a stall
        self._patient_since: float | None = None  # the last post when it grew
        self._looked = clock.monotonic()
        self._rules_lost = False
        self._count_after = times.unknown_rate
        self._usual_pause: float | None = None
        self.is_connected = False
        self.connected_since = 0.0  # monotonic, of the connection that is held, or was last

    def connected(self) -> None:
        """Note that X has answered with a stream."""
        self.is_connected, self._rules_lost = True, False
        self.connected_since = self._clock.monotonic()

    def disconnected(self) -> None:
        """Note that the connection has ended."""
        self.is_connected = False

    def rules_lost(self) -> None:
        """End the connection, because X lacks some of our rules and so does not send their posts."""
        self._rules_lost = True

    def detect_suspend(self) -> None:
        """Tell the consumer if this process did not run for a while. Call this before reading the consumer's `heard`."""
        now, looked = self._clock.monotonic(), self._looked
        self._looked = now
        if now - looked > self._every + self._late and self._consumer.began_at is not None:
            log.event(
                "paused",
                "WARNING",
                seconds=round(now - looked, 1),
                message="This process did not run for a while",
            )
            self._consumer.note_pause(looked, now)

    async def run(self, usual_pause: float | None) -> None:
        """Look for ever. `usual_pause` is what the ledger knows of the seconds between two posts."""
        self._usual_pause = usual_pause
        while True:
            await asyncio.sleep(self._every)
            self.detect_suspend()
            self._check()

    def silent_since(self) -> float | None:
        """Return when the silence began, if the usual rate is unknown and a count is worth its price; else None."""
        consumer = self._consumer
        if not self.is_connected or len(consumer.posts) >= 2:
            return None
        # a day that a limit cut short looks quiet, so a long pause says little
        if self._usual_pause is not None and _RARE * self._usual_pause <= self._times.stopped:
            return None
        news = self._last_news()
        if self._clock.monotonic() - news <= self._count_after:
            return None
        return news

    def note_count(self, since: float, *, has_posts: bool) -> None:
        """Note what X counts since that moment. If it has posts and none has arrived, the stream has stalled.

        The next count is worth its price after twice as long.
        """
        self._count_after *= 2.0
        if has_posts and self.is_connected and self._last_news() == since:
            self._stream.close(
                Disconnect(DisconnectKind.STALLED, reason="keep-alives, and none of the posts that X counts")
            )

    def _check(self) -> None:
        consumer = self._consumer
        if not self.is_connected:
            return
        if self._rules_lost:
            self._rules_lost = False
            self._stream.close(
                Disconnect(DisconnectKind.RULES_LOST, reason="X lacks some of our rules: somebody took them away")
            )
        elif (quiet := self._quiet()) is not None:
            self._patience = self._patience * 2.0 if self._patient_since == consumer.last_post else 2.0
            self._patient_since = consumer.last_post
            self._stream.close(Disconnect(DisconnectKind.STALLED, reason=f"keep-alives, and no post for {quiet:.0f} s"))

    def _quiet(self) -> float | None:
        """Return the seconds without a post, if that is far longer than the rate of earlier posts suggests."""
        consumer = self._consumer
        usual, posts = self._usual_pause, consumer.posts
        if len(posts) >= 2:
            usual = (posts[-1] - posts[0]) / (len(posts) - 1)
        if usual is None or consumer.began_at is None:
            return None
        quiet = self._clock.monotonic() - self._last_news()
        patience = self._patience if self._patient_since == consumer.last_post else 1.0
        return quiet if quiet > max(self._times.stall_least, _RARE * usual) * patience else None

    def _last_news(self) -> float:
        """Return when the last post came, or this connection began."""
        posts, began = self._consumer.posts, self._consumer.began_at or 0.0
        return max(posts[-1], began) if posts else began
