"""X's rules, stream, search, counts, usage, connections and compliance over HTTP.

    python -m local.emulators.x.server --port 9052 --posts 2000 --rate 150 --seed 1 --fault close@3 --fault 429-rate@6x2

The stream's clock starts with the first connection. Posts that are due while nobody holds the stream are missed, as at X. Rules are
stored and counted but not evaluated: every post is made to match one of them.
"""

import argparse
import asyncio
import itertools
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from .. import doors, log
from . import faults, posts, posts_file, writer
from .bill import price_list
from .compliance import Compliance
from .core import RULES, Core
from .faults import Fault
from .feed import Feed
from .misbehaviour import Misbehaviour
from .responses import json, problem, served
from .rule_book import RuleBook
from .state import State

_HOSTS = doors.HOSTS | {"api.x.com", "api.twitter.com"}  # for clients that know one host only, and come through a proxy
# X's own, compliance uploads, and a test's faults
_CONTENT_TYPES = frozenset({"application/json", "text/plain", "application/octet-stream"})
_CORE_PATHS = (
    ("GET", RULES),
    ("POST", RULES),
    ("GET", f"{RULES}/counts"),
    ("GET", "/2/tweets"),
    ("GET", "/2/tweets/counts/recent"),
    ("GET", "/2/tweets/counts/all"),
    ("GET", "/2/usage/tweets"),
    ("GET", "/2/connections"),
)


class X:
    """The endpoints."""

    def __init__(
        self, state: State, feed: Feed, wrong: Misbehaviour, compliance: Compliance, keep_alive: float
    ) -> None:
        """`keep_alive` is in seconds of quiet."""
        self._state = state
        self._feed = feed
        self._misbehaviour = wrong
        self._compliance = compliance
        self._keep_alive = keep_alive
        state.totals = compliance.totals | state.totals
        compliance.totals = state.totals  # the process has one line of counts

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_door, self._authorized], client_max_size=1 << 28)
        app.router.add_get("/2/tweets/search/stream", self.stream)
        for method, path in _CORE_PATHS:
            app.router.add_route(method, path, self.reply)
        app.router.add_get("/2/tweets/search/{reach:recent|all}", self.search)
        app.router.add_get("/2/usage/credits", self.credits)
        app.router.add_get("/api/credits/pricing", self.price_list)
        app.router.add_delete("/2/connections/filtered_stream", self.clear)
        app.router.add_routes(self._compliance.routes())
        app.router.add_put("/stand-in/fault", self.set_faults)
        return app

    def truth(self) -> Iterator[dict[str, Any]]:
        """Yield every post that was made, and what must become of it."""
        for written in self._state.core.timeline.posts:
            post = written.post
            yield {
                "id": post.id,
                "lang": post.data["lang"],
                "retweet": written.is_retweet,
                "replaces": post.replaces,
                "sent": written.is_sent,
            }

    @web.middleware
    async def _authorized(self, request: web.Request, handler: Any) -> web.StreamResponse:
        # signed addresses, and the tests' own endpoints
        open_to_all = request.path.startswith(("/compliance-files/", "/stand-in/", "/api/credits/pricing"))
        if not open_to_all and request.headers.get("Authorization") != f"Bearer {self._state.token}":
            return problem(401, "Unauthorized", "about:blank", detail="Unauthorized")
        response: web.StreamResponse = await handler(request)
        return response

    async def reply(self, request: web.Request) -> web.Response:
        """Answer as the core does, and count."""
        core, state = self._state.core, self._state
        if request.path.startswith("/2/tweets/counts/"):
            state.totals["counts"] += 1
        try:
            body = orjson.loads(await request.read() or b"null")
        except orjson.JSONDecodeError:
            body = None
        core.usage = {
            "cap_reset_day": 28,
            "project_cap": "3000000",
            "project_id": "1",
            "project_usage": str(state.totals["sent"]),
        }
        reply = core.reply(request.method, request.path, request.query, body)
        state.totals["mills"] = core.bill.mills
        return served(reply)

    async def search(self, request: web.Request) -> web.Response:
        self._state.totals["searches"] += 1
        if self._state.search_faults:
            return self._misbehaviour.reply_to_search(self._state.search_faults.popleft())
        return await self.reply(request)

    async def credits(self, request: web.Request) -> web.Response:
        """Answer what is left; to some accounts X answers an empty 404 (github.com/xdevplatform/docs/issues/395)."""
        if self._state.credits is None:
            return web.Response(status=404)
        remaining = round(self._state.credits - self._state.core.bill.mills / 1_000, 3)
        return json(
            200,
            {"data": {"free_balance": 0, "free_grants": [], "prepaid_balance": remaining, "total_balance": remaining}},
        )

    async def price_list(self, request: web.Request) -> web.Response:
        """Answer as console.x.com does, to everybody (github.com/xdevplatform/playground, internal/playground/credits.go)."""
        return json(200, price_list())

    async def clear(self, request: web.Request) -> web.Response:
        self._state.totals["cleared"] += 1
        self._state.ghost = False
        self._state.abort()
        return json(200, {"data": {"killed_count": 1}})

    async def set_faults(self, request: web.Request) -> web.Response:
        """Make a fault happen now, `NAME[xTIMES]`, for a test."""
        name, _, times = (await request.text()).partition("x")
        await self._misbehaviour.trigger(faults.parse(f"{name}@0" + (f"x{times}" if times else "")))
        return web.Response()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        self._state.totals["attempts"] += 1
        if self._state.connect_faults:
            return await self._misbehaviour.reply_to_connect(self._state.connect_faults.popleft(), request)
        if (refused := self._state.core.refuse_connect()) is not None:
            return served(refused)
        response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
        response.enable_chunked_encoding()
        self._state.parameters = dict(request.query)
        self._state.open_stream, self._state.request = response, request
        self._state.mute_until = self._state.stalled_until = 0.0
        self._state.totals["connections"] += 1
        try:
            await response.prepare(request)
            self._state.wrote = time.monotonic()
            self._feed.begin()
            await self._hold(request, response)
        except ConnectionError:
            pass  # the client is gone, and no one else reads the stream
        finally:
            if self._state.open_stream is response:
                self._state.open_stream = self._state.request = None
        return response

    async def _hold(self, request: web.Request, response: web.StreamResponse) -> None:
        """Send keep-alives until the client goes away (aiohttp then cancels this, or the transport closes) or the server stops."""
        while (
            self._state.open_stream is response and request.transport is not None and not request.transport.is_closing()
        ):
            quiet = time.monotonic() - self._state.wrote
            if quiet >= self._keep_alive and time.monotonic() >= self._state.mute_until:
                await response.write(b"\r\n")
                self._state.wrote = time.monotonic()
            await asyncio.sleep(min(0.1, self._keep_alive))


@web.middleware
async def _door(request: web.Request, handler: Any) -> web.StreamResponse:
    headers = {name.lower(): value for name, value in request.headers.items()}
    if refused := doors.refusal(request.method, headers, _CONTENT_TYPES, _HOSTS):
        return problem(refused[0], "Forbidden", "about:blank", detail=refused[1])
    response: web.StreamResponse = await handler(request)
    return response


async def _main(arguments: argparse.Namespace) -> None:
    clock = posts.current_times()
    if arguments.span_hours:
        clock = posts.spread(arguments.posts, datetime.now(UTC), timedelta(hours=arguments.span_hours))
    core = Core(time.time, RuleBook(time.time_ns()))
    core.indexed_until = lambda what: time.time() - (arguments.search_lag if what == "search" else 0.0)
    topic = core.rules.topic if arguments.own_topic else tuple
    if arguments.posts_file:
        written = iter(posts_file.read(arguments.posts_file))
    else:
        written = itertools.islice(writer.write(arguments.seed, clock, topic), arguments.posts)
    state = State(os.environ.get("X_BEARER_TOKEN", "local"), core, credits=arguments.credits)
    core.is_connected = lambda: state.open_stream is not None or state.ghost
    wrong = Misbehaviour(state)
    feed = Feed(state, wrong, written, arguments.rate, arguments.fault)
    x = X(state, feed, wrong, Compliance(arguments.compliance_seconds), arguments.keep_alive)
    runner = web.AppRunner(x.app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", arguments.port)
    await site.start()
    log.event("ready", "x", port=runner.addresses[0][1])
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ticker = asyncio.create_task(log.tick("x", state.totals))
    await stop.wait()
    ticker.cancel()
    if arguments.truth:
        arguments.truth.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in x.truth()))
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m local.emulators.x.server", description="X's API on this machine, until Ctrl-C."
    )
    parser.add_argument("--port", type=int, default=9052)
    parser.add_argument("--posts", type=int, default=1_000, help="distinct posts to send (%(default)s)")
    parser.add_argument("--rate", type=float, default=150.0, help="posts a second (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--own-topic", action="store_true", help="make posts of the words of the rules, not of the example's"
    )
    parser.add_argument("--posts-file", type=Path, metavar="FILE", help="send the posts of this file, X's JSON lines")
    parser.add_argument(
        "--span-hours", type=float, default=0.0, help="spread the posts' times over so many hours before now"
    )
    parser.add_argument(
        "--keep-alive",
        type=float,
        default=20.0,
        help="seconds of quiet after which X sends an empty line (%(default)s)",
    )
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="NAME@SECONDS[xTIMES]",
        help=f"what goes wrong, and when after the first connection: {', '.join(faults.NAMES)}",
    )
    parser.add_argument(
        "--search-lag", type=float, default=10.0, help="seconds by which search is behind (%(default)s)"
    )
    parser.add_argument(
        "--compliance-seconds", type=float, default=2.0, help="how long X takes for a compliance job (%(default)s)"
    )
    parser.add_argument(
        "--credits", type=float, metavar="DOLLARS", help="what is left of the account; none: X does not say"
    )
    parser.add_argument("--truth", type=Path, metavar="FILE", help="at the end, a line for each post that was made")
    asyncio.run(_main(parser.parse_args()))


def _fault(text: str) -> Fault:
    try:
        return faults.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    main()
