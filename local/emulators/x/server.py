"""X's rules, stream, search, counts, usage, connections and compliance: chunked, CRLF, keep-alives, one connection, 409 without rules.

    python -m local.emulators.x.server --port 9052 --posts 2000 --rate 150 --seed 1 --fault close@3 --fault 429-rate@6x2

The stream's clock starts with the first connection and goes on: what is due while nobody holds the stream is missed, as at
X. Rules are kept and counted but not evaluated: every post is made as matching one of them.
"""

import argparse
import asyncio
import itertools
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from .. import log
from . import faults, given, posts, writer
from .bill import Bill
from .compliance import Compliance
from .faults import PROBLEM, Fault
from .memory import Known, Memory, interval
from .responses import json, now, problem
from .rules import Rules, matching

_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}
_REACH = {"recent": (512, 100), "all": (1_024, 500)}  # characters of a query, posts of a page
_CONNECTS = 50  # in 15 minutes, as X allows
_SLOW = 1.0  # seconds in which the buffers stay full until X throws the reader out


class X:
    """The state behind the endpoints."""

    def __init__(
        self,
        token: str,
        written: Iterator[posts.Post],
        *,
        rate: float,
        keep_alive: float,
        wrong: list[Fault],
        rules: Rules,
        lag: float,
        compliance: Compliance,
    ) -> None:
        self._token = token
        self._posts = written
        self._rate = rate
        self._keep_alive = keep_alive
        self._wrong = deque(sorted(wrong, key=lambda fault: fault.at))
        self._answers: deque[str] = deque()  # faults that wait for the next connects
        self._search_answers: deque[str] = deque()  # and for the next searches
        self._rules = rules
        self._memory = Memory(lag)
        self._compliance = compliance
        self._bill = Bill()
        self._expansions = ""  # the ones that the stream was requested with
        self._stream: web.StreamResponse | None = None
        self._request: web.Request | None = None
        self._mute_until = 0.0  # monotonic: neither posts nor keep-alives
        self._stalled_until = 0.0  # keep-alives only
        self._ghost = False
        self._no_archive = False  # the app may not search the full archive
        self._feed: asyncio.Task[None] | None = None
        self._wrote = 0.0
        self._connects: deque[float] = deque()
        self.totals = compliance.totals | {
            "sent": 0,
            "missed": 0,
            "connections": 0,
            "attempts": 0,
            "searches": 0,
            "counts": 0,
            "cleared": 0,
            "mills": 0,
        }
        compliance.totals = self.totals  # the process has one line of counts
        self.expected = posts.Expected()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._authorized], client_max_size=1 << 28)
        app.router.add_get("/2/tweets/search/stream", self.stream)
        app.router.add_get("/2/tweets/search/stream/rules", self._rules.get)
        app.router.add_post("/2/tweets/search/stream/rules", self._rules.post)
        app.router.add_get("/2/tweets/search/{reach:recent|all}", self.search)
        app.router.add_get("/2/tweets/counts/{reach:recent|all}", self.count)
        app.router.add_get("/2/usage/tweets", self.usage)
        app.router.add_get("/2/connections", self.connections)
        app.router.add_delete("/2/connections/filtered_stream", self.clear)
        app.router.add_routes(self._compliance.routes())
        app.router.add_put("/stand-in/fault", self.be_told)
        return app

    def truth(self) -> Iterator[dict[str, Any]]:
        """Every post that was made, and what is to become of it."""
        for known in self._memory.known:
            post = known.post
            yield {
                "id": post.id,
                "lang": post.data["lang"],
                "retweet": known.is_retweet,
                "replaces": post.replaces,
                "sent": known.sent,
            }

    @web.middleware
    async def _authorized(self, request: web.Request, handler: Any) -> web.StreamResponse:
        open_to_all = request.path.startswith(
            ("/compliance-files/", "/stand-in/")
        )  # signed addresses, and those who test
        if not open_to_all and request.headers.get("Authorization") != f"Bearer {self._token}":
            return problem(401, "Unauthorized", "about:blank", detail="Unauthorized")
        response: web.StreamResponse = await handler(request)
        return response

    async def search(self, request: web.Request) -> web.Response:
        asked, reach = request.query, request.match_info["reach"]
        longest, most = _REACH[reach]
        self.totals["searches"] += 1
        if not 0 < len(asked.get("query", "")) <= longest:
            return _invalid(f"A query has 1 to {longest} characters.")
        if self._search_answers:
            return self._wrong_search(self._search_answers.popleft())
        if reach == "all" and self._no_archive:
            return self._problem("403")
        window, wanted = interval(asked, recent=reach == "recent"), asked.get("max_results", "10")
        if window is None or not wanted.isdecimal() or not 10 <= int(wanted) <= most:
            return _invalid(f"max_results is from 10 to {most}, ids are numbers, and times are RFC 3339.")
        (since, until), size = window, int(wanted)
        token = asked.get("next_token") or asked.get("pagination_token")  # X takes both; its SDK sends the second
        body = self._memory.search(asked["query"], since, until, size, token)
        _leave_out(body, asked.get("expansions", ""))
        self._charge(body)
        return json(200, body)

    async def count(self, request: web.Request) -> web.Response:
        asked, reach = request.query, request.match_info["reach"]
        self.totals["counts"] += 1
        if reach == "all" and self._no_archive:
            return self._problem("403")
        if not 0 < len(asked.get("query", "")) <= _REACH[reach][0]:
            return _invalid(f"A query has 1 to {_REACH[reach][0]} characters.")
        window, unit = interval(asked, recent=reach == "recent"), _SECONDS.get(asked.get("granularity", "hour"))
        if window is None or unit is None:
            return _invalid("granularity is minute, hour or day; ids are numbers, and times are RFC 3339.")
        since, until = window
        self._bill.request(f"counts_{reach}")
        self.totals["mills"] = self._bill.mills
        return json(200, self._memory.count(asked["query"], since, until, unit))

    def _charge(self, message: dict[str, Any]) -> None:
        self._bill.deliver(message)
        self.totals["mills"] = self._bill.mills

    async def usage(self, request: web.Request) -> web.Response:
        used = str(self.totals["sent"])
        return json(
            200, {"data": {"cap_reset_day": 28, "project_cap": "3000000", "project_id": "1", "project_usage": used}}
        )

    async def connections(self, request: web.Request) -> web.Response:
        held = self._stream is not None or self._ghost
        body: dict[str, Any] = {"meta": {"result_count": int(held)}}
        if held:
            body["data"] = [{"id": "1", "endpoint_name": "filtered_stream", "connected_at": now()}]
        return json(200, body)

    async def clear(self, request: web.Request) -> web.Response:
        self.totals["cleared"] += 1
        self._ghost = False
        self._abort()
        return json(200, {"data": {"killed_count": 1}})

    async def be_told(self, request: web.Request) -> web.Response:
        """A fault now, `NAME[xTIMES]`, from whoever tests."""
        name, _, times = (await request.text()).partition("x")
        await self._go_wrong(faults.parse(f"{name}@0" + (f"x{times}" if times else "")))
        return web.Response()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        self.totals["attempts"] += 1
        moment = time.monotonic()
        while self._connects and self._connects[0] < moment - 900:
            self._connects.popleft()
        if len(self._connects) >= _CONNECTS:
            return problem(429, "Too Many Requests", "about:blank", remaining=0)
        self._connects.append(moment)
        if self._answers:
            return await self._wrong_answer(self._answers.popleft(), request)
        if not self._rules.held:
            return problem(
                409, "ConnectionException", f"{PROBLEM}streaming-connection", connection_issue="RuleConfigurationIssue",
                detail="You must define rules using the POST /2/tweets/search/stream/rules endpoint before connecting to filtered stream.",
            )  # fmt: skip
        if self._stream is not None or self._ghost:
            return problem(
                429, "ConnectionException", f"{PROBLEM}streaming-connection", connection_issue="TooManyConnections",
                detail="This stream is currently at the maximum allowed connection limit.",
            )  # fmt: skip
        response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
        response.enable_chunked_encoding()
        self._expansions = request.query.get("expansions", "")
        self._stream, self._request = response, request
        self._mute_until = self._stalled_until = 0.0
        self.totals["connections"] += 1
        try:
            await response.prepare(request)
            self._wrote = time.monotonic()
            if self._feed is None:
                self._feed = asyncio.create_task(self._run())
            await self._hold(request, response)
        except ConnectionError:
            pass  # the client is gone; a stream has no one else to tell
        finally:
            if self._stream is response:
                self._stream = self._request = None
        return response

    async def _hold(self, request: web.Request, response: web.StreamResponse) -> None:
        """Keep-alives, until the client goes away (aiohttp then cancels or the transport closes), or we do."""
        while self._stream is response and request.transport is not None and not request.transport.is_closing():
            quiet = time.monotonic() - self._wrote
            if quiet >= self._keep_alive and time.monotonic() >= self._mute_until:
                await response.write(b"\r\n")
                self._wrote = time.monotonic()
            await asyncio.sleep(min(0.1, self._keep_alive))

    async def _run(self) -> None:
        """One post every 1/rate seconds; after a pause of the machine's, those that are due go out together."""
        began = time.monotonic()
        rules = itertools.cycle(range(1_000_000))
        last_rules: list[dict[str, str]] = []
        for number, post in enumerate(self._posts):
            ahead = began + number / self._rate - time.monotonic()
            if ahead > 0.005:
                await asyncio.sleep(ahead)
            while self._wrong and time.monotonic() - began >= self._wrong[0].at:
                await self._go_wrong(self._wrong.popleft())
            self.expected.add(post)
            last_rules = list(self._rules.held) or last_rules
            rule = matching(last_rules, post.data["text"], next(rules))
            known = self._memory.add(post, rule["value"])
            held = self._stream is not None and time.monotonic() >= max(self._mute_until, self._stalled_until)
            if held and self._stream is not None and self._rules.held:
                await self._send(self._stream, known, {"id": rule["id"], "tag": rule["tag"]})
            if not known.sent:
                self.totals["missed"] += 1
        log.event(
            "all_sent",
            "x",
            **self.totals,
            expected_posts=len(self.expected.ids),
            expected_about_music=len(self.expected.ids_about_music),
        )

    async def _send(self, stream: web.StreamResponse, known: Known, rule: dict[str, str]) -> None:
        message = known.post.message([rule])
        _leave_out(message, self._expansions)
        line = orjson.dumps(message)
        try:
            async with asyncio.timeout(_SLOW):
                await stream.write(line + b"\r\n")
        except ConnectionError:
            return
        except TimeoutError:
            log.event("slow_reader", "x", message="thrown out: it does not read")
            self._abort()
            return
        self._wrote = time.monotonic()
        known.sent = True
        self.totals["sent"] += 1
        self._charge(message)

    async def _go_wrong(self, fault: Fault) -> None:
        log.event("fault", "x", fault=fault.name, times=fault.times)
        stream = self._stream
        if fault.name == "rotate":
            self._token += "-rotated"
            self._abort()
        elif fault.name in faults.AT_SEARCH:
            self._search_answers.extend([fault.name] * fault.times)
        elif fault.name in faults.AT_CONNECT:
            if fault.name == "409":
                self._rules.held.clear()
            elif fault.name == "429-connections":
                self._ghost = True
            else:
                self._answers.extend([fault.name] * fault.times)
            self._abort()
        elif fault.name == "rules-gone":
            self._rules.held.clear()
        elif fault.name == "no-archive":
            self._no_archive = True
        elif fault.name == "silence":
            self._mute_until = time.monotonic() + 3_600
        elif fault.name == "stall":
            self._stalled_until = time.monotonic() + 3_600
        elif stream is not None:
            await self._say(stream, fault)

    async def _say(self, stream: web.StreamResponse, fault: Fault) -> None:
        """A fault that is something in the stream itself."""
        try:
            match fault.name:
                case "reset":
                    self._abort()
                    return
                case "partial":
                    await stream.write(b'{"data":{"id":"21')
                case "disconnect" | "disconnect-open" | "slow-reader":
                    await stream.write(orjson.dumps(faults.disconnect()) + b"\r\n")
                    if fault.name == "disconnect-open":
                        self._stalled_until = time.monotonic() + 3_600
                        return
                case "unknown":
                    await stream.write(b'{"info":{"message":"a kind of message that nobody knows"}}\r\n')
                    return
                case "duplicates":
                    for known in [known for known in self._memory.known if known.sent][-20:]:
                        await stream.write(known.post.line([{"id": "1", "tag": "again"}]) + b"\r\n")
                    return
        except ConnectionError:
            return
        self._stream = self._request = None  # `_hold` sees it, and ends the response cleanly

    def _abort(self) -> None:
        """A reset, as from X's side."""
        if self._request is not None and self._request.transport is not None:
            self._request.transport.abort()
        self._stream = self._request = None

    def _wrong_search(self, name: str) -> web.Response:
        if name == "search-garbled":
            return web.Response(body=b'{"data":[{"id":"2', content_type="application/json")
        if name == "search-empty":
            following = Memory.token((1 << 62) - len(self._search_answers))
            return json(200, {"meta": {"result_count": 0, "next_token": following}})
        kind = {"search-429": "429-rate"}.get(name, name.removeprefix("search-"))
        return self._problem(kind)

    async def _wrong_answer(self, name: str, request: web.Request) -> web.StreamResponse:
        if name == "html":
            return web.Response(status=502, text="<html>Bad gateway</html>", content_type="text/html")
        if name == "refuse":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return self._problem(name)

    def _problem(self, name: str) -> web.Response:
        status, body, headers = faults.ANSWERS[name]
        answer = json(status, body)
        for key, value in headers.items():
            answer.headers[key] = str(int(time.time()) + int(value)) if value.startswith("+") else value
        return answer


def _invalid(detail: str) -> web.Response:
    return problem(400, "Invalid Request", f"{PROBLEM}invalid-request", detail=detail)


def _leave_out(message: dict[str, Any], expansions: str) -> None:
    """Remove the objects that were not asked for."""
    includes, asked = message.get("includes") or {}, expansions.split(",")
    if "author_id" not in asked:
        includes.pop("users", None)
    if "referenced_tweets.id" not in asked:
        for kind in ("tweets", "posts"):
            includes.pop(kind, None)


async def _main(arguments: argparse.Namespace) -> None:
    clock = posts.live()
    if arguments.span_hours:
        clock = posts.spread(arguments.posts, datetime.now(UTC), timedelta(hours=arguments.span_hours))
    rules = Rules()
    topic = rules.topic if arguments.own_topic else tuple
    if arguments.given:
        written = iter(given.read(arguments.given))
    else:
        written = itertools.islice(writer.write(arguments.seed, clock, topic), arguments.posts)
    token = os.environ.get("X_BEARER_TOKEN", "local")
    x = X(
        token,
        written,
        rate=arguments.rate,
        keep_alive=arguments.keep_alive,
        wrong=arguments.fault,
        rules=rules,
        lag=arguments.search_lag,
        compliance=Compliance(arguments.compliance_seconds),
    )
    runner = web.AppRunner(x.app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", arguments.port)
    await site.start()
    log.event("ready", "x", port=runner.addresses[0][1])
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ticker = asyncio.create_task(log.tick("x", x.totals))
    await stop.wait()
    ticker.cancel()
    if arguments.truth:
        arguments.truth.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in x.truth()))
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
    parser.add_argument("--given", type=Path, metavar="FILE", help="send the posts of this file, X's JSON lines")
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
        "--fault", type=_fault, action="append", default=[], metavar="NAME@SECONDS[xTIMES]",
        help=f"what goes wrong, and when after the first connection: {', '.join(faults.NAMES)}",
    )  # fmt: skip
    parser.add_argument(
        "--search-lag", type=float, default=10.0, help="seconds by which search is behind (%(default)s)"
    )
    parser.add_argument(
        "--compliance-seconds", type=float, default=2.0, help="how long X takes for a compliance job (%(default)s)"
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
