"""The web server of the live page: the page, and its numbers as JSON."""

import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import orjson
import uvicorn
from rich.console import Console
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from .. import page, query
from ..errors import UsageError
from ..query import Source
from . import charts
from .snapshot import EMBEDDED, REAL, Snapshots

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def serve(source: Source, host: str, port: int, timezone: str, console: Console) -> int:
    """Serve the page until Ctrl-C. Raises UsageError if it cannot listen."""
    if not host:
        raise UsageError("--host '' would be every address of this machine. Name one; 127.0.0.1 is this machine alone.")
    listener = _listen(host, port)
    shown = "localhost" if host in ("127.0.0.1", "::1") else f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}"
    refresh, step = EMBEDDED if query.is_embedded() else REAL
    console.print(f"The live page: [bold cyan]{address}[/]. Ctrl-C ends it.")
    if not query.is_embedded():
        console.print(f"One query each {refresh:.0f} s while somebody looks, none otherwise.", style="dim")
    if host not in ("127.0.0.1", "::1", "localhost"):
        console.print("Whoever reaches this address reads the posts: there is no password.", style="yellow")
    app = application(Snapshots(source, refresh, step), host, timezone)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=2, server_header=False
    )
    with suppress(KeyboardInterrupt):  # uvicorn has stopped everything, and then raises it again
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def application(snapshots: Snapshots, host: str, timezone: str) -> Starlette:
    """Return the web app. It answers only to its own host name, so that another site's page cannot read it through a name of that site."""
    hosts = ["localhost", "127.0.0.1", "[::1]", host.lower()] if host not in ("0.0.0.0", "::") else ["*"]

    async def index(request: Request) -> Response:
        html = page.render(
            "live.html",
            dataset=snapshots.source.name,
            charts=page.as_json(charts.specs()),
            timezone=timezone,
            is_synthetic=snapshots.source.is_synthetic,
        )
        return HTMLResponse(html, headers=_HEADERS)

    async def now(request: Request) -> Response:
        if "origin" in request.headers or request.headers.get("sec-fetch-site", "same-origin") not in (
            "same-origin",
            "none",
        ):
            return Response("These numbers are for the page that this server shows.\n", 403, headers=_HEADERS)
        return Response(_json(await snapshots.now()), media_type="application/json", headers=_HEADERS)

    routes: list[tuple[str, Callable[[Request], Awaitable[Response]]]] = [("/", index), ("/now.json", now)]
    return Starlette(
        routes=[Route(path, handler) for path, handler in routes],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()  # so that the address works as soon as it is printed
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"The page cannot be served at {host}:{port}: {getattr(error, 'strerror', None) or error}. Another program may "
            "have the port: choose another with --port, or 0 for any."
        ) from None
    return listener


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)
