"""Fetches what was posted while nobody held the stream, publishes it, and counts what is still missing.

X is asked once how many posts there were, and when. The answer gives the number to reach and the slices of time to work through, so
memory does not grow with the gap, and a failure of X costs one slice and not all of them.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

from posts import prices
from runtime import log

from ..errors import Denied
from ..ledger.events import GapStatus
from ..ledger.model import Gap
from ..ledger.reservations import BudgetExhausted
from ..ports import Clock
from ..pubsub.envelope import DeadLetter, NotText, OutgoingMessage, to_message
from ..x import search
from ..x.search import Counted, NoArchive, QueryRefused, SearchedPost, SearchedRule
from ..x.search_endpoints import RECENT, SearchEndpoint, endpoint_for
from .arrivals import count_arrived, wait_for_arrivals
from .by_hand import LEAST_PAGE
from .lateness import check_recovered, require_current_counts, require_current_search
from .model import BackfillContext, BackfillJob, BackfillResult, ManualSearch, Progress
from .slices import POSTS_A_SLICE, slices, spaced_slices, to_the_millisecond

_PUBLISH_SECONDS = 60.0
_COUNTS_OFF = 0.05  # X's counts have been seen to be too high by up to this share
_NO_COUNTS = (403, 404)  # the app may search and has no counts: search is asked all the same
_POSTS_A_SAMPLE = 100  # of a slice of a sample


async def fill(
    context: BackfillContext,
    gap: Gap,
    accounted: datetime | None,
    progress: Progress,
    by_hand: ManualSearch | None = None,
) -> BackfillResult:
    """Fetch what was posted in the gap and on its edges, hand on what has not arrived, and count what is still missing.

    Gap edges overlap: nothing is counted again up to `accounted` (the end of the last counted gap) plus its edge.
    Raises Unavailable, NoLedger, PublishFailed; called again with the same progress it goes on.
    """
    try:
        return await _fill(context, gap, accounted, progress, by_hand)
    except NoArchive as error:
        progress.note(f"X does not let this app search the full archive ({error}).")
        progress.no_archive = True
        return await _fill(context, gap, accounted, progress, by_hand)


async def _fill(
    context: BackfillContext, gap: Gap, accounted: datetime | None, progress: Progress, by_hand: ManualSearch | None
) -> BackfillResult:
    assert gap.until is not None
    edge = timedelta(seconds=context.times.edge)
    since, until = to_the_millisecond(gap.since - edge), to_the_millisecond(gap.until + edge)
    oldest = to_the_millisecond(context.server_clock.now() - search.DAYS + timedelta(minutes=1))
    is_old = since < oldest
    if progress.no_archive and gap.until <= oldest:
        why = "It lies further back than the seven days that recent search knows."
        return _result(GapStatus.UNFILLABLE if progress.done is None else GapStatus.PARTIAL, progress, why)
    if progress.no_archive and is_old and progress.done is None:
        progress.note(f"What was posted before {oldest:%F %T} lies further back than the seven days of recent search.")
        since, is_old = oldest, False
    searchable_rules = list(_searchable(gap, progress, is_old=is_old))
    if not searchable_rules:
        return _result(GapStatus.UNFILLABLE, progress, "There is no known rule that search can handle.")

    counted_from = to_the_millisecond(accounted + edge) if accounted is not None else since
    now = context.clock.monotonic()
    job = BackfillJob(
        context,
        gap,
        searchable_rules,
        counted_from,
        progress,
        now + context.times.late,
        now + context.times.lag,
        by_hand,
    )
    done = max(since, progress.done or since)
    if progress.slices is None:
        if by_hand is None:
            await require_current_search(job)
        await _plan(job, done, until)
    elif progress.recount:
        await _count(job, since, until)
        progress.recount = False
    for start, end in progress.slices or []:
        if end > done and not progress.cut:
            await _fill_slice(job, max(start, done), end)
            done = end
    if by_hand is None and not progress.cut:
        check_recovered(job)
    if progress.cut:
        progress.note("The budget ended the search; python -m ingester search fetches the rest.")
    missing = max(0, progress.expected - progress.recovered) if progress.expected is not None else 0
    if missing:
        progress.note(_missing_posts_sentence(missing, progress.expected or 0))
    result = _result(GapStatus.PARTIAL if progress.notes else GapStatus.FILLED, progress)
    return replace(result, complete_until_heard=not (missing or progress.late or progress.expected is None))


def _missing_posts_sentence(posts: int, expected: int) -> str:
    about = "About " if posts <= expected * _COUNTS_OFF else ""
    off = f" X's counts are estimates, up to {_COUNTS_OFF:.0%} off." if about else ""
    return f"{about}{posts:,} posts are missing: retweets, which search does not return, or posts deleted since.{off}"


def as_message(post: SearchedPost, clock: Clock) -> OutgoingMessage | DeadLetter:
    """Return the message of a post that search found, in the stream's shape."""
    payload = post.payload()
    try:
        return to_message(payload, post.id, int(clock.time() * 1_000_000), "search")
    except NotText as error:
        return DeadLetter(payload, "search", f"not UTF-8: {error}", post.id)


def _searchable(gap: Gap, progress: Progress, *, is_old: bool) -> Iterator[tuple[SearchedRule, SearchEndpoint]]:
    for rule in gap.rules:
        endpoint = RECENT if progress.no_archive else endpoint_for(rule[1], is_old=is_old)
        if why := search.why_not_searchable(rule[1], endpoint.characters):
            progress.note(f"Search cannot be asked for the rule '{rule[2] or rule[0]}': {why}.")
        else:
            yield rule, endpoint


async def _plan(job: BackfillJob, start: datetime, until: datetime) -> None:
    """Ask X once how many posts there are in the part that no earlier gap has counted, and plan the slices."""
    spans = await _count(job, start, until)
    if job.by_hand and _plan_sample(job.by_hand, job.progress, job.gap.since, until):
        return
    job.progress.slices = list(pairwise([start, *slices(spans, start, until, _posts_per_slice(job))]))


async def _count(job: BackfillJob, start: datetime, until: datetime) -> list[tuple[datetime, datetime, int]]:
    """Ask X how many posts there are, and return when. Raises SearchBehind where X's counts are clearly behind the stream."""
    progress, counted_from = job.progress, min(max(start, job.counted_from), until)
    if counted_from >= until:
        return []
    try:
        counted = await _counted(job, counted_from, until)
    except (QueryRefused, Denied) as error:
        if isinstance(error, Denied) and error.status not in _NO_COUNTS:
            raise
        progress.note(f"X did not say how many posts there were ({error}).")
        progress.expected = None
        return []
    if job.by_hand is None:
        await require_current_counts(job, counted)
    progress.expected = counted.total
    if counted.total is None:
        progress.note("X did not say how many posts there were.")
    elif not counted.spans:  # X said how many, but not when
        return [(counted_from, until, counted.total)]
    return counted.spans


async def _counted(job: BackfillJob, since: datetime, until: datetime) -> Counted:
    if job.by_hand:
        return job.by_hand.counted
    return await search.counts(job.context.x, job.rules, since, until, job.context.reservations.spend_request)


def _plan_sample(search_: ManualSearch, progress: Progress, since: datetime, until: datetime) -> bool:
    """Plan the slices of a sample, the same ones each time. Returns False where all posts are wanted."""
    total = search_.total or progress.expected
    if not search_.sample or not total or search_.sample >= total:
        return False
    share = search_.sample / total
    progress.note(
        f"A sample: {share:.1%} of the time, in slices spread evenly over it. X counts {total:,} posts in all."
    )
    progress.expected = None
    progress.slices = list(spaced_slices(since, until, share, max(1, search_.sample // _POSTS_A_SAMPLE)))
    return True


def _posts_per_slice(job: BackfillJob) -> int:
    """Return the most posts of a slice. In a search by hand, a slice too large for the rest of the day's limit waits for the next day."""
    limit = job.context.budget.lowest_limit() if job.by_hand else None
    return POSTS_A_SLICE if limit is None else min(max(limit // job.context.most // 4, LEAST_PAGE), POSTS_A_SLICE)


async def _fill_slice(job: BackfillJob, start: datetime, end: datetime) -> None:
    """Fetch and publish the missing posts of one slice, then count what has arrived."""
    context, progress = job.context, job.progress
    remaining = context.budget.remaining()
    if job.by_hand and remaining is not None and remaining < _posts_per_slice(job) * context.most:
        progress.cut = True  # a slice begun today and finished tomorrow would be paid for twice
        return
    first, last = int(search.id_before(start)) + 1, int(search.id_before(end))
    before = job.gap.since - 2 * timedelta(seconds=context.times.edge)  # X delivers within seconds
    here = await context.store.arrived(before, first, last)
    count_arrived(job, set(here))
    posts = await _search(job, start, end)
    new = sorted((post for post in posts.values() if post.id not in here), key=lambda post: int(post.id))
    # if the process is killed before they are published, nobody would fetch these posts again
    await context.publisher.publish_all([as_message(post, context.clock) for post in new], _PUBLISH_SECONDS)
    counted_from = min(max(start, job.counted_from), end)
    here |= await wait_for_arrivals(job, before, first, last)
    counted_here = {
        post_id for post_id, matched in here.items() if not matched or matched - _unsearched_rule_ids(job)
    } | set(posts)
    progress.recovered += sum(counted_from <= search.created_at(post_id) < end for post_id in counted_here)
    progress.published += len(new)
    progress.late |= any(_missed_while_connected(job.gap, post.created_at) for post in new)
    progress.done = end
    if job.by_hand and not progress.cut:
        job.by_hand.on_slice(progress)


def _missed_while_connected(gap: Gap, created_at: datetime) -> bool:
    """Return whether a missing post was made before X was heard of last, and after the gap before it had ended."""
    ended = None
    for member in gap.members:
        if member.heard is not None and created_at < member.heard and (ended is None or ended <= created_at):
            return True
        ended = member.until
    return False


def _unsearched_rule_ids(job: BackfillJob) -> set[str]:
    """Return the ids of rules whose posts X's counts do not include, because they were not asked for."""
    searched_values = {" ".join(value.split()) for (_, value, _), _ in job.rules}
    rule_values = {rule_id: value for rule_id, value, _ in job.gap.rules} | dict(job.context.rule_values)
    return {rule_id for rule_id, value in rule_values.items() if " ".join(value.split()) not in searched_values}


async def _search(job: BackfillJob, start: datetime, end: datetime) -> dict[str, SearchedPost]:
    """Return posts by id. Each is paid for when it comes; one that cannot be read goes to the dead topic, and the rest goes on."""
    context, budget = job.context, job.context.budget
    posts: dict[str, SearchedPost] = {}

    async def room(endpoint: SearchEndpoint) -> int:
        least, most = endpoint.page
        return await context.reservations.reserve_page(least * context.most, most * context.most) // context.most

    for rule, endpoint in job.rules:
        try:
            pages = search.pages(
                context.x,
                rule,
                start,
                end,
                authors=context.authors,
                referenced=context.referenced,
                size=partial(room, endpoint),
                endpoint=endpoint,
            )
            async for page in pages:
                budget.add(page.billed, more=prices.POST * len(page.unreadable))
                context.reservations.release_page()
                await _dead_letter_unreadable(job, page.unreadable)
                for post in page.posts:
                    if post.id in posts:
                        posts[post.id].rules += post.rules
                    else:
                        posts[post.id] = post
        except BudgetExhausted:
            job.progress.cut = True
            break
        except (Denied, NoArchive):
            context.reservations.release_page()
            raise
        except QueryRefused as error:
            context.reservations.release_page()
            job.progress.note(f"X refuses to search for the rule '{rule[2] or rule[0]}' ({error}).")
    return posts


async def _dead_letter_unreadable(job: BackfillJob, unreadable: list[bytes]) -> None:
    fresh = [raw for raw in unreadable if raw not in job.progress.unreadable]
    if fresh:
        job.progress.unreadable |= set(fresh)
        log.event(
            "unreadable",
            "ERROR",
            message=f"{len(fresh)} posts of a search have no id that is a number: to the dead topic",
        )
        job.progress.note(f"{len(fresh)} posts of X's answer could not be read; the dead topic has them.")
        dead = [DeadLetter(raw, "search", "a search result without a numeric id") for raw in fresh]
        await job.context.publisher.publish_all(dead, _PUBLISH_SECONDS)


def _result(status: GapStatus, progress: Progress, why: str = "") -> BackfillResult:
    notes = [*progress.notes, *([why] if why else [])]
    if status == "unfillable":
        return BackfillResult(status, None, None, progress.published, notes)
    return BackfillResult(status, progress.expected, progress.recovered, progress.published, notes)


async def fill_by_hand(context: BackfillContext, gap: Gap, by_hand: ManualSearch, progress: Progress) -> BackfillResult:
    """Fill between two times of somebody's choice, with no edges."""
    return await fill(replace(context, times=replace(context.times, edge=0.0)), gap, None, progress, by_hand)
