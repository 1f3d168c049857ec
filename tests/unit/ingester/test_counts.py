"""X's counts of a gap's posts, each request of which it bills; and the slices that follow from the answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from ingester.backfill import slices
from ingester.x import search
from ingester.x.client import Response, X
from ingester.x.search_endpoints import SearchEndpoint, endpoint_for

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULE = ("1", "music", "t")


def bucket(minute: int, posts: int, name: str = "tweet_count") -> dict[str, Any]:
    return {
        "start": (START + minute * MINUTE).isoformat(),
        "end": (START + (minute + 1) * MINUTE).isoformat(),
        name: posts,
    }


RESPONSES: dict[str, tuple[dict[str, Any], tuple[int | None, list[int]]]] = {
    "as X has always sent it": ({"data": [bucket(0, 3), bucket(1, 4)], "meta": {"total_tweet_count": 7}}, (7, [3, 4])),
    "in the new dialect": ({"data": [bucket(0, 3, "post_count")], "meta": {"total_post_count": 3}}, (3, [3])),
    "without a total": ({"data": [bucket(0, 3), bucket(1, 4)]}, (7, [3, 4])),
    "without spans": ({"meta": {"total_tweet_count": 7}}, (7, [])),
    "none there": ({"data": [bucket(0, 0)], "meta": {"total_tweet_count": 0}}, (0, [0])),
    "under names that nobody knows": ({"data": [bucket(0, 3, "count")], "meta": {"total": 3}}, (None, [])),
    "empty": ({}, (None, [])),
    "not even a meta": ({"data": None, "meta": None}, (None, [])),
    "a total that is a string": ({"meta": {"total_tweet_count": "7"}}, (7, [])),
    "spans without times": ({"data": [{"tweet_count": 3}, "x"], "meta": {"total_tweet_count": 3}}, (3, [])),
}


@pytest.mark.parametrize(("body", "found"), RESPONSES.values(), ids=RESPONSES.keys())
def test_an_absent_count_is_unknown_and_both_dialects_are_read(
    body: dict[str, Any], found: tuple[int | None, list[int]]
) -> None:
    total, spans = search.read_counts(body)
    assert (total, list(spans.values())) == found


class Pages:
    """Answers each query with these pages."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = pages
        self.asked: list[tuple[str, str]] = []
        self.spent = 0

    async def spend(self, units: int) -> None:
        self.spent += units

    async def count(
        self,
        query: str,
        since_id: str,
        until_id: str,
        granularity: str,
        spend: Callable[[], Awaitable[object]],
        *,
        endpoint: SearchEndpoint,
    ) -> AsyncIterator[Response]:
        for page in self.pages:
            await spend()
            self.asked.append((query, granularity))
            yield Response(200, page)


def ask(pages: Pages, *values: str, hours: float = 1, is_old: bool = False) -> search.Counted:
    rules = [(("", value, ""), endpoint_for(value, is_old=is_old)) for value in values]
    return asyncio.run(search.counts(cast(X, pages), rules, START, START + timedelta(hours=hours), pages.spend))


def test_one_request_is_enough_for_rules_that_fit_into_a_query_by_minute_up_to_a_day() -> None:
    pages = Pages({"data": [bucket(0, 3)], "meta": {"total_tweet_count": 3}})
    assert ask(pages, "music", "dance") == search.Counted(3, 1, 1, [(START, START + MINUTE, 3)])
    assert pages.asked == [("(music) OR (dance)", "minute")]
    assert ask(pages, "x" * 500, "y" * 500, hours=23 * 7).requests == 2
    assert pages.asked[-1][1] == "hour"


def test_the_full_archive_is_asked_for_old_posts_and_for_long_rules_and_costs_twice_as_much() -> None:
    pages = Pages({"data": [bucket(0, 3)], "meta": {"total_tweet_count": 3}})
    found = ask(pages, "x" * 500, "y" * 500, is_old=True, hours=24 * 60)
    assert (found.total, found.requests, found.units, pages.spent) == (3, 1, 2, 2)
    assert [granularity for _, granularity in pages.asked] == ["day"]
    mixed = ask(pages, "music", "z" * 900)
    assert (mixed.requests, mixed.units) == (2, 3)
    assert ask(pages, "z" * 1_025).requests == 0, "no search takes it"


def test_more_pages_are_asked_for_while_they_cost_a_hundredth_of_the_posts_at_the_most() -> None:
    pages = [{"data": [bucket(n, 150)], "meta": {"total_tweet_count": 150, "next_token": "more"}} for n in range(50)]
    found = ask(Pages(*pages), "music")
    assert found.requests - 1 <= 150 * found.requests / 100
    assert found.requests == 50
    few = [{"data": [bucket(n, 10)], "meta": {"total_tweet_count": 10, "next_token": "more"}} for n in range(50)]
    found = ask(Pages(*few), "music")
    assert (found.requests, found.total) == (2, None), "the rest is not known, rather than none"


def ends(*posts: int, hours: float = 1) -> list[float]:
    """Minutes after the start at which slices end."""
    spans = [(START + n * MINUTE, START + (n + 1) * MINUTE, count) for n, count in enumerate(posts)]
    return [(end - START) / MINUTE for end in slices.slices(spans, START, START + timedelta(hours=hours))]


def test_spans_are_put_together_up_to_a_thousand_posts_and_divided_above() -> None:
    assert ends() == [60]
    assert ends(400, 400, 100) == [60]
    assert ends(400, 400, 300, 900) == [2, 3, 60]
    assert ends(2_500) == pytest.approx([1 / 3, 2 / 3, 60], abs=0.001)
    assert ends(100, 4_000, 100) == pytest.approx([1, 1.25, 1.5, 1.75, 2, 60], abs=0.001)
