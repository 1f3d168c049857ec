"""A task that works off gaps, oldest first.

A gap stays open in the ledger until its last row says what became of it, so a process that dies meanwhile forgets nothing:
the next one does it again, and what is published twice is shown once.
"""

import asyncio
from collections import deque
from datetime import datetime

from .. import log
from ..errors import Denied, NoLedger, PublishFailed, SearchBehind, Unavailable
from ..ledger.ledger import Ledger
from ..ledger.model import Gap
from . import backfill
from .model import Filled, Means, Progress


class Worker:
    """Fills gaps, oldest first. Add gaps with `add`; `run` is a task of the loop."""

    def __init__(self, means: Means, ledger: Ledger, *, accounted: datetime | None) -> None:
        self._means = means
        self._ledger = ledger
        self._accounted = accounted
        self._gaps: deque[tuple[Gap, float]] = deque()  # and when search can know, by the monotonic clock
        self._some = asyncio.Event()
        self._before = 0  # posts published for gaps that are done
        self._progress = Progress()

    @property
    def open(self) -> int:
        """Return the number of gaps that wait or are being filled."""
        return len(self._gaps)

    @property
    def filled(self) -> int:
        """Return the number of posts that search gave and were published."""
        return self._before + self._progress.published

    def oldest(self) -> datetime | None:
        """Return the start of the oldest waiting gap, or None."""
        return min((gap.not_held_since for gap, _ in self._gaps), default=None)

    def add(self, gap: Gap, ended_ago: float) -> None:
        """Queue a gap that ended so many seconds ago: it is filled once search can know what was posted in it."""
        assert gap.until is not None
        times = self._means.times
        wait = max(0.0, times.edge + times.lag - max(0.0, ended_ago))
        self._gaps.append((gap, self._means.clock.monotonic() + wait))
        self._some.set()

    async def run(self) -> None:
        while True:
            await self._some.wait()
            gap, ripe = self._gaps[0]
            await asyncio.sleep(max(0.0, ripe - self._means.clock.monotonic()))
            await self._finish(gap)
            self._gaps.popleft()
            if not self._gaps:
                self._some.clear()

    async def _finish(self, gap: Gap) -> None:
        """Fill a gap, trying again while search or the ledger is down."""
        while True:
            try:
                if gap.skipped:
                    result = _skipped(gap)
                else:
                    result = await backfill.fill(self._means, gap, self._accounted, self._progress)
                break
            except (Unavailable, NoLedger, PublishFailed) as error:
                kind = "search_behind" if isinstance(error, SearchBehind) else "fill_failed"
                log.event(
                    kind, "WARNING", gap_id=gap.id, message=f"The gap stays open: {type(error).__name__}: {error}"[:500],
                )  # fmt: skip
                await asyncio.sleep(self._pause(error))
        self._before, self._progress = self._before + self._progress.published, Progress()
        self._tell(gap, result)
        if result.expected is not None:
            # a gap that is filled later may end earlier, so this never goes back
            self._accounted = max(filter(None, (self._accounted, gap.until)))

    def _pause(self, error: Exception) -> float:
        """Return the seconds until the next try. The stream may go on with a token, or credits, that search has no more."""
        if isinstance(error, Denied):
            return self._means.times.usage
        wanted = error.reset_in if isinstance(error, Unavailable) else None
        return max(self._means.times.fill_again, wanted or 0.0)

    def _tell(self, gap: Gap, result: Filled) -> None:
        note = " ".join(result.notes) or None
        self._ledger.write(
            "gap_filled", gap_id=gap.id, since=result.since or gap.since, until=gap.until, reason=gap.reason, status=result.status,
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
