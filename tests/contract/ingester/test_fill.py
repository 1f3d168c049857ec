"""Filling a gap, against X's emulator: pages that fit the budget, and each post paid for once."""

import asyncio
import json
import random
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
import requests

from ingester.backfill import backfill
from ingester.backfill import by_hand as by_hand_plan
from ingester.backfill.model import BackfillContext, BackfillResult, Progress
from ingester.budget import Budget
from ingester.errors import PublishFailed, Unavailable
from ingester.ledger.events import EventKind, Reserved, Searched
from ingester.ledger.ledger import Ledger
from ingester.ledger.model import Event, Gap
from ingester.ledger.reservations import Reservations
from ingester.ledger.store import Store
from ingester.ledger.units import HolderUnits, by_holder
from ingester.pubsub.envelope import DeadLetter, OutgoingMessage
from ingester.pubsub.publisher import Publisher
from ingester.run import SystemClock
from ingester.timeouts import Timeouts
from ingester.x import search
from ingester.x.client import X
from ingester.x.http import Http
from ingester.x.rate_limit import ServerClock
from ingester.x.tokens import Secret, Tokens
from local.processes import Process
from runtime.bearer_token import Token
from tests.support.processes import serving
from tests.support.waiting import eventually

POSTS = 600


T = TypeVar("T")
_LOOP = asyncio.Runner()  # one for all, as the ingester's commands have


def run(context: "Shared", work: Coroutine[Any, Any, T]) -> T:
    """Do the work while the ledger's rows are written."""

    async def both() -> T:
        writing = asyncio.get_running_loop().create_task(context.ledger.run())
        try:
            return await work
        finally:
            writing.cancel()

    return _LOOP.run(both())


def fill(context: "Shared", gap: Gap, accounted: datetime | None, progress: Progress) -> BackfillResult:
    return run(context, backfill.fill(context, gap, accounted, progress))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared(BackfillContext):
    ledger: Ledger


@dataclass
class Topic:
    """A publisher that takes everything at once."""

    messages: list[OutgoingMessage] = field(default_factory=list)

    async def publish_all(self, messages: Sequence[OutgoingMessage | DeadLetter], seconds: float) -> None:
        self.messages += [message for message in messages if isinstance(message, OutgoingMessage)]


@dataclass
class Empty:
    """A ledger that takes every row, and whose archive is empty."""

    rows: list[Event] = field(default_factory=list)

    async def arrived(self, since: datetime, first: int, last: int) -> dict[str, set[str]]:
        return {}

    async def due(
        self, since: datetime, until: datetime, share: float, unread_since: datetime, age: timedelta
    ) -> list[str]:
        return []

    async def readings(self, since: datetime, made_since: datetime) -> int:
        return 0

    async def insert(self, rows: Sequence[tuple[str, Event]]) -> dict[str, str]:
        self.rows += [event for _, event in rows]
        return {}

    async def units(self) -> list[HolderUnits]:
        return by_holder(self.rows)


@dataclass
class Known:
    """X after all its posts were made; the stream carried none or few."""

    url: str
    rule: tuple[str, str, str]
    began: datetime
    process: Process
    truth: Path

    def gap(self) -> Gap:
        return Gap("g", self.began, "closed", datetime.now(UTC), (self.rule,))

    def context(
        self, topic: Topic, per_day: int, *, authors: bool = False, holder: str = "h", table: Empty | None = None
    ) -> Shared:
        """Return what a search needs. `table` is the ledger that it shares with others."""
        times, clock = Timeouts().scaled(0.01), SystemClock()
        publisher, store = cast(Publisher, topic), cast(Store, table or Empty())
        token = Token("local", "1")
        x = X(Http(self.url), Tokens(cast(Secret, None), token), clock, times, ServerClock(clock))
        budget = Budget(per_day, 0, {})
        ledger = Ledger(store, holder, clock, ServerClock(clock), budget)
        reservations = Reservations(budget, ledger, clock, ServerClock(clock), times)
        return Shared(
            x,
            publisher,
            store,
            reservations,
            times,
            clock,
            ServerClock(clock),
            datetime.now(UTC),
            authors,
            referenced=False,
            ledger=ledger,
        )


@contextmanager
def made(folder: Path, value: str, *more: str) -> Iterator[Known]:
    """X with a rule, after all of its posts were made."""
    began = datetime.now(UTC)
    options = ("--posts", str(POSTS), "--rate", "2000", "--search-lag", "0", *more)
    with serving("x", "local.emulators.x.server", folder, *options, X_BEARER_TOKEN="local") as process:
        url = f"http://127.0.0.1:{process.port}"
        headers = {"Authorization": "Bearer local"}
        rules = f"{url}/2/tweets/search/stream/rules"
        requests.post(rules, json={"add": [{"value": value, "tag": "t"}]}, headers=headers, timeout=10)
        stream = f"{url}/2/tweets/search/stream"
        with requests.get(stream, headers=headers, stream=True, timeout=10):
            assert eventually(lambda: "all_sent" in process.events)
        rule = requests.get(rules, headers=headers, timeout=10).json()["data"][0]
        yield Known(url, (rule["id"], value, "t"), began, process, folder / "truth")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    with made(tmp_path_factory.mktemp("x"), "music") as found:
        yield found


def test_without_a_limit_all_that_search_gives_is_published_and_the_rest_counted(known: Known) -> None:
    topic = Topic()
    result = fill(known.context(topic, 0), known.gap(), None, Progress())
    ids = {json.loads(message.data)["id"] for message in topic.messages}
    assert (result.expected, result.recovered, result.published) == (POSTS, len(ids), len(topic.messages))
    assert POSTS * 0.5 < len(ids) < POSTS
    assert result.status == "partial"
    assert result.notes == [
        f"{POSTS - len(ids)} posts are missing: retweets, which search does not return, or posts deleted since."
    ]


@pytest.mark.parametrize(("per_day", "authors", "most"), [(25, False, 10), (150, False, 10), (150, True, 30)])
def test_a_search_ends_within_ten_posts_of_the_limit(known: Known, per_day: int, authors: bool, most: int) -> None:
    topic = Topic()
    context = known.context(topic, per_day, authors=authors)
    result = fill(context, known.gap(), None, Progress())
    assert per_day <= context.budget.today() < per_day + most
    assert result.status == "partial"
    assert "The budget ended the search" in " ".join(result.notes)
    again = fill(context, known.gap(), None, Progress())
    assert again.published == 0, "the next gap costs nothing any more"


@pytest.mark.parametrize("_turn", range(8))  # which of them comes first is chance
def test_two_searches_at_once_keep_one_limit_and_come_to_an_end(known: Known, _turn: int) -> None:
    table = Empty()
    first, second = (known.context(Topic(), 200, holder=holder, table=table) for holder in ("first", "second"))

    async def patiently(context: Shared) -> None:
        """Try again while the other one has reserved what is left, as the ingester does."""
        progress = Progress()
        while True:
            try:
                await backfill.fill(context, known.gap(), None, progress)
            except Unavailable:
                await asyncio.sleep(random.uniform(0.0, 0.1))
            else:
                context.ledger.write(Reserved())  # says what it has cost, and reserves nothing more
                return

    async def both() -> None:
        writing = [asyncio.get_running_loop().create_task(context.ledger.run()) for context in (first, second)]
        await asyncio.gather(*[patiently(context) for context in (first, second)])
        for task in writing:
            task.cancel()

    _LOOP.run(both())
    spent = first.budget.own(datetime.now(UTC).date()) + second.budget.own(datetime.now(UTC).date())
    assert 150 <= spent <= 200 + 2 * 10, "X's smallest page has ten posts"


def test_what_a_search_is_about_to_spend_is_in_the_ledger_before_x_is_asked(known: Known) -> None:
    """A process that dies in the middle of a page leaves a count that is not below X's bill."""
    table, seen = Empty(), []

    class Watched(Topic):
        async def publish_all(self, messages: Sequence[OutgoingMessage | DeadLetter], seconds: float) -> None:
            seen.append(sum(row.own + row.reserved for row in by_holder(table.rows)) - context.budget.today())

    context = known.context(Watched(), 0, table=table)
    fill(context, known.gap(), None, Progress())
    assert seen
    assert min(seen) >= 0


def test_a_slice_that_is_asked_for_again_is_paid_for_once(known: Known) -> None:
    class Away(Topic):
        async def publish_all(self, messages: Sequence[OutgoingMessage | DeadLetter], seconds: float) -> None:
            raise PublishFailed("not taken")

    context, progress = known.context(Away(), 0), Progress()
    with pytest.raises(PublishFailed):
        fill(context, known.gap(), None, progress)
    paid = context.budget.today()
    assert paid > 0
    again = fill(replace(context, publisher=cast(Publisher, Topic())), known.gap(), None, progress)
    assert context.budget.today() == paid
    assert again.published == paid - 1, "X was asked once how many posts there were"


def test_what_an_earlier_gap_has_counted_is_not_counted_again(known: Known) -> None:
    topic = Topic()
    result = fill(known.context(topic, 0), known.gap(), datetime.now(UTC) + timedelta(seconds=1), Progress())
    assert (result.expected, result.recovered) == (0, 0)
    assert result.published == len(topic.messages) > 0


@pytest.fixture
def history(tmp_path: Path) -> Iterator[Known]:
    """X with posts of 30 days that match a rule of 900 characters."""
    value = " OR ".join(f"word{n:05}" for n in range(69))
    assert 890 <= len(value) <= 900
    # what the stream delivers is billed, and search is then free: a stalled stream delivers nothing
    with made(tmp_path, value, "--span-hours", str(30 * 24), "--fault", "stall@0") as found:
        yield replace(found, began=datetime.now(UTC) - timedelta(days=30, hours=1))


def tell(known: Known, fault: str) -> None:
    requests.put(
        f"{known.url}/stand-in/fault", data=fault, headers={"Content-Type": "text/plain"}, timeout=10
    ).raise_for_status()


def bill(known: Known) -> int:
    """Return X's bill so far in tenths of a cent, once its counts have settled."""
    seen = [-1]

    def settled() -> bool:
        seen.append(known.process.totals.get("mills", 0))
        return seen[-1] == seen[-2]

    assert eventually(settled, every=1.2)
    return seen[-1]


def test_a_gap_of_thirty_days_and_a_long_rule_are_filled_from_the_full_archive(history: Known) -> None:
    before, topic = bill(history), Topic()
    context = history.context(topic, 0)
    result = fill(context, history.gap(), None, Progress())
    ids = {json.loads(message.data)["id"] for message in topic.messages}
    assert (result.expected, result.recovered, result.published) == (POSTS, len(ids), len(topic.messages))
    assert result.notes == [
        f"{POSTS - len(ids)} posts are missing: retweets, which search does not return, or posts deleted since."
    ]
    assert min(search.created_at(post_id) for post_id in ids) < datetime.now(UTC) - timedelta(days=28)
    assert bill(history) - before == context.budget.today() * 5, "the guard's count is X's bill"


def test_an_app_that_may_not_search_the_full_archive_gets_what_recent_search_has(history: Known) -> None:
    tell(history, "no-archive")
    old = replace(history.gap(), until=datetime.now(UTC) - timedelta(days=9))
    result = fill(history.context(Topic(), 0), old, None, Progress())
    assert (result.status, result.expected, result.published) == ("unfillable", None, 0)
    assert result.notes[0].startswith("X does not let this app search the full archive (403: ")
    assert result.notes[1] == "It lies further back than the seven days that recent search knows."
    topic, short = Topic(), replace(history.gap(), rules=((history.rule[0], history.rule[1][:400], "t"),))
    result = fill(history.context(topic, 0), short, None, Progress())
    assert result.status == "partial"
    assert "lies further back than the seven days of recent search" in " ".join(result.notes)


def by_hand(history: Known, per_day: int, sample: int | None = None) -> tuple[by_hand_plan.Plan, Shared, Topic]:
    """Return a search from the beginning, with its price."""
    topic = Topic()
    context = history.context(topic, per_day)
    asked = by_hand_plan.searchable([history.rule], is_old=True, say=pytest.fail)
    gap = by_hand_plan.gap(asked, history.began, None, datetime.now(UTC), sample)
    counting = search.counts(
        context.x,
        by_hand_plan.without_retweets(asked),
        gap.since,
        gap.until or gap.since,
        context.reservations.spend_request,
    )
    counted = run(context, counting)
    return by_hand_plan.Plan(gap, asked, gap.since, counted, sample, None, context.most), context, topic


def test_the_price_that_is_said_before_is_what_x_bills(history: Known) -> None:
    before = bill(history)
    plan, context, topic = by_hand(history, 0)
    assert plan.most == 1, "without authors and referenced posts there is one price"
    result = run(
        context, backfill.fill_by_hand(context, plan.gap, plan.by_hand(lambda done: None), plan.start_progress())
    )
    assert (result.published, result.recovered, result.expected) == (plan.posts, plan.posts, plan.posts)
    assert len({json.loads(message.data)["id"] for message in topic.messages}) == plan.posts
    said = " ".join(plan.sentences(None, None))
    assert f"{plan.posts} posts from" in said
    assert plan.posts is not None
    assert f": ${plan.posts * 0.005:,.2f}." in said
    assert "Asking for it cost $0.010." in said
    assert bill(history) - before == plan.posts * 5 + 10


def test_a_search_that_the_budget_ends_goes_on_without_paying_twice(history: Known) -> None:
    plan, context, topic = by_hand(history, 200)
    rows: list[Searched] = []
    progress = plan.start_progress()
    run(
        context,
        backfill.fill_by_hand(context, plan.gap, plan.by_hand(lambda done: rows.append(plan.row(done))), progress),
    )
    assert progress.cut
    assert 100 <= len(topic.messages) <= 200 >= context.budget.today()
    assert rows[-1].posts_recovered == len(topic.messages)

    event = Event(
        "h",
        datetime.now(UTC),
        EventKind.SEARCHED,
        posts_recovered=rows[-1].posts_recovered,
        posts_expected=rows[-1].posts_expected,
    )
    again, context, rest = by_hand(history, 0)
    assert rows[-1].until is not None
    goes_on = replace(again, begin=rows[-1].until, earlier=event)
    assert f"after {len(topic.messages)} posts" in next(goes_on.sentences(None, None))
    result = run(
        context,
        backfill.fill_by_hand(context, goes_on.gap, goes_on.by_hand(lambda done: None), goes_on.start_progress()),
    )
    first, second = ({json.loads(one.data)["id"] for one in them.messages} for them in (topic, rest))
    assert not first & second
    assert len(first | second) == plan.posts == goes_on.total_result(result).recovered
    assert context.budget.today() - 2 == len(second), "what was fetched before is not billed again"


def test_a_sample_is_spread_over_the_whole_time_and_says_its_share(history: Known) -> None:
    plan, context, topic = by_hand(history, 0, sample=200)
    result = run(
        context, backfill.fill_by_hand(context, plan.gap, plan.by_hand(lambda done: None), plan.start_progress())
    )
    assert 100 <= result.published <= 300
    moments = sorted(search.created_at(json.loads(message.data)["id"]) for message in topic.messages)
    middle = plan.gap.since + (datetime.now(UTC) - plan.gap.since) / 2
    assert moments[0] < middle < moments[-1]
    assert any(note.startswith(f"A sample: {200 / (plan.posts_in_all or 1):.1%} of the time") for note in result.notes)
    assert (result.status, result.expected) == ("partial", None)


@pytest.mark.parametrize(
    ("value", "why"),
    [("x" * 1_100, "1100 characters, and search takes 1024"), ("cats sample:10", "search does not know sample:")],
)
def test_a_rule_that_search_cannot_be_asked_is_named(known: Known, value: str, why: str) -> None:
    gap: Any = Gap("g", known.began, "closed", datetime.now(UTC), (("9", value, "mine"), known.rule))
    result = fill(known.context(Topic(), 0), gap, None, Progress())
    assert f"Search cannot be asked for the rule 'mine': {why}." in result.notes
    assert result.published > 0
