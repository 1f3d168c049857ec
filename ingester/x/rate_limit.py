"""X's limits: how long an answer asks us to wait, and how many connects we allow ourselves whatever happens.

X's clock is the one that counts, because search is asked by the times of X's ids. Its answers carry a Date.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from runtime import log

from ..ports import Clock

CONNECTS = 40  # of X's 50 in 15 minutes (https://docs.x.com/x-api/fundamentals/rate-limits, 2026-08)
CLEARS = 10  # of X's 25 in 15 minutes
_WRONG_CLOCK = 20.0  # seconds: a third of a gap's edge
_MILLISECONDS = 1e11  # a moment above this, as seconds, lies 3,000 years ahead


class ServerClock:
    """X's time, kept by the monotonic clock, so that setting this machine's clock has no effect."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.time() - clock.monotonic()  # until X has answered, use this machine's time
        self._wrong = False  # this machine's clock

    def now(self) -> datetime:
        return self.at(self._clock.monotonic())

    def at(self, moment: float) -> datetime:
        """Return the time of a moment of the monotonic clock."""
        return datetime.fromtimestamp(self._offset + moment, UTC)

    def compare(self, headers: Mapping[str, str], sent_at: float, answered: float | None = None) -> None:
        """Take the Date of an answer to a request that was made at one monotonic moment and answered at another, or just now.

        X wrote it at some moment in between, which may be minutes where this process was frozen meanwhile: only a Date from before or
        after the two says that our time is wrong. It is exact to the second, and 20 s are let be.
        """
        date = _date(headers)
        if date is None:
            return
        answered = self._clock.monotonic() if answered is None else answered
        if date < sent_at + self._offset - _WRONG_CLOCK:
            self._offset = date - sent_at
        elif date > answered + self._offset + _WRONG_CLOCK:
            self._offset = date - answered
        ahead = self._clock.time() - (self._clock.monotonic() + self._offset)
        if (abs(ahead) > _WRONG_CLOCK) != self._wrong:
            self._wrong = not self._wrong
            log.event(
                "clock_wrong" if self._wrong else "clock_right",
                "WARNING",
                seconds=round(ahead),
                message="This machine's clock is not X's: gaps are kept in X's time",
            )


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that an answer asks to wait; None if it asks for none, or names a moment that has passed.

    `now` is X's time in seconds since 1970 as far as it is known; the answer's own Date counts for more. Reads Retry-After (seconds
    or a date), and x-rate-limit-reset (seconds, or milliseconds by mistake) where no call is left.
    """
    date = _date(headers)
    now = now if date is None else date
    header = headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit():
        wait = float(header)
    elif (moment := _moment(header)) is not None:
        wait = moment - now
    else:
        reset = headers.get("x-rate-limit-reset", "").strip()
        if not (reset.isascii() and reset.isdigit()) or headers.get("x-rate-limit-remaining", "0").strip() != "0":
            return None
        at = float(reset)
        wait = (at / 1_000 if at > _MILLISECONDS else at) - now + 1.0
    return wait if wait > 0 else None


def _date(headers: Mapping[str, str]) -> float | None:
    return _moment(headers.get("date", ""))


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


class RateLimiter:
    """At most `most` in any `window` seconds. Times are seconds of one clock that only goes on."""

    def __init__(self, most: int, window: float, past: Iterable[float] = ()) -> None:
        self._most = most
        self._window = window
        self._acquired = deque(sorted(past))

    def wait(self, now: float) -> float:
        """Return the seconds until one more is allowed: 0 if it is now."""
        self._forget(now)
        if len(self._acquired) < self._most:
            return 0.0
        return self._acquired[len(self._acquired) - self._most] + self._window - now

    def delay(self, now: float) -> float:
        """Return the seconds to wait so that the limit is never used up.

        0 while at least half is left; after that the rest is spread evenly over the time until the oldest one no longer counts.
        """
        wait, remaining = self.wait(now), self._most - len(self._acquired)
        if remaining <= 0 or remaining >= self._most // 2:
            return wait
        spacing = (self._acquired[0] + self._window - now) / remaining
        return max(0.0, self._acquired[-1] + spacing - now)

    def acquire(self, now: float) -> None:
        """Count one that is made now. It neither waits nor refuses: ask `delay` first."""
        self._acquired.append(now)

    def _forget(self, now: float) -> None:
        while self._acquired and self._acquired[0] <= now - self._window:
            self._acquired.popleft()
