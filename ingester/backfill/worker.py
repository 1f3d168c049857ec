"""A task that works off gaps, oldest first.

A gap stays open in the ledger until its last row says what became of it, so a process that dies meanwhile forgets nothing:
the next one does it again, and what is published twice is shown once.
"""

import asyncio
from dataclasses import replace
from datetime import datetime

from runtime import log

from .. import waits
from ..errors import NoLedger, PublishFailed, SearchBehind, Unavailable
from ..ledger.events import GapFilled, GapStatus
from ..ledger.ledger import Ledger
from ..ledger.model import Gap
from . import backfill
from .model import BackfillContext, BackfillResult, Progress
from .queue import GapQueue


class Worker:
    """Fills gaps, oldest first. Add gaps with `add`; `run` is a task of the loop."""

    def __init__(self, context: BackfillContext, ledger: Ledger) -> None:
        self._context = context
        self._ledger = ledger
        self._accounted: datetime | None = None  # the end of the last gap whose posts were counted
        self._gaps = GapQueue(context.times, context.clock, context.delivered_between)
        self._added = asyncio.Event()
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
        return self._gaps.oldest()

    def add(self, gap: Gap, ended_ago: float) -> None:
        """Queue a gap that ended so many seconds ago."""
        self._gaps.add(gap, ended_ago)
        self._added.set()

    async def run(self, accounted: datetime | None) -> None:
        """Fill gaps for ever. Nothing before `accounted` is counted again."""
        self._accounted = accounted
        while True:
            await self._added.wait()
            gap, wait = self._gaps.next()
            if wait > 0:
                await asyncio.sleep(wait)
                continue
            await self._finish(gap)
            self._gaps.remove(gap)
            if not self._gaps:
                self._added.clear()

    async def _finish(self, gap: Gap) -> None:
        """Fill a gap, trying again while search or the ledger is down."""
        while True:
            try:
                if gap.skipped:
                    result = _skipped(gap)
                else:
                    result = await backfill.fill(self._context, gap, self._accounted, self._progress)
                break
            except (Unavailable, NoLedger, PublishFailed) as error:
                kind = "search_behind" if isinstance(error, SearchBehind) else "fill_failed"
                log.event(
                    kind,
                    "WARNING",
                    gap_id=gap.id,
                    message=f"The gap stays open: {type(error).__name__}: {error}"[:500],
                )
                await asyncio.sleep(waits.backfill_retry_delay(error, self._context.times))
        self._before, self._progress = self._before + self._progress.published, Progress()
        self._record(gap, result)
        if result.expected is not None:
            # a gap that is filled later may end earlier, so this never goes back
            self._accounted = max(filter(None, (self._accounted, gap.until)))

    def _record(self, gap: Gap, result: BackfillResult) -> None:
        """Write a row for each gap. The one that ended last has the numbers and comes first: from it on nothing is counted again."""
        for member in sorted(gap.members, key=lambda member: member.id != gap.id):
            self._record_result(member, result if member.id == gap.id else _result_of_member(gap, result))

    def _record_result(self, gap: Gap, result: BackfillResult) -> None:
        note = " ".join(result.notes) or None
        since = gap.missing_since if result.complete_until_heard else gap.since
        self._ledger.write(
            GapFilled(gap.id, since, gap.until, gap.reason, result.status, result.expected, result.recovered, note)
        )
        log.event(
            "gap_filled",
            "INFO" if result.status == GapStatus.FILLED else "WARNING",
            gap_id=gap.id,
            status=result.status,
            reason=gap.reason,
            posts_expected=result.expected,
            posts_recovered=result.recovered,
            published=result.published,
            message=note or "The gap is filled.",
        )


def _result_of_member(gap: Gap, result: BackfillResult) -> BackfillResult:
    """Return the result for a gap whose posts are counted in another one's row."""
    note = f"Filled and counted together with the gap {gap.id}, which has the numbers."
    expected, recovered = (None if number is None else 0 for number in (result.expected, result.recovered))
    return replace(result, expected=expected, recovered=recovered, published=0, notes=[note, *result.notes])


def _skipped(gap: Gap) -> BackfillResult:
    hint = f"python -m ingester search --from {gap.since:%FT%TZ} --to {gap.until:%FT%TZ}"
    return BackfillResult(
        GapStatus.SKIPPED, None, None, 0, [f"Left unfilled because of its reason ({gap.reason}); {hint} fetches it."]
    )
