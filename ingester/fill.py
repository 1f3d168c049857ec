"""Fills gaps: what was posted while nobody held the stream is fetched by search, published, and accounted for.

A gap stays open in the ledger until its last row says what became of it, so a process that dies meanwhile forgets nothing:
the next one does it again, and what is published twice is shown once.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from . import log, search
from .api import Unavailable, X
from .budget import Budget
from .events import Gap
from .ledger import Ledger
from .message import NotText, wrap
from .publisher import Publisher
from .search import Found, Refused, Rule
from .times import Times

_PUBLISH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of a gap; `notes` are sentences for a person."""

    status: str  # filled | partial | unfillable | skipped
    expected: int | None
    recovered: int | None
    published: int
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Parts:
    """What filling a gap needs; the publisher is its own, as it waits until everything is published."""

    x: X
    publisher: Publisher
    ledger: Ledger
    budget: Budget
    times: Times


class Filler:
    """A thread that works off gaps, oldest first."""

    def __init__(self, parts: Parts, *, authors: bool, accounted: datetime | None) -> None:
        self._x = parts.x
        self._publisher = parts.publisher
        self._ledger = parts.ledger
        self._budget = parts.budget
        self._times = parts.times
        self._authors = authors
        self._accounted = accounted
        self._gaps: deque[Gap] = deque()
        self._changed = threading.Condition()
        self.filled = 0  # posts that search gave and were published
        threading.Thread(target=self._work, name="fill", daemon=True).start()

    @property
    def open(self) -> int:
        """Gaps that wait, or are being filled."""
        return len(self._gaps)

    def add(self, gap: Gap) -> None:
        """A gap that has ended: it is filled once search can know what was posted in it."""
        with self._changed:
            self._gaps.append(gap)
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._gaps)
                gap = self._gaps[0]
            self._finish(gap)
            with self._changed:
                self._gaps.popleft()

    def _finish(self, gap: Gap) -> None:
        """Until it is done: search may be down for a while, and the ledger too."""
        assert gap.until is not None
        while True:
            ripe = gap.until.timestamp() + self._times.edge + self._times.lag
            time.sleep(max(0.0, ripe - time.time()))
            try:
                result = self._fill(gap)
                self._await_published()
            except Exception as error:  # noqa: BLE001 - a thread that ends would leave the gaps to nobody
                log.event(
                    "fill_failed", "WARNING", gap_id=gap.id,
                    message=f"The gap is tried again: {type(error).__name__}: {error}"[:500],
                )  # fmt: skip
                time.sleep(max(self._times.fill_again, getattr(error, "reset_in", None) or 0.0))
                continue
            self._tell(gap, result)
            if result.expected is not None:
                self._accounted = gap.until
            return

    def _fill(self, gap: Gap) -> Filled:
        if gap.skipped:
            hint = f"python -m ingester search --from {gap.since:%FT%TZ} --to {gap.until:%FT%TZ}"
            return Filled(
                "skipped", None, None, 0, [f"Left unfilled because of its reason ({gap.reason}); {hint} fetches it."]
            )
        return fill(
            self._x, gap, self._times,
            authors=self._authors,
            accounted=self._accounted,
            may_spend=self._budget.left,
            take=self._take,
            arrived=self._ledger.arrived,
        )  # fmt: skip

    def _await_published(self) -> None:
        """A gap is not closed while its posts are on their way: killed now, nobody would fetch them again."""
        if left := self._publisher.drain(_PUBLISH_SECONDS):
            raise Unavailable(f"{left} posts were not published within {_PUBLISH_SECONDS:.0f} s")

    def _take(self, found: Found) -> None:
        publish(self._publisher, found)
        self._budget.add(1, found.authors)
        self.filled += 1

    def _tell(self, gap: Gap, result: Filled) -> None:
        note = " ".join(result.notes) or None
        self._ledger.write(
            "gap_filled", gap_id=gap.id, since=gap.since, until=gap.until, reason=gap.reason, status=result.status,
            posts_expected=result.expected, posts_recovered=result.recovered, note=note,
        )  # fmt: skip
        log.event(
            "gap_filled", "INFO" if result.status == "filled" else "WARNING",
            gap_id=gap.id, status=result.status, reason=gap.reason, posts_expected=result.expected,
            posts_recovered=result.recovered, published=result.published, message=note or "The gap is filled.",
        )  # fmt: skip


def publish(publisher: Publisher, found: Found) -> None:
    """As the stream's posts are, with source=search."""
    payload = found.payload()
    try:
        publisher.publish(wrap(payload, found.id, time.time_ns() // 1_000, "search"))
    except NotText as error:
        publisher.bury(payload, "search", f"not UTF-8: {error}")


def fill(
    x: X,
    gap: Gap,
    times: Times,
    *,
    authors: bool,
    accounted: datetime | None,
    may_spend: Callable[[], int | None],
    take: Callable[[Found], None],
    arrived: Callable[[datetime, datetime], dict[str, set[str]]],
) -> Filled:
    """Fetch what was posted in the gap and on its edges, hand on what has not arrived, and count what is still missing.

    Edges of gaps overlap: up to `accounted`, the end of the last gap that was counted, and its edge, nothing is counted again.
    Raises Unavailable, NoLedger.
    """
    assert gap.until is not None
    notes: list[str] = []
    edge = timedelta(seconds=times.edge)
    since, until = _to_the_millisecond(gap.since - edge), _to_the_millisecond(gap.until + edge)
    oldest = datetime.now(UTC) - search.DAYS + timedelta(minutes=1)
    if gap.until <= oldest:
        return Filled("unfillable", None, None, 0, ["It lies further back than the seven days that search knows."])
    if since < oldest:
        notes.append(f"What was posted before {oldest:%F %T} lies further back than the seven days that search knows.")
        since = oldest
    asked: list[Rule] = []
    for rule in gap.rules:
        if why := search.cannot_ask(rule[1]):
            notes.append(f"Search cannot be asked for the rule '{rule[2] or rule[0]}': {why}.")
        else:
            asked.append(rule)
    if not asked:
        return Filled("unfillable", None, None, 0, [*notes, "No rule is known that search could be asked for."])

    here = arrived(since - edge, datetime.now(UTC) + edge)
    found, cut, refusals = _search(x, asked, since, until, authors=authors, room=may_spend(), known=set(here))
    notes += refusals
    new = [post for post in found.values() if post.id not in here]
    for post in sorted(new, key=lambda post: int(post.id)):
        take(post)
    counted_before = _to_the_millisecond(accounted + edge) if accounted is not None else since
    counted_from = min(max(since, counted_before), until)
    try:
        counted: int | None = search.expected(x, asked, counted_from, until)
    except Refused as error:
        counted = None
        notes.append(f"X did not say how many posts there were ({error}).")
    here |= arrived(since - edge, datetime.now(UTC) + edge)  # what was on its way
    others = {rule[0] for rule in gap.rules} - {rule[0] for rule in asked}  # what X counts has none of theirs
    ours = {post_id for post_id, matched in here.items() if not matched or matched - others} | set(found)
    inside = [i for i in ours if i.isdigit() and counted_from <= search.time_of(i) < until]
    if cut:
        notes.append("The budget ended the search; python -m ingester search fetches the rest.")
    missing = max(0, counted - len(inside)) if counted is not None else 0
    if missing:
        notes.append(f"{missing:,} posts are missing: retweets, which search does not return, or posts deleted since.")
    status = "filled" if not notes else "partial"
    return Filled(status, counted, len(inside), len(new), notes)


def _to_the_millisecond(moment: datetime) -> datetime:
    """As exact as a post's id is: what X counts by ids and what is counted here by times is then the same."""
    return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)


def _search(
    x: X, rules: list[Rule], since: datetime, until: datetime, *, authors: bool, room: int | None, known: set[str]
) -> tuple[dict[str, Found], bool, list[str]]:
    """(posts by id, whether the budget cut it short, refusals in words). Posts that have arrived cost nothing again."""
    found: dict[str, Found] = {}
    refusals: list[str] = []
    units = 0
    for rule in rules:
        try:
            for page in search.pages(x, rule, since, until, authors=authors):
                for post in page:
                    if post.id in found:
                        found[post.id].rules += post.rules
                        continue
                    found[post.id] = post
                    units += 0 if post.id in known else 1
                if room is not None and units >= room:
                    return found, True, refusals
        except Refused as error:
            refusals.append(f"X refuses to search for the rule '{rule[2] or rule[0]}' ({error}).")
    return found, False, refusals
