"""X's stream, and what search finds of it afterwards, written once for the simulator's X and the local emulator."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from ingester.budget import Budget
from ingester.connection_loop import Stream
from ingester.ports import Reply
from ingester.pubsub.envelope import DeadLetter, OutgoingMessage
from ingester.x.consumer import StreamConsumer
from ingester.x.disconnect import Disconnect, DisconnectKind
from runtime.bearer_token import Token
from tests.support.either_x import CONNECTIONS, COUNTS, SEARCH, TOKEN, AnX, add, rules

ENOUGH = Disconnect(DisconnectKind.LIMIT, reason="enough")


class LoopClock:
    """This machine's time, and the loop's, which may be simulated."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.monotonic = loop.time
        self.time = time.time


class PostSink:
    """Takes posts, and closes the stream after some of them."""

    def __init__(self, number: int, close: Callable[[], object]) -> None:
        self.posts: list[dict[str, Any]] = []
        self._number = number
        self._close = close

    def publish(self, message: OutgoingMessage) -> None:
        self.posts.append(orjson.loads(message.raw))
        if len(self.posts) == self._number:
            self._close()

    def dead_letter(self, letter: DeadLetter) -> None:
        raise AssertionError(letter)


async def read(stream: Stream, number: int, token: str = TOKEN) -> tuple[Disconnect, list[dict[str, Any]]]:
    """Hold the stream until it ends or has brought so many posts."""
    loop = asyncio.get_running_loop()
    taker = PostSink(number, lambda: stream.close(ENOUGH))
    consumer = StreamConsumer(taker, LoopClock(loop), Budget(0, 0, {}), 21.0)
    return await stream.hold(Token(token, "1"), consumer, lambda: None), taker.posts


def answered(x: AnX, token: str = TOKEN) -> tuple[int, str | None]:
    """Return what X answers to a connect that gets no stream: the status, and what is wrong with the connection."""
    ended, posts = x.run(read(x.stream(), 1, token))
    assert (ended.kind, posts) == (DisconnectKind.HTTP, [])
    return ended.status, ended.problem.get("connection_issue")


def test_who_has_no_rules_gets_no_stream(x: AnX) -> None:
    assert answered(x) == (409, "RuleConfigurationIssue")


def test_another_token_gets_no_stream(x: AnX) -> None:
    add(x, "music")
    assert answered(x, "old") == (401, None)


def test_a_post_comes_with_its_author_and_the_rule_that_it_matched(x: AnX) -> None:
    add(x, "music")
    (rule,) = rules(x)
    ended, posts = x.run(read(x.stream(), 20))
    assert (ended.kind, ended.reason) == (DisconnectKind.LIMIT, "enough")
    assert len({post["data"]["id"] for post in posts}) == len(posts) >= 20
    for post in posts:
        assert [one["id"] for one in post["matching_rules"]] == [rule["id"]]
        assert post["includes"]["users"]


@asynccontextmanager
async def held(x: AnX) -> AsyncIterator["asyncio.Task[Disconnect]"]:
    """Hold a stream that has brought a post."""
    loop, taken = asyncio.get_running_loop(), asyncio.Event()
    stream = x.stream()
    taker = PostSink(1, lambda: loop.call_soon_threadsafe(taken.set))
    holding = loop.create_task(
        stream.hold(Token(TOKEN, "1"), StreamConsumer(taker, LoopClock(loop), Budget(0, 0, {}), 21.0), lambda: None)
    )
    await taken.wait()
    yield holding
    stream.close(ENOUGH)
    await holding


def test_the_stream_is_given_to_one_at_a_time(x: AnX) -> None:
    add(x, "music")

    async def try_another() -> Disconnect:
        async with held(x):
            return (await read(x.stream(), 1))[0]

    ended = x.run(try_another())
    assert (ended.status, ended.problem.get("connection_issue")) == (429, "TooManyConnections")


def test_an_open_connection_is_listed_and_can_be_terminated(x: AnX) -> None:
    add(x, "music")

    async def throw_out() -> tuple[Reply, Reply, Disconnect]:
        async with held(x) as holding:
            listed = await x.ask("GET", CONNECTIONS, {"status": "active", "endpoints": "filtered_stream"})
            cleared = await x.ask("DELETE", f"{CONNECTIONS}/filtered_stream", {})
            return listed, cleared, await holding

    listed, cleared, ended = x.run(throw_out())
    assert listed.body is not None
    assert listed.body["meta"]["result_count"] == 1
    assert cleared.status == 200
    assert ended.kind in {DisconnectKind.CLOSED, DisconnectKind.NETWORK}


@pytest.mark.parametrize("name", ["next_token", "pagination_token"])
def test_search_pages_through_all_but_retweets_and_counts_have_those_too(x: AnX, name: str) -> None:
    add(x, "music")
    _, posts = x.run(read(x.stream(), 60))
    streamed = {post["data"]["id"] for post in posts}
    between = {
        "query": "music",
        "since_id": str(min(map(int, streamed)) - 1),
        "until_id": str(max(map(int, streamed)) + 1),
    }
    found, sizes = [], []
    token: dict[str, str] = {}
    while True:
        body = x.call("GET", SEARCH, {**between, "max_results": 10, **token}).body
        assert body is not None
        found += [post["id"] for post in body.get("data", [])]
        sizes.append(body["meta"]["result_count"])
        if "next_token" not in body["meta"]:
            break
        token = {name: body["meta"]["next_token"]}
    assert found == sorted(found, key=int, reverse=True), "newest first, each once"
    assert set(found) < streamed
    assert set(sizes[:-1]) == {10}
    counted = x.call("GET", COUNTS, {**between, "granularity": "minute"}).body
    assert counted is not None
    assert counted["meta"]["total_tweet_count"] == sum(span["tweet_count"] for span in counted["data"])
    assert counted["meta"]["total_tweet_count"] >= len(streamed)
