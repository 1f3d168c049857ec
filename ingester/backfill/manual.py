"""A search by hand without its terminal: the budget it shares with the stream, the fetch, and its rows in the ledger."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ..budget import Budget
from ..ledger import history
from ..ledger.ledger import Ledger
from ..ledger.model import Event, Gap
from ..ledger.reservations import Reservations
from ..ledger.units import tally
from ..ports import Clock
from ..settings import Settings
from ..timeouts import Timeouts
from ..x import search
from ..x.rate_limit import XTime
from . import backfill
from .by_hand import Plan
from .model import Filled, Means, Progress


async def open_budget(settings: Settings, ledger: Ledger, clock: Clock, x_time: XTime, times: Timeouts) -> Reservations:
    """Return the budget as the ledger has it. The ledger's rows carry this program's part from now on. Raises NoLedger."""
    others = tally(await ledger.store.units(), ledger.holder, x_time.now())
    budget = Budget(settings.max_posts_per_day, settings.max_posts_per_month, others, x_time.now)
    ledger.budget = budget
    return Reservations(budget, ledger, clock, x_time, times)


async def fetch(
    means: Means, ledger: Ledger, plan: Plan, progress: Progress, on_slice: Callable[[Progress], object]
) -> Filled | None:
    """Fetch and publish what is planned; None where the budget ended it. The caller's task writes the ledger's rows meanwhile.

    `on_slice` is called after each slice. Raises Unavailable, NoLedger, PublishFailed, QueryRefused; the same command then goes on.
    """

    def record(progress: Progress) -> None:
        on_slice(progress)
        ledger.write("searched", **plan.row(progress))

    began = means.x_time.now()
    try:
        result = await backfill.fill_by_hand(means, plan.gap, plan.wanted(record), progress)
    finally:
        ledger.write("reserved", note="the search has ended")  # what it has cost, and no more, on every way out
    if progress.cut:
        return None
    whole, note = plan.whole(result), " ".join(result.notes) or None
    counted = {"posts_expected": whole.expected, "posts_recovered": whole.recovered}
    _write_filled(ledger, plan.gap, status=whole.status, note=note, **counted)
    # a gap that the ingester has closed meanwhile has its own count
    past = [event for event in await ledger.store.since(plan.gap.since) if event.at < began]
    asked = [value for (_, value, _), _ in plan.asked]
    for gap in history.skipped_within(past, plan.gap.since, plan.end, asked):
        if gap.status == "partial" and not await _arrived(ledger, gap, began):
            continue  # the search found nothing more: what is missing is missing for good
        note = f"Filled by the search {plan.gap.id}. How many of this gap's posts are here is not counted apart."
        _write_filled(
            ledger, gap, status=whole.status, note=note, posts_expected=gap.posts_expected, posts_recovered=None
        )
    return result


async def _arrived(ledger: Ledger, gap: Event, moment: datetime) -> set[str]:
    """Return the ids of the gap's posts that have arrived since a moment."""
    if gap.since is None or gap.until is None:
        return set()
    first, last = int(search.id_before(gap.since)) + 1, int(search.id_before(gap.until))
    return set(await ledger.store.arrived(moment, first, last))


def _write_filled(ledger: Ledger, gap: Gap | Event, **more: Any) -> None:
    gap_id = gap.id if isinstance(gap, Gap) else gap.gap_id
    ledger.write("gap_filled", gap_id=gap_id, since=gap.since, until=gap.until, reason=gap.reason, **more)
