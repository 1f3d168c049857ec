"""X's rules endpoints and filtered stream: chunked, CRLF, keep-alives, one connection, 409 without rules.

    python -m local.x.server --port 9052 --posts 2000 --rate 150 --seed 1

The stream's clock starts with the first connection and goes on: what is due while nobody holds the stream is missed, as at
X. Rules are kept and counted but not evaluated: every post is sent as matching one of them.
"""

import argparse
import asyncio
import itertools
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp import web

from .. import log
from . import posts

PROBLEM = "https://api.x.com/2/problems/"
LONGEST_RULE = 1_024


class X:
    """The state behind the endpoints."""

    def __init__(self, token: str, written: Iterator[posts.Post], rate: float, keep_alive: float) -> None:
        self._token = token
        self._posts = written
        self._rate = rate
        self._keep_alive = keep_alive
        self._rules: dict[str, dict[str, str]] = {}
        self._ids = itertools.count(1_800_000_000_000_000_000)
        self._stream: web.StreamResponse | None = None
        self._feed: asyncio.Task[None] | None = None
        self._wrote = 0.0
        self.totals = {"sent": 0, "missed": 0, "connections": 0}
        self.expected = posts.Expected()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._authorized])
        app.router.add_get("/2/tweets/search/stream", self.stream)
        app.router.add_get("/2/tweets/search/stream/rules", self.get_rules)
        app.router.add_post("/2/tweets/search/stream/rules", self.post_rules)
        return app

    @web.middleware
    async def _authorized(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            return _problem(401, "Unauthorized", "about:blank", detail="Unauthorized")
        response: web.StreamResponse = await handler(request)
        return response

    async def get_rules(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = {"meta": {"sent": _now(), "result_count": len(self._rules)}}
        if self._rules:
            body["data"] = list(self._rules.values())
        return _json(200, body)

    async def post_rules(self, request: web.Request) -> web.Response:
        try:
            wanted = orjson.loads(await request.read())
        except orjson.JSONDecodeError:
            return _problem(400, "Invalid Request", f"{PROBLEM}invalid-request", detail="The body is not JSON.")
        dry = request.query.get("dry_run") == "true"
        if "delete" in wanted:
            return self._delete(wanted["delete"], dry)
        return self._add(wanted.get("add") or [], dry)

    def _add(self, wanted: list[dict[str, str]], dry: bool) -> web.Response:
        known = {rule["value"]: rule for rule in self._rules.values()}
        added: list[dict[str, str]] = []
        errors: list[dict[str, Any]] = []
        for rule in wanted:
            value = rule.get("value", "")
            if value in known:
                errors.append(
                    {
                        "value": value,
                        "id": known[value]["id"],
                        "title": "DuplicateRule",
                        "type": f"{PROBLEM}duplicate-rules",
                    }
                )
            elif (
                not value.strip()
                or len(value) > LONGEST_RULE
                or value.count('"') % 2
                or value.count("(") != value.count(")")
            ):
                details = [
                    f"Rule '{value[:40]}' is not valid: empty, too long (max {LONGEST_RULE}), or quotes or parentheses do not match"
                ]
                errors.append(
                    {
                        "value": value,
                        "details": details,
                        "title": "UnprocessableEntity",
                        "type": f"{PROBLEM}invalid-rules",
                    }
                )
            else:
                known[value] = {"id": str(next(self._ids)), "value": value, "tag": rule.get("tag", "")}
                added.append(known[value])
        if not dry:
            self._rules |= {rule["id"]: rule for rule in added}
        summary = {"created": len(added), "not_created": len(errors), "valid": len(added), "invalid": len(errors)}
        body: dict[str, Any] = {"meta": {"sent": _now(), "summary": summary}}
        return _json(
            201 if added else 200, body | ({"data": added} if added else {}) | ({"errors": errors} if errors else {})
        )

    def _delete(self, wanted: dict[str, list[str]], dry: bool) -> web.Response:
        values = set(wanted.get("values") or [])
        found = [i for i, rule in self._rules.items() if i in (wanted.get("ids") or []) or rule["value"] in values]
        if not dry:
            for rule_id in found:
                del self._rules[rule_id]
        asked = len(wanted.get("ids") or []) + len(values)
        return _json(
            200, {"meta": {"sent": _now(), "summary": {"deleted": len(found), "not_deleted": asked - len(found)}}}
        )

    async def stream(self, request: web.Request) -> web.StreamResponse:
        if not self._rules:
            return _problem(
                409, "ConnectionException", f"{PROBLEM}streaming-connection", connection_issue="RuleConfigurationIssue",
                detail="You must define rules using the POST /2/tweets/search/stream/rules endpoint before connecting to filtered stream.",
            )  # fmt: skip
        if self._stream is not None:
            return _problem(
                429, "ConnectionException", f"{PROBLEM}streaming-connection", connection_issue="TooManyConnections",
                detail="This stream is currently at the maximum allowed connection limit.",
            )  # fmt: skip
        response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
        response.enable_chunked_encoding()
        self._stream = response
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
            self._stream = None
        return response

    async def _hold(self, request: web.Request, response: web.StreamResponse) -> None:
        """Keep-alives, until the client goes away (aiohttp then cancels or the transport closes)."""
        while request.transport is not None and not request.transport.is_closing():
            if time.monotonic() - self._wrote >= self._keep_alive:
                await response.write(b"\r\n")
                self._wrote = time.monotonic()
            await asyncio.sleep(min(0.1, self._keep_alive))

    async def _run(self) -> None:
        """One post every 1/rate seconds; after a pause of the machine's, those that are due go out together."""
        began = time.monotonic()
        rules = itertools.cycle(range(1_000_000))
        for number, post in enumerate(self._posts):
            ahead = began + number / self._rate - time.monotonic()
            if ahead > 0.005:
                await asyncio.sleep(ahead)
            self.expected.add(post)
            held = list(self._rules.values())
            if self._stream is None or not held:
                self.totals["missed"] += 1
                continue
            rule = held[next(rules) % len(held)]
            await self._send(self._stream, post.line([{"id": rule["id"], "tag": rule["tag"]}]))
        log.event("all_sent", "x", **self.totals, expected_posts=len(self.expected.ids))

    async def _send(self, stream: web.StreamResponse, line: bytes) -> None:
        try:
            await stream.write(line + b"\r\n")
        except ConnectionError:
            self.totals["missed"] += 1
        else:
            self._wrote = time.monotonic()
            self.totals["sent"] += 1


def _json(status: int, body: Any) -> web.Response:
    headers = {
        "x-rate-limit-limit": "50",
        "x-rate-limit-remaining": "48",
        "x-rate-limit-reset": str(int(time.time()) + 900),
    }
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json", headers=headers)


def _problem(status: int, title: str, kind: str, **more: str) -> web.Response:
    return _json(status, {"title": title, "type": kind, "status": status, **more})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _main(arguments: argparse.Namespace) -> None:
    clock = posts.live()
    if arguments.span_hours:
        clock = posts.spread(arguments.posts, datetime.now(UTC), timedelta(hours=arguments.span_hours))
    written = itertools.islice(posts.write(arguments.seed, clock), arguments.posts)
    x = X(os.environ.get("X_BEARER_TOKEN", "local"), written, arguments.rate, arguments.keep_alive)
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
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m local.x.server", description="X's API on this machine, until Ctrl-C."
    )
    parser.add_argument("--port", type=int, default=9052)
    parser.add_argument("--posts", type=int, default=1_000, help="distinct posts to send (%(default)s)")
    parser.add_argument("--rate", type=float, default=150.0, help="posts a second (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--span-hours", type=float, default=0.0, help="spread the posts' times over so many hours before now"
    )
    parser.add_argument(
        "--keep-alive",
        type=float,
        default=20.0,
        help="seconds of quiet after which X sends an empty line (%(default)s)",
    )
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
