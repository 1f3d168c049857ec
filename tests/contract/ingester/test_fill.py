"""Filling a gap, against X's stand-in: pages no larger than the budget's room, and each post paid for once."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import requests

from ingester.backfill import backfill
from ingester.backfill.backfill import Filled, Means, Progress
from ingester.budget import Budget
from ingester.errors import PublishFailed
from ingester.ledger.model import Gap
from ingester.ledger.store import Store
from ingester.ports import Token
from ingester.pubsub.envelope import Message
from ingester.pubsub.publisher import Publisher
from ingester.run import SystemClock
from ingester.timeouts import Timeouts
from ingester.x.bearer import Secret, Tokens
from ingester.x.client import X
from ingester.x.http import Http
from ingester.x.rate_limit import XTime
from local.processes import Process
from tests.support.processes import serving
from tests.support.waiting import eventually

POSTS = 600


def fill(means: Means, gap: Gap, accounted: datetime | None, progress: Progress) -> Filled:
    return asyncio.run(backfill.fill(means, gap, accounted, progress))


@dataclass
class Topic:
    """Takes everything at once."""

    messages: list[Message] = field(default_factory=list)

    async def publish_all(self, messages: Sequence[Message], seconds: float) -> None:
        self.messages += messages


class Empty:
    """A ledger in whose archive nothing has arrived."""

    async def arrived(self, since: datetime, first: int, last: int) -> dict[str, set[str]]:
        return {}


@dataclass
class Known:
    """X after all its posts were made: none, or few, went through the stream."""

    url: str
    rule: tuple[str, str, str]
    began: datetime
    process: Process
    truth: Path

    def gap(self) -> Gap:
        return Gap("g", self.began, "closed", datetime.now(UTC), (self.rule,))

    def means(self, topic: Topic, per_day: int, *, authors: bool = False) -> Means:
        times, clock = Timeouts().scaled(0.01), SystemClock()
        budget = Budget(per_day, 0, {})
        publisher, store = cast(Publisher, topic), cast(Store, Empty())
        token = Token("local", "1")
        x = X(Http(self.url), Tokens(cast(Secret, None), token), clock, times, XTime(clock))
        return Means(
            x, publisher, store, budget, times, clock, XTime(clock), datetime.now(UTC), authors, referenced=False
        )


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    folder = tmp_path_factory.mktemp("x")
    began = datetime.now(UTC)
    options = ("--posts", str(POSTS), "--rate", "2000", "--search-lag", "0")
    with serving("x", "local.x.server", folder, *options, X_BEARER_TOKEN="local") as process:
        url = f"http://127.0.0.1:{process.port}"
        headers = {"Authorization": "Bearer local"}
        rules = f"{url}/2/tweets/search/stream/rules"
        requests.post(rules, json={"add": [{"value": "music", "tag": "t"}]}, headers=headers, timeout=10)
        with requests.get(f"{url}/2/tweets/search/stream", headers=headers, stream=True, timeout=10):
            assert eventually(lambda: "all_sent" in process.events)
        rule = requests.get(rules, headers=headers, timeout=10).json()["data"][0]
        yield Known(url, (rule["id"], "music", "t"), began, process, folder / "truth")


def test_without_a_limit_all_that_search_gives_is_published_and_the_rest_counted(known: Known) -> None:
    topic = Topic()
    result = fill(known.means(topic, 0), known.gap(), None, Progress())
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
    means = known.means(topic, per_day, authors=authors)
    result = fill(means, known.gap(), None, Progress())
    assert per_day <= means.budget.today() < per_day + most
    assert result.status == "partial"
    assert "The budget ended the search" in " ".join(result.notes)
    again = fill(means, known.gap(), None, Progress())
    assert again.published == 0, "the next gap costs nothing any more"


def test_a_slice_that_is_asked_for_again_is_paid_for_once(known: Known) -> None:
    class Away(Topic):
        async def publish_all(self, messages: Sequence[Message], seconds: float) -> None:
            raise PublishFailed("not taken")

    means, progress = known.means(Away(), 0), Progress()
    with pytest.raises(PublishFailed):
        fill(means, known.gap(), None, progress)
    paid = means.budget.today()
    assert paid > 0
    again = fill(replace(means, publisher=cast(Publisher, Topic())), known.gap(), None, progress)
    assert means.budget.today() == paid
    assert again.published == paid - 1, "X was asked once how many posts there were"


def test_what_an_earlier_gap_has_counted_is_not_counted_again(known: Known) -> None:
    topic = Topic()
    result = fill(known.means(topic, 0), known.gap(), datetime.now(UTC) + timedelta(seconds=1), Progress())
    assert (result.expected, result.recovered) == (0, 0)
    assert result.published == len(topic.messages) > 0


def test_a_gap_older_than_seven_days_is_unfillable_and_says_so(known: Known) -> None:
    old = datetime.now(UTC) - timedelta(days=9)
    result = fill(known.means(Topic(), 0), Gap("g", old, "credits", old, (known.rule,)), None, Progress())
    assert (result.status, result.expected, result.published) == ("unfillable", None, 0)
    assert "seven days" in result.notes[0]


@pytest.mark.parametrize(
    ("value", "why"),
    [("x" * 600, "600 characters, and search takes 512"), ("cats sample:10", "search does not know sample:")],
)
def test_a_rule_that_search_cannot_be_asked_is_named(known: Known, value: str, why: str) -> None:
    gap: Any = Gap("g", known.began, "closed", datetime.now(UTC), (("9", value, "mine"), known.rule))
    result = fill(known.means(Topic(), 0), gap, None, Progress())
    assert f"Search cannot be asked for the rule 'mine': {why}." in result.notes
    assert result.published > 0
