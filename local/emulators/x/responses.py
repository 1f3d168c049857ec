"""X's answers: JSON, rate limits in the headers, and errors as problems."""

import time
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web

from .core import Reply


def json(status: int, body: Any, remaining: int = 48) -> web.Response:
    """Answer as X does, with the rate limits in the headers."""
    headers = {
        "x-rate-limit-limit": "50",
        "x-rate-limit-remaining": str(remaining),
        "x-rate-limit-reset": str(int(time.time()) + 900),
    }
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json", headers=headers)


def served(reply: Reply) -> web.Response:
    """Return an answer of the core over HTTP."""
    return json(reply.status, reply.body, reply.remaining)


def problem(status: int, title: str, kind: str, remaining: int = 48, **more: str) -> web.Response:
    """Return one of X's error bodies."""
    return json(status, {"title": title, "type": kind, "status": status, **more}, remaining)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
