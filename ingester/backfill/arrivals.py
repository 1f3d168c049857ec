"""Which posts of a slice have arrived, so that none is fetched, billed or counted twice."""

import asyncio
from datetime import datetime

from posts import limits

from ..pubsub.publishing import MessagePublisher
from ..x import search
from .model import BackfillJob


def count_arrived(job: BackfillJob, arrived: set[str]) -> None:
    """Tell the budget which posts X has delivered today already, because X does not bill them again.

    A process that was killed never wrote down its count of the last posts, so they are counted here. What came with them is unknown, so
    each counts as the most that a post can cost.
    """
    today = job.context.server_clock.now().date()
    posts = {post_id for post_id in arrived if search.created_at(post_id).date() == today}
    since = job.gap.since if job.gap.reason == "killed" else job.context.uncounted
    if since is not None:
        job.context.budget.add_arrived(
            [post_id for post_id in posts if search.created_at(post_id) >= since], job.context.most
        )
    job.context.budget.mark_counted(posts)


async def wait_for_arrivals(job: BackfillJob, since: datetime, first: int, last: int) -> dict[str, set[str]]:
    """Return posts that have arrived or are on their way: if BigQuery is behind, they are late, not missing. Raises NoLedger."""
    context, publisher = job.context, job.context.stream_publisher
    if publisher is None:
        return await context.store.arrived(since, first, last)
    if job.gap.since < context.began:
        await _wait_until_archived(job, publisher, since, first)
    # what Pub/Sub does not have yet may be a gap of its own, should this process die
    while publisher.has_unpublished(first, last) and context.clock.monotonic() < job.deadline:
        await asyncio.sleep(context.times.lag / 10)
    acknowledged = publisher.acknowledged_ids(first, last)
    return {post_id: set[str]() for post_id in acknowledged} | await context.store.arrived(since, first, last)


async def _wait_until_archived(job: BackfillJob, publisher: MessagePublisher, since: datetime, first: int) -> None:
    """Wait until `archive` has this process's posts; by then it also has those of a process that died before. Raises NoLedger.

    If neither the stream nor search brings a post, nothing can be concluded.
    """
    context = job.context
    while not (newer := _acknowledged(publisher, context.publisher, first)) and context.clock.monotonic() < job.quiet:
        await asyncio.sleep(context.times.lag / 10)
    ids = sorted(map(int, newer))
    while newer and context.clock.monotonic() < job.deadline:
        newer -= (await context.store.arrived(since, ids[0], ids[-1])).keys()
        if newer:
            await asyncio.sleep(context.times.lag / 10)


def _acknowledged(publisher: MessagePublisher, searched: MessagePublisher, first: int) -> set[str]:
    return publisher.acknowledged_ids(first, limits.HIGHEST_ID) | searched.acknowledged_ids(first, limits.HIGHEST_ID)
