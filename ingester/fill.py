"""Fetches what was posted while nobody held the stream, publishes it, and counts what is still missing.

X is asked once how many posts there were, and when. The answer gives the number to reach and the slices of time to work through, so
memory does not grow with the gap, and a failure of X costs one slice and not all of them.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from . import prices, search
from .api import X
from .budget import Budget
from .errors import PublishFailed
from .events import Gap
from .ledger import Ledger
from .message import NotText, wrap
from .prices import Resources
from .publisher import Publisher
from .search import Found, Refused, Rule
from .times import Times

_POSTS_A_SLICE = 1_000  # each post takes 13 kB until it is published
_SHORTEST = timedelta(seconds=1)
_PUBLISH_SECONDS = 60.0
_HIGHEST_ID = (1 << 63) - 1
_PAGE = (10, 100)  # posts: what X's search takes as max_results


@dataclass(frozen=True, slots=True)
class Means:
    """What filling needs; the publisher is its own, as it waits until everything is published. `stream` is the stream's, if it is held.

    From `uncounted` on, the ledger may lack the count of what X delivered, because a process was killed before it wrote it down.
    """

    x: X
    publisher: Publisher
    ledger: Ledger
    budget: Budget
    times: Times
    authors: bool
    referenced: bool = True
    stream: Publisher | None = None
    uncounted: datetime | None = None
    began: datetime = field(default_factory=lambda: datetime.now(UTC))  # this process

    @property
    def most(self) -> int:
        """The most units that a post can cost."""
        return prices.most(authors=self.authors, referenced=self.referenced)


@dataclass(slots=True)
class Progress:
    """What has been done of a gap, up to `done`; with it, filling goes on where it was.

    `ends` are the ends of the planned slices; None until X has been asked for its counts.
    """

    done: datetime | None = None
    ends: list[datetime] | None = None
    expected: int | None = 0
    recovered: int = 0
    published: int = 0
    cut: bool = False
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


@dataclass(frozen=True, slots=True)
class _Job:
    """One gap; what was posted before `counted_from` has been counted for another.

    By the monotonic clock: until `deadline` late posts are waited for, in all slices together, and until `quiet` for any at all.
    """

    means: Means
    gap: Gap
    asked: list[Rule]
    counted_from: datetime
    progress: Progress
    deadline: float
    quiet: float


class _Spent(Exception):
    """The budget has no room for another page."""


def fill(means: Means, gap: Gap, accounted: datetime | None, progress: Progress) -> Filled:
    """Fetch what was posted in the gap and on its edges, hand on what has not arrived, and count what is still missing.

    Edges of gaps overlap: up to `accounted`, the end of the last gap that was counted, and its edge, nothing is counted again.
    Raises Unavailable, NoLedger, PublishFailed; called again with the same progress it goes on.
    """
    assert gap.until is not None
    edge = timedelta(seconds=means.times.edge)
    since, until = _to_the_millisecond(gap.since - edge), _to_the_millisecond(gap.until + edge)
    oldest = _to_the_millisecond(datetime.now(UTC) - search.DAYS + timedelta(minutes=1))
    if gap.until <= oldest:
        why = "It lies further back than the seven days that search knows."
        return _ended("unfillable" if progress.done is None else "partial", progress, why)
    if since < oldest and progress.done is None:
        progress.note(f"What was posted before {oldest:%F %T} lies further back than the seven days that search knows.")
    asked = list(_askable(gap, progress))
    if not asked:
        return _ended("unfillable", progress, "No rule is known that search could be asked for.")

    counted_from = _to_the_millisecond(accounted + edge) if accounted is not None else since
    now = time.monotonic()
    job = _Job(means, gap, asked, counted_from, progress, now + means.times.late, now + means.times.lag)
    start = max(since, oldest, progress.done or since)
    if progress.ends is None:
        _plan(job, start, until)
    for end in progress.ends or []:
        if end > start and not progress.cut:
            _fill_slice(job, start, end)
            start = end
    if progress.cut:
        progress.note("The budget ended the search; python -m ingester search fetches the rest.")
    missing = max(0, progress.expected - progress.recovered) if progress.expected is not None else 0
    if missing:
        progress.note(f"{missing:,} posts are missing: retweets, which search does not return, or posts deleted since.")
    return _ended("partial" if progress.notes else "filled", progress)


def publish(publisher: Publisher, found: Found) -> None:
    """As the stream's posts are, with source=search."""
    payload = found.payload()
    try:
        publisher.publish(wrap(payload, found.id, time.time_ns() // 1_000, "search"))
    except NotText as error:
        publisher.bury(payload, "search", f"not UTF-8: {error}")


def _await(publisher: Publisher) -> None:
    if left := publisher.drain(_PUBLISH_SECONDS):
        raise PublishFailed(f"{left} posts were not published within {_PUBLISH_SECONDS:.0f} s. Is Pub/Sub reachable?")


def _askable(gap: Gap, progress: Progress) -> Iterator[Rule]:
    for rule in gap.rules:
        if why := search.cannot_ask(rule[1]):
            progress.note(f"Search cannot be asked for the rule '{rule[2] or rule[0]}': {why}.")
        else:
            yield rule


def _plan(job: _Job, start: datetime, until: datetime) -> None:
    """Ask X once how many posts there are in the part that no earlier gap has counted, and plan the slices."""
    progress, counted_from = job.progress, min(max(start, job.counted_from), until)
    spans: list[tuple[datetime, datetime, int]] = []
    if counted_from < until:
        try:
            counted = search.counts(job.means.x, job.asked, counted_from, until)
        except Refused as error:
            progress.note(f"X did not say how many posts there were ({error}).")
            progress.expected = None
        else:
            job.means.budget.add(prices.NOTHING, more=prices.COUNTS * counted.requests)
            progress.expected, spans = counted.total, counted.spans
            if counted.total is None:
                progress.note("X did not say how many posts there were.")
            elif not spans:  # how many, and not when
                spans = [(counted_from, until, counted.total)]
    progress.ends = list(slices(spans, start, until))


def slices(spans: list[tuple[datetime, datetime, int]], start: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the ends of slices with at most 1,000 posts, from `start` to `until`. Joins short spans and divides long ones evenly. Pure."""
    posts, end = 0, start
    for begins, ends, count in spans:
        span = max(begins, start), min(ends, until)
        if posts and posts + count > _POSTS_A_SLICE and end > start:
            yield end
            posts = 0
        parts = min(math.ceil(count / _POSTS_A_SLICE), max(1, int((span[1] - span[0]) / _SHORTEST)))
        for part in range(1, parts):
            yield _to_the_millisecond(span[0] + (span[1] - span[0]) * part / parts)
        posts = count // max(parts, 1) if parts > 1 else posts + count
        end = span[1]
    yield until


def _fill_slice(job: _Job, start: datetime, end: datetime) -> None:
    """Fetch and publish the missing posts of one slice, then count what has arrived."""
    ledger, gap, progress = job.means.ledger, job.gap, job.progress
    first, last = int(search.id_before(start)) + 1, int(search.id_before(end))
    before = gap.since - 2 * timedelta(seconds=job.means.times.edge)  # X delivers within seconds
    here = ledger.arrived(before, first, last)
    _account_for(job, set(here))
    found = _search(job, start, end)
    new = [post for post in found.values() if post.id not in here]
    for post in sorted(new, key=lambda post: int(post.id)):
        publish(job.means.publisher, post)
    _await(
        job.means.publisher
    )  # a slice is not done while its posts are on their way: killed now, nobody would fetch them
    counted_from = min(max(start, job.counted_from), end)
    here |= _arrived_at_last(job, before, first, last)
    others = {rule[0] for rule in gap.rules} - {rule[0] for rule in job.asked}  # what X counts has none of theirs
    ours = {post_id for post_id, matched in here.items() if not matched or matched - others} | set(found)
    progress.recovered += sum(counted_from <= search.time_of(post_id) < end for post_id in ours)
    progress.published += len(new)
    progress.done = end


def _account_for(job: _Job, arrived: set[str]) -> None:
    """Tell the budget which posts X has delivered today already, because X does not bill them again.

    A process that was killed never wrote down its count of the last posts, so they are counted here. What came with them is unknown, so
    each counts as the most that a post can cost.
    """
    today = datetime.now(UTC).date()
    posts = {post_id for post_id in arrived if search.time_of(post_id).date() == today}
    since = job.gap.since if job.gap.reason == "killed" else job.means.uncounted
    if since is not None:
        uncounted = [post_id for post_id in posts if search.time_of(post_id) >= since]
        job.means.budget.add(Resources(posts=tuple(uncounted)), more=(job.means.most - prices.POST) * len(uncounted))
    job.means.budget.know(posts)


def _arrived_at_last(job: _Job, since: datetime, first: int, last: int) -> dict[str, set[str]]:
    """With what was on its way, and what still is, where BigQuery is behind: that is late, not missing. Raises NoLedger."""
    means, stream = job.means, job.means.stream
    if stream is None:
        return means.ledger.arrived(since, first, last)
    if job.gap.since < means.began:
        _await_newer(job, stream, since, first)
    # what Pub/Sub does not have yet may be a gap of its own, should this process die
    while stream.holds(first, last) and time.monotonic() < job.deadline:
        time.sleep(means.times.lag / 10)
    taken = stream.taken(first, last)
    return {post_id: set[str]() for post_id in taken} | means.ledger.arrived(since, first, last)


def _await_newer(job: _Job, stream: Publisher, since: datetime, first: int) -> None:
    """Until `archive` has what Pub/Sub has from this process: then it also has what was published by one that died. Raises NoLedger.

    Where neither the stream nor search brings anything, nothing can be told.
    """
    means = job.means
    while not (newer := _taken(stream, means.publisher, first)) and time.monotonic() < job.quiet:
        time.sleep(means.times.lag / 10)
    ids = sorted(map(int, newer))
    while newer and time.monotonic() < job.deadline:
        newer -= means.ledger.arrived(since, ids[0], ids[-1]).keys()
        time.sleep(means.times.lag / 10 if newer else 0.0)


def _taken(stream: Publisher, searched: Publisher, first: int) -> set[str]:
    return stream.taken(first, _HIGHEST_ID) | searched.taken(first, _HIGHEST_ID)


def _search(job: _Job, start: datetime, end: datetime) -> dict[str, Found]:
    """Posts by id. Each is paid for when it comes."""
    means, budget = job.means, job.means.budget
    found: dict[str, Found] = {}

    def room() -> int:
        left = budget.left()
        if left is None:
            return _PAGE[1]
        if left <= 0:
            raise _Spent
        return min(max(left // means.most, _PAGE[0]), _PAGE[1])

    for rule in job.asked:
        try:
            pages = search.pages(
                means.x, rule, start, end, authors=means.authors, referenced=means.referenced, size=room
            )
            for page, billed in pages:
                budget.add(billed)
                for post in page:
                    if post.id in found:
                        found[post.id].rules += post.rules
                    else:
                        found[post.id] = post
        except _Spent:
            job.progress.cut = True
            break
        except Refused as error:
            job.progress.note(f"X refuses to search for the rule '{rule[2] or rule[0]}' ({error}).")
    return found


def _ended(status: str, progress: Progress, why: str = "") -> Filled:
    notes = [*progress.notes, *([why] if why else [])]
    if status == "unfillable":
        return Filled(status, None, None, progress.published, notes)
    return Filled(status, progress.expected, progress.recovered, progress.published, notes)


def by_hand(means: Means, gap: Gap) -> Filled:
    """Between two times of somebody's choice, with no edges."""
    return fill(replace(means, times=replace(means.times, edge=0.0)), gap, None, Progress())


def _to_the_millisecond(moment: datetime) -> datetime:
    """As exact as a post's id is: what X counts by ids and what is counted here by times is then the same."""
    return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)
