"""X's limit on connecting, kept by us whatever happens: a bucket of connects, filled from the ledger after a restart."""

from collections import deque
from collections.abc import Iterable

CONNECTS = 40  # of X's 50 in 15 minutes (https://docs.x.com/x-api/fundamentals/rate-limits, 2026-08)
CLEARS = 10  # of X's 25 in 15 minutes


class Bucket:
    """At most `most` in any `window` seconds. Times are seconds on one clock, given by the caller."""

    def __init__(self, most: int, window: float, past: Iterable[float] = ()) -> None:
        self._most = most
        self._window = window
        self._taken = deque(sorted(past))

    def wait(self, now: float) -> float:
        """Seconds until one more is allowed: 0 if it is now."""
        self._forget(now)
        if len(self._taken) < self._most:
            return 0.0
        return self._taken[len(self._taken) - self._most] + self._window - now

    def take(self, now: float) -> None:
        """Count one."""
        self._taken.append(now)

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0] <= now - self._window:
            self._taken.popleft()
