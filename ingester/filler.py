"""A thread that works off gaps, oldest first.

A gap stays open in the ledger until its last row says what became of it, so a process that dies meanwhile forgets nothing:
the next one does it again, and what is published twice is shown once.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime

from . import fill, log
from .api import Denied, Unavailable
from .events import Gap
from .fill import Filled, Means, Progress


class Filler:
    """`renew` reads the token again and says whether it is another."""

    def __init__(self, means: Means, *, accounted: datetime | None, renew: Callable[[], bool]) -> None:
        self._means = means
        self._accounted = accounted
        self._renew = renew
        self._gaps: deque[tuple[Gap, float]] = deque()  # and when search can know, by the monotonic clock
        self._changed = threading.Condition()
        self._before = 0  # posts published for gaps that are done
        self._progress = Progress()
        threading.Thread(target=self._work, name="fill", daemon=True).start()

    @property
    def open(self) -> int:
        """Gaps that wait, or are being filled."""
        return len(self._gaps)

    @property
    def filled(self) -> int:
        """Posts that search gave and were published."""
        return self._before + self._progress.published

    def oldest(self) -> datetime | None:
        """Since when the oldest of the gaps that wait."""
        with self._changed:
            return min((gap.since for gap, _ in self._gaps), default=None)

    def add(self, gap: Gap, ended_ago: float | None = None) -> None:
        """A gap that has ended: it is filled once search can know what was posted in it.

        `ended_ago` in seconds, for whoever knows it better than this machine's clock.
        """
        assert gap.until is not None
        ago = time.time() - gap.until.timestamp() if ended_ago is None else ended_ago
        times = self._means.times
        with self._changed:
            ripe = time.monotonic() + max(0.0, times.edge + times.lag - max(0.0, ago))
            self._gaps.append((gap, ripe))
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._gaps)
                gap, ripe = self._gaps[0]
            time.sleep(max(0.0, ripe - time.monotonic()))
            self._finish(gap)
            with self._changed:
                self._gaps.popleft()

    def _finish(self, gap: Gap) -> None:
        """Until it is done: search may be down for a while, and the ledger too."""
        while True:
            try:
                result = _skipped(gap) if gap.skipped else fill.fill(self._means, gap, self._accounted, self._progress)
                break
            except Exception as error:  # noqa: BLE001 - a thread that ends would leave the gaps to nobody
                log.event(
                    "fill_failed", "WARNING", gap_id=gap.id,
                    message=f"The gap is tried again: {type(error).__name__}: {error}"[:500],
                )  # fmt: skip
                time.sleep(self._pause(error))
        self._before, self._progress = self._before + self._progress.published, Progress()
        self._tell(gap, result)
        if result.expected is not None:
            self._accounted = gap.until

    def _pause(self, error: Exception) -> float:
        """Seconds until the next try. The stream may go on with a token, or credits, that search has no more."""
        if isinstance(error, Denied):
            return 0.0 if error.status == 401 and self._renew() else self._means.times.usage
        wanted = error.reset_in if isinstance(error, Unavailable) else None
        return max(self._means.times.fill_again, wanted or 0.0)

    def _tell(self, gap: Gap, result: Filled) -> None:
        note = " ".join(result.notes) or None
        self._means.ledger.write(
            "gap_filled", gap_id=gap.id, since=gap.since, until=gap.until, reason=gap.reason, status=result.status,
            posts_expected=result.expected, posts_recovered=result.recovered, note=note,
        )  # fmt: skip
        log.event(
            "gap_filled", "INFO" if result.status == "filled" else "WARNING",
            gap_id=gap.id, status=result.status, reason=gap.reason, posts_expected=result.expected,
            posts_recovered=result.recovered, published=result.published, message=note or "The gap is filled.",
        )  # fmt: skip


def _skipped(gap: Gap) -> Filled:
    hint = f"python -m ingester search --from {gap.since:%FT%TZ} --to {gap.until:%FT%TZ}"
    return Filled("skipped", None, None, 0, [f"Left unfilled because of its reason ({gap.reason}); {hint} fetches it."])
