"""Has X's search caught up? Posts that the stream itself delivered after a gap are the evidence.

X's search and counts are as a rule seconds behind the stream, and now and then minutes or hours. Asked too early, they leave posts out and
do not say so. So a gap is filled only when search returns a post that the stream delivered after it, which costs nothing: X bills a post
once a day.
"""

from datetime import datetime, timedelta

from posts.prices import POST

from ..errors import Denied, SearchBehind
from ..ledger.reservations import BudgetExhausted
from ..x import search
from ..x.consumer import Delivered
from ..x.search import Counted, SearchedRule
from ..x.search_endpoints import SearchEndpoint
from .model import BackfillJob

_WITNESSES = 10  # posts; one is enough, and some may have been deleted
_MOST_DOUBLINGS = 6  # 1, 2, 4, ... minutes up to an hour
_COUNTS_OFF = 0.05  # X's counts have been seen to be wrong by up to this share
_STRICT_TIMES = 3  # seven minutes; then one post that X does not count is no sign of lateness
RECOUNTS = 8  # in four hours; then X's counts are taken as they are


async def require_current_search(job: BackfillJob) -> None:
    """Raise SearchBehind while search does not return what the stream delivered after the gap and its edge.

    Where the stream has delivered nothing yet, wait until it has been held for five minutes, for an hour at the most. After six days the
    gap is filled all the same, while recent search still knows it.
    """
    context, gap = job.context, job.gap
    if gap.until is None or context.server_clock.now() - gap.since > search.DAYS - timedelta(days=1):
        return
    chosen = _choose_witnesses(job, gap.until + timedelta(seconds=context.times.edge))
    if chosen is not None:
        if not await _returns_any(job, *chosen):
            _postpone(job, "X's search does not have yet what the stream has delivered since the gap")
    elif context.stream_publisher is not None and not _is_silent(job, gap.until):
        why = "The stream has brought nothing since the gap that would show how far X's search is"
        raise SearchBehind(why, context.times.lag)


def _is_silent(job: BackfillJob, gap_ended: datetime) -> bool:
    """Return whether the stream has been held long enough since the gap to say that nothing is posted."""
    context = job.context
    now, connected_since = context.server_clock.now(), context.connected_since()
    if now - gap_ended > timedelta(seconds=context.times.stopped):
        return True
    return connected_since is not None and now - max(connected_since, gap_ended) >= timedelta(
        seconds=context.times.witness
    )


async def require_current_counts(job: BackfillJob, counted: Counted) -> None:
    """Raise SearchBehind where X counts fewer posts after the gap than the stream has delivered.

    The minutes right after the gap have been counted with it. If the stream was silent then, later ones are asked for: one request more.
    """
    if job.gap.until is None or job.progress.times_behind >= RECOUNTS:
        return
    since, until = job.gap.until, job.gap.until + timedelta(seconds=job.context.times.edge)
    later = [(start, end, posts) for start, end, posts in counted.spans if start >= since]
    if later and (delivered := _delivered(job, later[0][0], min(later[-1][1], until))):
        total: int | None = sum(posts for _, _, posts in later)
    elif chosen := _choose_witnesses(job, until):
        rule, endpoint, witnesses = chosen
        first, last = _created_at(witnesses[0]), _created_at(witnesses[-1]) + timedelta(milliseconds=1)
        delivered = len(witnesses)
        try:
            spend = job.context.reservations.spend_request
            total = (await search.counts(job.context.x, [(rule, endpoint)], first, last, spend)).total
        except search.QueryRefused:
            return  # the backfill will report the refused query
    else:
        return
    deleted = 1 if job.progress.times_behind >= _STRICT_TIMES else 0  # since then, perhaps
    if total is not None and total + deleted < delivered * (1 - _COUNTS_OFF):
        _postpone(job, "X's counts do not have yet what the stream has delivered since the gap")


def check_recovered(job: BackfillJob) -> None:
    """Raise SearchBehind where far more posts are here than X counts: X's counts are then asked again, a few times."""
    progress = job.progress
    if progress.expected is None or progress.recovered <= progress.expected:
        return
    if progress.recovered > progress.expected * (1 + _COUNTS_OFF) + 1 and progress.times_behind < RECOUNTS:
        progress.recount = True
        _postpone(
            job, f"X counts {progress.expected:,} posts, and {progress.recovered:,} are here: its counts are behind"
        )
    progress.expected = progress.recovered  # X's counts are estimates, and no fewer can be


async def _returns_any(
    job: BackfillJob, rule: SearchedRule, endpoint: SearchEndpoint, witnesses: list[Delivered]
) -> bool:
    """Whether search returns one of these posts. They lie close together, and what lies between them was delivered as well."""
    context, least = job.context, endpoint.page[0]

    async def size() -> int:
        return await context.reservations.reserve_page(least * context.most, least * context.most) // context.most

    first, last = _created_at(witnesses[0]), _created_at(witnesses[-1]) + timedelta(milliseconds=1)
    delivered = {str(witness.post) for witness in witnesses}
    pages = search.pages(
        context.x,
        rule,
        first,
        last,
        authors=context.authors,
        referenced=context.referenced,
        size=size,
        endpoint=endpoint,
    )
    try:
        async for page in pages:
            context.budget.add(page.billed, more=POST * len(page.unreadable))
            context.reservations.release_page()
            delivered -= {post.id for post in page.posts}
    except (BudgetExhausted, search.QueryRefused):
        context.reservations.release_page()
        return True  # nothing can be fetched this way; the backfill will report why
    except (Denied, search.NoArchive):
        context.reservations.release_page()
        raise
    return len(delivered) < len(witnesses)


def _choose_witnesses(job: BackfillJob, since: datetime) -> tuple[SearchedRule, SearchEndpoint, list[Delivered]] | None:
    """Return a rule, how it is searched, and some posts after the gap that match it and that search should have by now.

    The first ones, and later ones each time that they are not returned: the first may have been deleted.
    """
    newest = job.context.server_clock.now() - timedelta(
        seconds=job.context.times.lag / 4
    )  # asking too early costs a minute
    later = sorted(
        item for item in job.context.delivered() if not item.is_retweet and since <= _created_at(item) <= newest
    )
    edge, tries = timedelta(seconds=job.context.times.edge), job.progress.times_behind
    matching = [
        (rule, endpoint, [item for item in later if _ids(job, rule) & set(item.rules)]) for rule, endpoint in job.rules
    ]
    matching = [chosen for chosen in matching if chosen[2]]
    if not matching:
        return None
    # each time another rule, because search may leave out all posts of one
    rule, endpoint, items = matching[tries % len(matching)]
    begin = _created_at(items[0]) + tries // len(matching) * edge
    first = next((item for item in items if _created_at(item) >= begin), items[-1])
    close = [item for item in items if first <= item and _created_at(item) <= _created_at(first) + edge]
    return rule, endpoint, close[:_WITNESSES]


def _delivered(job: BackfillJob, since: datetime, until: datetime) -> int:
    """Return how many posts the stream has delivered that were made between two times and match a rule that is asked for."""
    ids = {rule_id for rule, _ in job.rules for rule_id in _ids(job, rule)}
    return sum(since <= _created_at(item) < until for item in job.context.delivered() if ids & set(item.rules))


def _ids(job: BackfillJob, rule: SearchedRule) -> set[str]:
    """Return X's ids of a rule: one that was added again has another."""
    return {rule[0]} | {rule_id for rule_id, value in job.context.rule_values.items() if value == rule[1]}


def _created_at(item: Delivered) -> datetime:
    return search.created_at(str(item.post))


def _postpone(job: BackfillJob, why: str) -> None:
    progress, times = job.progress, job.context.times
    wait = min(times.backfill_retry * 2.0 ** min(progress.times_behind, _MOST_DOUBLINGS), times.stopped)
    progress.times_behind += 1
    raise SearchBehind(f"{why}. It is asked again in {wait / 60:,.0f} minutes", wait)
