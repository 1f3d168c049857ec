"""Sends the stream: posts at their times, keep-alives, and faults in between."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Iterator

import orjson
from aiohttp import web

from .. import log
from . import posts
from .faults import Fault
from .misbehaviour import Misbehaviour
from .rendering import render
from .rule_book import matching
from .state import State

_SLOW = 1.0  # seconds in which the buffers stay full until X throws the reader out


class Feed:
    """Makes posts from the first connection on, and sends them to the client that holds the stream."""

    def __init__(
        self, state: State, wrong: Misbehaviour, written: Iterator[posts.Post], rate: float, faults: list[Fault]
    ) -> None:
        """`rate` is in posts a second; `faults` happen at their times."""
        self._state = state
        self._misbehaviour = wrong
        self._posts = written
        self._rate = rate
        self._wrong = deque(sorted(faults, key=lambda fault: fault.at))
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start the clock, if it does not run yet."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        """Make a post every 1/rate seconds. After a pause of the machine, those that are due go out together."""
        began = time.monotonic()
        rules = itertools.cycle(range(1_000_000))
        last_rules: list[dict[str, str]] = []
        for number, post in enumerate(self._posts):
            ahead = began + number / self._rate - time.monotonic()
            if ahead > 0.005:
                await asyncio.sleep(ahead)
            while self._wrong and time.monotonic() - began >= self._wrong[0].at:
                await self._misbehaviour.trigger(self._wrong.popleft())
            self._state.expected.add(post)
            last_rules = list(self._state.core.rules.active) or last_rules
            rule = matching(last_rules, post.data["text"], next(rules))
            written = posts.WrittenPost(post, rule["value"], time.time())
            self._state.core.timeline.add(written)
            is_connected = self._state.open_stream is not None and time.monotonic() >= max(
                self._state.mute_until, self._state.stalled_until
            )
            if is_connected and self._state.open_stream is not None and self._state.core.rules.active:
                await self._send(self._state.open_stream, written, {"id": rule["id"], "tag": rule["tag"]})
            if not written.is_sent:
                self._state.totals["missed"] += 1
        log.event(
            "all_sent",
            "x",
            **self._state.totals,
            expected_posts=len(self._state.expected.ids),
            expected_about_music=len(self._state.expected.ids_about_music),
        )

    async def _send(self, stream: web.StreamResponse, written: posts.WrittenPost, rule: dict[str, str]) -> None:
        message = render(written.post.message([rule]), self._state.parameters)
        line = orjson.dumps(message)
        try:
            async with asyncio.timeout(_SLOW):
                await stream.write(line + b"\r\n")
        except ConnectionError:
            return  # the reader has gone: the post counts as missed
        except TimeoutError:
            log.event("slow_reader", "x", message="thrown out: it does not read")
            self._state.abort()
            return
        self._state.wrote = time.monotonic()
        written.is_sent = True
        self._state.totals["sent"] += 1
        self._state.core.deliver(message)
        self._state.totals["mills"] = self._state.core.bill.mills
