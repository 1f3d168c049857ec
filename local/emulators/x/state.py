"""The emulator's state: token, rules, posts, bill, counts, and the client that holds the stream."""

from collections import deque
from dataclasses import dataclass, field

from aiohttp import web

from . import posts
from .core import Core


def _totals() -> dict[str, int]:
    names = ("sent", "missed", "connections", "attempts", "searches", "counts", "cleared", "mills")
    return dict.fromkeys(names, 0)


@dataclass(slots=True)
class State:
    """Shared by routes, feed and faults. Moments are monotonic seconds."""

    token: str
    core: Core
    totals: dict[str, int] = field(default_factory=_totals)
    expected: posts.Expected = field(default_factory=posts.Expected)
    open_stream: web.StreamResponse | None = None  # the stream, if somebody holds it
    request: web.Request | None = None
    parameters: dict[str, str] = field(default_factory=dict)  # with which the stream was requested
    wrote: float = 0.0
    connect_faults: deque[str] = field(default_factory=deque)  # faults that wait for the next connects
    search_faults: deque[str] = field(default_factory=deque)  # and for the next searches
    mute_until: float = 0.0  # neither posts nor keep-alives
    stalled_until: float = 0.0  # keep-alives only
    ghost: bool = False  # a connection that is gone and still counted
    credits: float | None = None  # dollars at the start; None: X does not say

    def abort(self) -> None:
        """Reset the connection, as X may."""
        if self.request is not None and self.request.transport is not None:
            self.request.transport.abort()
        self.open_stream = self.request = None
