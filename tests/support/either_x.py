"""X behind one interface: the simulator's, and the local emulator, which is a server."""

import asyncio
import random
from collections.abc import Coroutine, Mapping
from types import SimpleNamespace
from typing import Any, Protocol, TypeVar

from ingester import connection_loop
from ingester.ports import Reply
from ingester.run import SystemClock
from ingester.timeouts import Timeouts
from ingester.x.http import Http
from ingester.x.rate_limit import ServerClock
from ingester.x.stream import Stream
from runtime.bearer_token import Token
from tests.simulation import x as simulated
from tests.simulation.virtual_loop import VirtualLoop

T = TypeVar("T")

TOKEN = "t1"
RULES = "/2/tweets/search/stream/rules"
SEARCH, COUNTS = "/2/tweets/search/recent", "/2/tweets/counts/recent"
CONNECTIONS = "/2/connections"


class AnX(Protocol):
    async def ask(
        self, method: str, path: str, parameters: Mapping[str, Any], body: Any = None, token: str = TOKEN
    ) -> Reply:
        """Make one request."""

    def call(
        self, method: str, path: str, parameters: Mapping[str, Any], body: Any = None, token: str = TOKEN
    ) -> Reply:
        """Make one request, from outside of `run`."""
        return self.run(self.ask(method, path, parameters, body, token))

    def stream(self) -> connection_loop.Stream:
        """Return an object that holds one connection at a time. Two of them are two processes."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine that waits for X, in this X's time."""


class Simulated(AnX):
    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self._x = simulated.X(self.loop, random.Random(1), rate=60.0, search_lag=0.0)
        self._x.begin()

    async def ask(
        self, method: str, path: str, parameters: Mapping[str, Any], body: Any = None, token: str = TOKEN
    ) -> Reply:
        return self._x.call(method, path, parameters, body, token=token)

    def stream(self) -> connection_loop.Stream:
        always = SimpleNamespace(has_room=lambda: True)
        no_time = SimpleNamespace(compare=lambda *_: None)
        process = SimpleNamespace(
            monotonic=self.loop.time, publisher=always, server_clock=no_time, dead=False, holds=True, was_frozen=False
        )
        return simulated.Stream(self._x, process)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(asyncio.wait_for(coroutine, 50_000.0))


class Served(AnX):
    def __init__(self, url: str) -> None:
        self._url = url
        self._http = Http(url)

    async def ask(
        self, method: str, path: str, parameters: Mapping[str, Any], body: Any = None, token: str = TOKEN
    ) -> Reply:
        return await self._http.call(method, path, parameters, body, Token(token, "1"))

    def stream(self) -> connection_loop.Stream:
        clock = SystemClock()
        return Stream(self._url, Timeouts(), clock, ServerClock(clock), authors=True, referenced=True)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(asyncio.wait_for(coroutine, 60.0))


def add(x: AnX, *values: str, **parameters: str) -> Reply:
    return x.call("POST", RULES, parameters, {"add": [{"value": value, "tag": "t"} for value in values]})


def rules(x: AnX) -> list[dict[str, str]]:
    body = x.call("GET", RULES, {}).body
    assert body is not None
    return list(body.get("data") or [])
