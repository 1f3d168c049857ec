"""Who may use a server on this machine: programs that call it by its own name, and no web page.

A page that somebody has open in a browser can send requests to 127.0.0.1. It can send them with a name of its own that leads
here (DNS rebinding), or from its own origin, and it cannot read the answer but has done its harm. A browser always says so: in Host, or in
Origin. Other content types than the server's are refused because a page may send a few of them without asking first.
"""

from collections.abc import Collection, Mapping

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def refusal(
    method: str, headers: Mapping[str, str], content_types: Collection[str], hosts: Collection[str] = HOSTS
) -> tuple[int, str] | None:
    """Return why a request is refused, as status and sentence; None if it is let in. Header names are in small letters."""
    host = headers.get("host", "")
    name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
    if name.lower() not in hosts:
        return (
            403,
            f"This server is for programs on this machine, which call it localhost or 127.0.0.1, and not '{name[:100]}'.",
        )
    if "origin" in headers:
        return 403, "This server is for programs on this machine. A web page may not use it."
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if method in _WITH_BODY and has_body and kind not in content_types:
        return (
            415,
            f"The body's Content-Type is '{kind[:100]}', and this server takes {', '.join(sorted(content_types))}.",
        )
    return None


class Door:
    """In front of an ASGI app."""

    def __init__(self, app: ASGIApp, content_types: Collection[str]) -> None:
        self._app = app
        self._content_types = content_types

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refused = refusal(scope["method"], headers, self._content_types)
        if refused is None:
            await self._app(scope, receive, send)
            return
        status, sentence = refused
        await JSONResponse({"error": {"code": status, "message": sentence}}, status)(scope, receive, send)
