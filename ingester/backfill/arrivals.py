"""Which posts of a slice have arrived, so that none is fetched, billed or counted twice."""

import asyncio
from datetime import datetime

from posts import limits

from ..ports import Publisher
from ..x import search
from .model import Job


def account_for(job: Job, arrived: set[str]) -> None:
    """Tell the budget which posts X has delivered today already, because X does not bill them again.

    A process that was killed never wrote down its count of the last posts, so they are counted here. What came with them is unknown, so
    each counts as the most that a post can cost.
    """
    today = job.means.x_time.now().date()
    posts = {post_id for post_id in arrived if search.time_of(post_id).date() == today}
    since = job.gap.since if job.gap.reason == "killed" else job.means.uncounted
    if since is not None:
        job.means.budget.add_arrived([post_id for post_id in posts if search.time_of(post_id) >= since], job.means.most)
    job.means.budget.know(posts)


async def arrived_at_last(job: Job, since: datetime, first: int, last: int) -> dict[str, set[str]]:
    """Return posts that have arrived or are on their way: if BigQuery is behind, they are late, not missing. Raises NoLedger."""
    means, stream = job.means, job.means.stream
    if stream is None:
        return await means.store.arrived(since, first, last)
    if job.gap.since < means.began:
        await _await_newer(job, stream, since, first)
    # what Pub/Sub does not have yet may be a gap of its own, should this process die
    while stream.holds(first, last) and means.clock.monotonic() < job.deadline:
        await asyncio.sleep(means.times.lag / 10)
    taken = stream.taken(first, last)
    return {post_id: set[str]() for post_id in taken} | await means.store.arrived(since, first, last)


async def _await_newer(job: Job, stream: Publisher, since: datetime, first: int) -> None:
    """Wait until `archive` has this process's posts; by then it also has those of a process that died before. Raises NoLedger.

    If neither the stream nor search brings a post, nothing can be concluded.
    """
    means = job.means
    while not (newer := _taken(stream, means.publisher, first)) and means.clock.monotonic() < job.quiet:
        await asyncio.sleep(means.times.lag / 10)
    ids = sorted(map(int, newer))
    while newer and means.clock.monotonic() < job.deadline:
        newer -= (await means.store.arrived(since, ids[0], ids[-1])).keys()
        if newer:
            await asyncio.sleep(means.times.lag / 10)


def _taken(stream: Publisher, searched: Publisher, first: int) -> set[str]:
    return stream.taken(first, limits.HIGHEST_ID) | searched.taken(first, limits.HIGHEST_ID)
