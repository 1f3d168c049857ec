"""Paging has one guard for all endpoints: an X that never says that it is done is not asked for ever."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from ingester.errors import Unavailable
from ingester.ports import Reply
from ingester.timeouts import Timeouts
from ingester.x.client import X
from ingester.x.rate_limit import ServerClock
from ingester.x.tokens import Tokens, TokenSource
from runtime.bearer_token import Token

TOKEN = Token("t", "1")


class Clock:
    def time(self) -> float:
        return 1_795_600_800.0

    def monotonic(self) -> float:
        return 5.0


@dataclass
class Http:
    """Answers each request by its number."""

    answer: Callable[[int], Reply]
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    async def call(self, method: str, path: str, parameters: Mapping[str, Any], body: Any, token: Token) -> Reply:
        self.asked.append(parameters)
        return self.answer(len(self.asked))


def x_of(http: Http) -> X:
    clock = Clock()
    return X(http, Tokens(cast(TokenSource, None), TOKEN), clock, Timeouts(), ServerClock(clock))


def page(number: int, token: str | None, *ids: str) -> Reply:
    meta = {"next_token": token} if token else {}
    return Reply(200, {}, {"data": [{"id": one, "value": "v"} for one in ids], "meta": meta} if ids else {"meta": meta})


async def whole_page() -> int:
    return 100


def search_all(http: Http) -> int:
    async def go() -> int:
        pages = x_of(http).search("q", "1", "9", authors=False, referenced=False, size=whole_page)
        return len([one async for one in pages])

    return asyncio.run(go())


ENDLESS: dict[str, Callable[[int], Reply]] = {
    "the same page and the same token": lambda n: page(n, "same", "1"),
    "the same token, new posts": lambda n: page(n, "same", str(n)),
    "new tokens, the same posts": lambda n: page(n, f"t{n}", "1"),
    "new tokens, empty pages": lambda n: page(n, f"t{n}"),
}


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS.keys())
def test_pages_that_bring_nothing_new_end(answer: Callable[[int], Reply]) -> None:
    for ask in (search_all, lambda http: len(asyncio.run(x_of(http).rules()).body["data"])):
        http = Http(answer)
        ask(http)
        assert len(http.asked) <= 12


def test_a_page_that_comes_again_is_not_given_again() -> None:
    """Its posts or counts would be added once more."""
    http = Http(lambda n: page(n, f"t{n}", "1", "2"))
    assert search_all(http) == 1
    assert len(http.asked) == 2


def test_an_empty_page_with_more_behind_it_ends_nothing() -> None:
    pages = [page(1, "a", "1"), page(2, "b"), page(3, "c"), page(4, None, "2")]
    assert search_all(Http(lambda n: pages[n - 1])) == 4


def test_rules_on_several_pages_come_once_each() -> None:
    pages = [page(1, "a", "1", "2"), page(2, None, "2", "3")]
    answer = asyncio.run(x_of(Http(lambda n: pages[n - 1])).rules())
    assert [rule["id"] for rule in answer.body["data"]] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "99999999999"}, 960.0),
        ({"retry-after": "0"}, None),
        ({"retry-after": "0.5"}, None),
        ({"retry-after": "7"}, 7.0),
    ],
)
def test_a_wait_that_x_asks_for_is_clamped(headers: dict[str, str], wait: float | None) -> None:
    with pytest.raises(Unavailable) as error:
        asyncio.run(x_of(Http(lambda n: Reply(429, headers, {"title": "Too Many Requests"}))).usage())
    assert error.value.reset_in == wait


def test_a_body_that_is_no_object_is_told_as_such() -> None:
    with pytest.raises(Unavailable, match="not JSON, or cut off"):
        asyncio.run(x_of(Http(lambda n: Reply(200, {}, None))).usage())


def test_a_refused_token_is_read_again_by_whatever_call_is_refused_and_the_call_made_once_more() -> None:
    """The stream may go on for weeks after a rotation: a token is refused only on connect."""

    class Vault:
        async def read(self) -> Token:
            return Token("new", "2")

    http = Http(lambda n: Reply(401, {}, {"title": "Unauthorized"}) if n == 1 else Reply(200, {}, {"data": []}))
    clock = Clock()
    x = X(http, Tokens(Vault(), TOKEN), clock, Timeouts(), ServerClock(clock))
    assert asyncio.run(x.usage()).status == 200
    assert (len(http.asked), x.tokens.current.value) == (2, "new")


def test_a_refused_call_is_not_repeated_when_the_secret_holds_the_same_token() -> None:
    class Vault:
        async def read(self) -> Token:
            return TOKEN

    http = Http(lambda n: Reply(401, {}, {"title": "Unauthorized"}))
    clock = Clock()
    assert asyncio.run(X(http, Tokens(Vault(), TOKEN), clock, Timeouts(), ServerClock(clock)).usage()).status == 401
    assert len(http.asked) == 1
