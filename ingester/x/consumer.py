"""Takes the stream: passes each line on to Pub/Sub, and records what it shows about the connection.

The stream's thread calls `begin` and `take_line`; the event loop reads the numbers and decides. Each number has one writer. The exception
is since when we may have been too slow: the event loop notes a pause, so a lock guards it.
"""

import threading
from collections import deque
from typing import NamedTuple

from posts.snowflake import snowflake_time

from ..budget import Budget, LimitReached
from ..ports import Clock
from ..pubsub.envelope import BufferFull, DeadLetter, Line, NotText, inspect_line, to_message
from ..pubsub.publishing import PostSink
from .disconnect import Disconnect, DisconnectKind

_RATE_POSTS = 100  # posts over which the rate is taken
_RECENT = 50_000  # posts, 10 MB: more than three minutes at X's top rate, until search can know of a gap
_BLOCKED = 1.0  # if a post waits so many seconds, later ones wait in buffers, or X drops them
_DAY = 86_400.0
_BOM = b"\xef\xbb\xbf"


class Delivered(NamedTuple):
    """A post that the stream has brought, and the ids of the rules that it matches."""

    post: int
    rules: tuple[str, ...]
    is_retweet: bool  # which search does not return


class StreamConsumer:
    """One for the life of the process. Its moments are of the monotonic clock."""

    def __init__(
        self, sink: PostSink, clock: Clock, budget: Budget, silence: float, *, most_units: int = 1, most_posts: int = 0
    ) -> None:
        """`most_units` is what one post can cost at the most; `most_posts` ends the stream (0: no limit)."""
        self._sink = sink
        self._clock = clock
        self._budget = budget
        self._silence = silence
        self._lock = threading.Lock()  # of the next two
        self._behind: float | None = None  # since when we may have been too slow for X, or None
        self._free = 0.0  # when the last post that had to wait was taken
        self.limit_reached: LimitReached | None = None  # what comes after it is counted and published all the same
        self._most_posts = most_posts
        self._most_units = most_units
        self.received = 0
        self.posts: deque[float] = deque(maxlen=_RATE_POSTS)  # when they came, on all connections
        self.recent: deque[Delivered] = deque(maxlen=_RECENT)  # list() makes a copy that no thread changes
        self.began_at: float | None = None  # of the connection that is held, or was last
        self.posts_here = 0  # of the same
        self.last_byte = 0.0  # when a line or a keep-alive came
        self.last_post: float | None = None
        self.newest = 0.0  # X's time of the newest post, by its id, in seconds since 1970

    @property
    def heard(self) -> float:
        """Return until when everything that X sent has been read. A line from a full buffer is older than the moment it is read."""
        behind = self._behind
        return self.last_byte if behind is None else min(behind, self.last_byte)

    def begin(self) -> None:
        """Note that X has answered with a stream."""
        self.began_at = self.last_byte = self._clock.monotonic()
        self.posts_here = 0
        with self._lock:
            self._behind = None

    def take_line(self, raw: bytes) -> Disconnect | None:
        """Publish one line, or count a keep-alive. Returns how the connection is to end, if it is. Raises PublishFailed."""
        now = self.last_byte = self._clock.monotonic()
        raw = raw.removeprefix(_BOM)
        if not raw or raw.isspace():
            self._note_delay(now)
            return None
        line = inspect_line(raw)
        if line.problem is not None:
            # X is about to close; if it does not, we would wait for ever
            return Disconnect(DisconnectKind.ANNOUNCED, reason=line.problem)
        if line.id:
            self.recent.append(Delivered(int(line.id), line.rules, line.is_retweet))
            self.posts.append(now)
            self.last_post = now
            self.posts_here += 1
            self.newest = max(self.newest, _created_at(line.id, self._clock.time()))
        self.received += 1
        self._publish(raw, line)
        self.limit_reached = self._budget.add(line.billed, more=self._most_units if line.is_unreadable else 0)
        if self.limit_reached is None and self.received >= self._most_posts > 0:
            self.limit_reached = LimitReached("run", self.received, self._most_posts, None)
        self._note_delay(now)
        if self.limit_reached is None:
            return None
        return Disconnect(DisconnectKind.LIMIT, reason=f"{self.limit_reached.setting} is reached")

    def note_pause(self, since: float, now: float) -> None:
        """Note that the process did not run from `since` on, so what it reads now may be old, and posts may be missing."""
        with self._lock:
            self._behind = since if self._behind is None else min(self._behind, since)
            self._free = now

    def _publish(self, raw: bytes, line: Line) -> None:
        try:
            self._sink.publish(to_message(raw, line.id, int(self._clock.time() * 1_000_000), "stream"))
        except NotText as error:
            self._sink.dead_letter(DeadLetter(raw, "stream", f"not UTF-8: {error}", line.id))
        except BufferFull:
            pass  # the process ends; the post lies in the gap that begins with the oldest unpublished one

    def _note_delay(self, came: float) -> None:
        now = self._clock.monotonic()
        with self._lock:
            if now - came > _BLOCKED:
                self._behind = came if self._behind is None else self._behind
                self._free = now
            elif self._behind is not None and now - self._free > self._silence:
                self._behind = None  # the buffers were read long ago, and X still sends


def _created_at(post_id: str, now: float) -> float:
    """Return when a post was made, by its id; 0 where that lies in the future."""
    created_at = snowflake_time(int(post_id))
    return created_at if created_at < now + _DAY else 0.0
