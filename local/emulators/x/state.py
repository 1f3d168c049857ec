"""The emulator's state: token, rules, posts, bill, counts, and the client that holds the stream."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from . import posts
from .bill import Bill
from .memory import Memory
from .rules import Rules


def _totals() -> dict[str, int]:
    names = ("sent", "missed", "connections", "attempts", "searches", "counts", "cleared", "mills")
    return dict.fromkeys(names, 0)


@dataclass(slots=True)
class State:
    """Shared by routes, feed and faults. Moments are monotonic seconds."""

    token: str
    rules: Rules
    memory: Memory
    bill: Bill = field(default_factory=Bill)
    totals: dict[str, int] = field(default_factory=_totals)
    expected: posts.Expected = field(default_factory=posts.Expected)
    held: web.StreamResponse | None = None  # the stream, if somebody holds it
    request: web.Request | None = None
    expansions: str = ""  # the ones that the stream was requested with
    wrote: float = 0.0
    connects: deque[float] = field(default_factory=deque)
    answers: deque[str] = field(default_factory=deque)  # faults that wait for the next connects
    search_answers: deque[str] = field(default_factory=deque)  # and for the next searches
    mute_until: float = 0.0  # neither posts nor keep-alives
    stalled_until: float = 0.0  # keep-alives only
    ghost: bool = False  # a connection that is gone and still counted
    no_archive: bool = False  # the app may not search the full archive
    credits: float | None = None  # dollars at the start; None: X does not say

    def charge(self, message: dict[str, Any]) -> None:
        """Bill what a message delivers."""
        self.bill.deliver(message)
        self.totals["mills"] = self.bill.mills

    def abort(self) -> None:
        """Reset the connection, as X may."""
        if self.request is not None and self.request.transport is not None:
            self.request.transport.abort()
        self.held = self.request = None


def leave_out(message: dict[str, Any], expansions: str) -> None:
    """Remove the objects that were not asked for."""
    includes, asked = message.get("includes") or {}, expansions.split(",")
    if "author_id" not in asked:
        includes.pop("users", None)
    if "referenced_tweets.id" not in asked:
        for kind in ("tweets", "posts"):
            includes.pop(kind, None)
