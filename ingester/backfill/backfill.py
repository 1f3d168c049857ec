"""Fetches what was posted while nobody held the stream, publishes it, and counts what is still missing.

X is asked once how many posts there were, and when. The answer gives the number to reach and the slices of time to work through, so
memory does not grow with the gap, and a failure of X costs one slice and not all of them.
"""

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

from .. import log, prices, snowflake
from ..budget import Budget
from ..ledger.model import Gap
from ..ports import Clock, Publisher, Store
from ..prices import Resources
from ..pubsub.envelope import Message, NotText, wrap
from ..timeouts import Timeouts
from ..x import search
from ..x.client import X
from ..x.rate_limit import XTime
from ..x.reach import RECENT, Reach, reach_of
from ..x.search import AskedRule, Counted, Found, NoArchive, QueryRefused

_POSTS_A_SLICE = 1_000  # each post takes 13 kB until it is published
_SHORTEST = timedelta(seconds=1)
_PUBLISH_SECONDS = 60.0
_COUNTS_OFF = 0.05  # share of the posts by which X's counts were seen to be too high
_PAGE = 10  # posts: the fewest that X's search takes as max_results
_POSTS_A_SAMPLE = 100  # of a slice of a sample


Slice = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class ByHand:
    """What a person wants of a search: all of it, or about `sample` posts in slices that are spread evenly over the time.

    `counted` is X's count, for which nobody has to pay twice; `total` the one with which a sample was begun. `told` hears of each slice
    that is done. A slice is begun only if the budget has room for all of its posts.
    """

    counted: Counted
    sample: int | None = None
    total: int | None = None
    told: Callable[["Progress"], object] = lambda progress: None


@dataclass(frozen=True, slots=True)
class Means:
    """What the backfill needs. `publisher` is its own, because it waits until all is published; `stream` is the stream's, if held.

    From `uncounted` on, the ledger may lack the count of what X delivered, because a process was killed before it wrote it down.
    """

    x: X
    publisher: Publisher
    store: Store
    budget: Budget
    times: Timeouts
    clock: Clock
    x_time: XTime
    began: datetime  # this process
    authors: bool
    referenced: bool = True
    stream: Publisher | None = None
    rule_values: Mapping[str, str] = field(default_factory=dict)  # by id, of every rule that was in force at some time
    uncounted: datetime | None = None

    @property
    def most(self) -> int:
        """Return the most units that a post can cost."""
        return prices.most(authors=self.authors, referenced=self.referenced)


@dataclass(slots=True)
class Progress:
    """How far a gap is filled: up to `done`. Filling continues from there.

    `slices` are planned by X's counts; None until X has been asked for them.
    """

    done: datetime | None = None
    slices: list[Slice] | None = None
    expected: int | None = 0
    recovered: int = 0
    published: int = 0
    cut: bool = False
    no_archive: bool = False  # X does not let this app search the full archive
    late: bool = False  # posts were missing from before X was heard of last: it had stalled
    unreadable: set[bytes] = field(default_factory=set)  # that have been dead-lettered
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of a gap; `notes` are sentences for a person."""

    status: str  # filled | partial | unfillable | skipped
    expected: int | None
    recovered: int | None
    published: int
    notes: list[str]
    since: datetime | None = None  # where the gap began, as far as filling it has shown


@dataclass(frozen=True, slots=True)
class _Job:
    """One gap; what was posted before `counted_from` has been counted for another.

    By the monotonic clock: until `deadline` late posts are waited for, in all slices together, and until `quiet` for any at all.
    """

    means: Means
    gap: Gap
    asked: list[tuple[AskedRule, Reach]]
    counted_from: datetime
    progress: Progress
    deadline: float
    quiet: float
    by_hand: ByHand | None = None


class _NoRoom(Exception):
    """The budget has no room for another page."""


async def fill(
    means: Means, gap: Gap, accounted: datetime | None, progress: Progress, by_hand: ByHand | None = None
) -> Filled:
    """Fetch what was posted in the gap and on its edges, hand on what has not arrived, and count what is still missing.

    Edges of gaps overlap: up to `accounted`, the end of the last gap that was counted, and its edge, nothing is counted again.
    Raises Unavailable, NoLedger, PublishFailed; called again with the same progress it goes on.
    """
    try:
        return await _fill(means, gap, accounted, progress, by_hand)
    except NoArchive as error:
        progress.note(f"X does not let this app search the full archive ({error}).")
        progress.no_archive = True
        return await _fill(means, gap, accounted, progress, by_hand)


async def _fill(
    means: Means, gap: Gap, accounted: datetime | None, progress: Progress, by_hand: ByHand | None
) -> Filled:
    assert gap.until is not None
    edge = timedelta(seconds=means.times.edge)
    since, until = _to_the_millisecond(gap.since - edge), _to_the_millisecond(gap.until + edge)
    oldest = _to_the_millisecond(means.x_time.now() - search.DAYS + timedelta(minutes=1))
    is_old = since < oldest
    if progress.no_archive and gap.until <= oldest:
        why = "It lies further back than the seven days that recent search knows."
        return _ended("unfillable" if progress.done is None else "partial", progress, why)
    if progress.no_archive and is_old and progress.done is None:
        progress.note(f"What was posted before {oldest:%F %T} lies further back than the seven days of recent search.")
        since, is_old = oldest, False
    asked = list(_askable(gap, progress, is_old=is_old))
    if not asked:
        return _ended("unfillable", progress, "No rule is known that search could be asked for.")

    counted_from = _to_the_millisecond(accounted + edge) if accounted is not None else since
    now = means.clock.monotonic()
    job = _Job(means, gap, asked, counted_from, progress, now + means.times.late, now + means.times.lag, by_hand)
    done = max(since, progress.done or since)
    if progress.slices is None:
        await _plan(job, done, until)
    for start, end in progress.slices or []:
        if end > done and not progress.cut:
            await _fill_slice(job, max(start, done), end)
            done = end
    if progress.cut:
        progress.note("The budget ended the search; python -m ingester search fetches the rest.")
    missing = max(0, progress.expected - progress.recovered) if progress.expected is not None else 0
    if missing:
        progress.note(_missing(missing, progress.expected or 0))
    result = _ended("partial" if progress.notes else "filled", progress)
    # nothing was missing before X was heard of last: the quiet before that was only quiet
    return (
        replace(result, since=gap.not_held_since)
        if not (missing or progress.late or progress.expected is None)
        else result
    )


def _missing(posts: int, expected: int) -> str:
    about = "About " if posts <= expected * _COUNTS_OFF else ""
    off = f" X's counts are estimates, up to {_COUNTS_OFF:.0%} off." if about else ""
    return f"{about}{posts:,} posts are missing: retweets, which search does not return, or posts deleted since.{off}"


def as_message(post: Found, clock: Clock) -> Message:
    """Return the message of a post that search found, in the stream's shape."""
    payload = post.payload()
    try:
        return wrap(payload, post.id, int(clock.time() * 1_000_000), "search")
    except NotText as error:
        return _dead(payload, f"not UTF-8: {error}")


def _dead(raw: bytes, reason: str) -> Message:
    """Return what goes to the dead topic: a message without data."""
    return Message(b"", raw, "search", {"reason": reason})


def _askable(gap: Gap, progress: Progress, *, is_old: bool) -> Iterator[tuple[AskedRule, Reach]]:
    for rule in gap.rules:
        reach = RECENT if progress.no_archive else reach_of(rule[1], is_old=is_old)
        if why := search.cannot_ask(rule[1], reach.characters):
            progress.note(f"Search cannot be asked for the rule '{rule[2] or rule[0]}': {why}.")
        else:
            yield rule, reach


async def _plan(job: _Job, start: datetime, until: datetime) -> None:
    """Ask X once how many posts there are in the part that no earlier gap has counted, and plan the slices."""
    progress, counted_from = job.progress, min(max(start, job.counted_from), until)
    spans: list[tuple[datetime, datetime, int]] = []
    if counted_from < until:
        try:
            counted = await _counted(job, counted_from, until)
        except QueryRefused as error:
            progress.note(f"X did not say how many posts there were ({error}).")
            progress.expected = None
        else:
            progress.expected, spans = counted.total, counted.spans
            if counted.total is None:
                progress.note("X did not say how many posts there were.")
            elif not spans:  # how many, and not when
                spans = [(counted_from, until, counted.total)]
    if job.by_hand and _plan_sample(job.by_hand, progress, job.gap.since, until):
        return
    progress.slices = list(pairwise([start, *slices(spans, start, until, _posts_a_slice(job))]))


async def _counted(job: _Job, since: datetime, until: datetime) -> Counted:
    if job.by_hand:
        return job.by_hand.counted
    return await search.counts(job.means.x, job.asked, since, until, job.means.budget.add_request)


def _plan_sample(wanted: ByHand, progress: Progress, since: datetime, until: datetime) -> bool:
    """Plan the slices of a sample, the same ones each time. Returns False where all posts are wanted."""
    total = wanted.total or progress.expected
    if not wanted.sample or not total or wanted.sample >= total:
        return False
    share = wanted.sample / total
    progress.note(
        f"A sample: {share:.1%} of the time, in slices spread evenly over it. X counts {total:,} posts in all."
    )
    progress.expected = None
    progress.slices = list(spread(since, until, share, max(1, wanted.sample // _POSTS_A_SAMPLE)))
    return True


def _posts_a_slice(job: _Job) -> int:
    """Return the most posts of a slice. By hand, a slice that does not fit into what a day's limit leaves waits for the next day."""
    limit = job.means.budget.limit() if job.by_hand else None
    return _POSTS_A_SLICE if limit is None else min(max(limit // job.means.most // 4, _PAGE), _POSTS_A_SLICE)


def spread(start: datetime, until: datetime, share: float, count: int) -> Iterator[Slice]:
    """Yield `count` slices that are that share of the time in all, each in the middle of its part of the time. Pure."""
    step = (until - start) / count
    length = max(step * share, _SHORTEST)
    for number in range(count):
        begins = _to_the_millisecond(start + step * number + (step - length) / 2)
        yield max(begins, start), min(_to_the_millisecond(begins + length), until)


def slices(
    spans: list[tuple[datetime, datetime, int]], start: datetime, until: datetime, most: int = _POSTS_A_SLICE
) -> Iterator[datetime]:
    """Yield the ends of slices with at most so many posts, up to `until`. Joins short spans and divides long ones evenly. Pure."""
    posts, end = 0, start
    for begins, ends, count in spans:
        span = max(begins, start), min(ends, until)
        if posts and posts + count > most and end > start:
            yield end
            posts = 0
        parts = min(math.ceil(count / most), max(1, int((span[1] - span[0]) / _SHORTEST)))
        for part in range(1, parts):
            yield _to_the_millisecond(span[0] + (span[1] - span[0]) * part / parts)
        posts = count // max(parts, 1) if parts > 1 else posts + count
        end = span[1]
    yield until


async def _fill_slice(job: _Job, start: datetime, end: datetime) -> None:
    """Fetch and publish the missing posts of one slice, then count what has arrived."""
    means, gap, progress = job.means, job.gap, job.progress
    if job.by_hand and (left := means.budget.left()) is not None and left < _posts_a_slice(job) * means.most:
        progress.cut = True  # begun today, it would be paid for today and again tomorrow
        return
    first, last = int(search.id_before(start)) + 1, int(search.id_before(end))
    before = gap.since - 2 * timedelta(seconds=means.times.edge)  # X delivers within seconds
    here = await means.store.arrived(before, first, last)
    _account_for(job, set(here))
    found = await _search(job, start, end)
    new = sorted((post for post in found.values() if post.id not in here), key=lambda post: int(post.id))
    # a slice is not done while its posts are on their way: killed now, nobody would fetch them
    await means.publisher.publish_all([as_message(post, means.clock) for post in new], _PUBLISH_SECONDS)
    counted_from = min(max(start, job.counted_from), end)
    here |= await _arrived_at_last(job, before, first, last)
    ours = {post_id for post_id, matched in here.items() if not matched or matched - _others(job)} | set(found)
    progress.recovered += sum(counted_from <= search.time_of(post_id) < end for post_id in ours)
    progress.published += len(new)
    progress.late |= gap.heard is not None and any(post.made_at < gap.heard for post in new)
    progress.done = end
    if job.by_hand and not progress.cut:
        job.by_hand.told(progress)


def _others(job: _Job) -> set[str]:
    """Return the ids of rules that X's counts have no posts of: they were not asked for."""
    asked = {" ".join(value.split()) for (_, value, _), _ in job.asked}
    known = {rule_id: value for rule_id, value, _ in job.gap.rules} | dict(job.means.rule_values)
    return {rule_id for rule_id, value in known.items() if " ".join(value.split()) not in asked}


def _account_for(job: _Job, arrived: set[str]) -> None:
    """Tell the budget which posts X has delivered today already, because X does not bill them again.

    A process that was killed never wrote down its count of the last posts, so they are counted here. What came with them is unknown, so
    each counts as the most that a post can cost.
    """
    today = job.means.x_time.now().date()
    posts = {post_id for post_id in arrived if search.time_of(post_id).date() == today}
    since = job.gap.since if job.gap.reason == "killed" else job.means.uncounted
    if since is not None:
        uncounted = [post_id for post_id in posts if search.time_of(post_id) >= since]
        job.means.budget.add(Resources(posts=tuple(uncounted)), more=(job.means.most - prices.POST) * len(uncounted))
    job.means.budget.know(posts)


async def _arrived_at_last(job: _Job, since: datetime, first: int, last: int) -> dict[str, set[str]]:
    """Return what has arrived, and what is on its way where BigQuery is behind: that is late, not missing. Raises NoLedger."""
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


async def _await_newer(job: _Job, stream: Publisher, since: datetime, first: int) -> None:
    """Wait until `archive` has what Pub/Sub has from this process: then it also has what one that died had published. Raises NoLedger.

    Where neither the stream nor search brings anything, nothing can be told.
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
    return stream.taken(first, snowflake.HIGHEST) | searched.taken(first, snowflake.HIGHEST)


async def _search(job: _Job, start: datetime, end: datetime) -> dict[str, Found]:
    """Return posts by id. Each is paid for when it comes; one that cannot be read goes to the dead topic, and the rest goes on."""
    means, budget = job.means, job.means.budget
    found: dict[str, Found] = {}

    def room(reach: Reach) -> int:
        least, most = reach.page
        left = budget.left()
        if left is None:
            return most
        if left <= 0:
            raise _NoRoom
        return min(max(left // means.most, least), most)

    for rule, reach in job.asked:
        try:
            pages = search.pages(
                means.x,
                rule,
                start,
                end,
                authors=means.authors,
                referenced=means.referenced,
                size=partial(room, reach),
                reach=reach,
            )
            async for page in pages:
                budget.add(page.billed, more=prices.POST * len(page.unreadable))
                await _bury(job, page.unreadable)
                for post in page.found:
                    if post.id in found:
                        found[post.id].rules += post.rules
                    else:
                        found[post.id] = post
        except _NoRoom:
            job.progress.cut = True
            break
        except QueryRefused as error:
            job.progress.note(f"X refuses to search for the rule '{rule[2] or rule[0]}' ({error}).")
    return found


async def _bury(job: _Job, unreadable: list[bytes]) -> None:
    fresh = [raw for raw in unreadable if raw not in job.progress.unreadable]
    if fresh:
        job.progress.unreadable |= set(fresh)
        log.event(
            "unreadable",
            "ERROR",
            message=f"{len(fresh)} posts of a search have no id that is a number: to the dead topic",
        )
        job.progress.note(f"{len(fresh)} posts of X's answer could not be read; the dead topic has them.")
        dead = [_dead(raw, "a search result without a numeric id") for raw in fresh]
        await job.means.publisher.publish_all(dead, _PUBLISH_SECONDS)


def _ended(status: str, progress: Progress, why: str = "") -> Filled:
    notes = [*progress.notes, *([why] if why else [])]
    if status == "unfillable":
        return Filled(status, None, None, progress.published, notes)
    return Filled(status, progress.expected, progress.recovered, progress.published, notes)


async def fill_by_hand(means: Means, gap: Gap, wanted: ByHand, progress: Progress) -> Filled:
    """Fill between two times of somebody's choice, with no edges."""
    return await fill(replace(means, times=replace(means.times, edge=0.0)), gap, None, progress, wanted)


def _to_the_millisecond(moment: datetime) -> datetime:
    """Cut a time to the millisecond, the precision of a post's id, so that counts by id and by time agree."""
    return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)
