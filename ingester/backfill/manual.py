"""A search by hand without its terminal: the budget it shares with the stream, the fetch, and its rows in the ledger."""

from collections.abc import Callable
from datetime import datetime

from ..ledger import history
from ..ledger.events import GapFilled, Reserved
from ..ledger.ledger import Ledger
from ..ledger.model import Event
from ..x import search
from . import backfill
from .by_hand import Plan
from .model import BackfillContext, BackfillResult, Progress


async def fetch(
    context: BackfillContext, ledger: Ledger, plan: Plan, progress: Progress, on_slice: Callable[[Progress], object]
) -> BackfillResult | None:
    """Fetch and publish what is planned; None where the budget ended it. The caller's task writes the ledger's rows meanwhile.

    `on_slice` is called after each slice. Raises Unavailable, NoLedger, PublishFailed, QueryRefused; the same command then goes on.
    """

    def record(progress: Progress) -> None:
        on_slice(progress)
        ledger.write(plan.row(progress))

    began = context.server_clock.now()
    try:
        result = await backfill.fill_by_hand(context, plan.gap, plan.by_hand(record), progress)
    finally:
        ledger.write(Reserved("the search has ended"))  # however the search ends, it reserves no more than it has cost
    if progress.cut:
        return None
    whole, note = plan.total_result(result), " ".join(result.notes) or None
    gap = plan.gap
    ledger.write(
        GapFilled(gap.id, gap.since, gap.until, gap.reason, whole.status, whole.expected, whole.recovered, note)
    )
    # a gap that the ingester has closed meanwhile has its own count
    past = [event for event in await ledger.store.since(plan.gap.since) if event.at < began]
    values = [value for (_, value, _), _ in plan.rules]
    for skipped in history.gaps_covered_by_search(past, plan.gap.since, plan.end, values):
        if skipped.status == "partial" and not await _arrived(ledger, skipped, began):
            continue  # the search found nothing more: what is missing is missing for good
        note = f"Filled by the search {plan.gap.id}. How many of this gap's posts are here is not counted apart."
        ledger.write(
            GapFilled(
                skipped.gap_id,
                skipped.since,
                skipped.until,
                skipped.reason,
                whole.status,
                skipped.posts_expected,
                None,
                note,
            )
        )
    return result


async def _arrived(ledger: Ledger, gap: Event, moment: datetime) -> set[str]:
    """Return the ids of the gap's posts that have arrived since a moment."""
    if gap.since is None or gap.until is None:
        return set()
    first, last = int(search.id_before(gap.since)) + 1, int(search.id_before(gap.until))
    return set(await ledger.store.arrived(moment, first, last))
