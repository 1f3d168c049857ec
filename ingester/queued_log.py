"""Log lines that are written by a thread of their own.

A pipe that nobody reads, or a closed stdout, costs lines and never a post: what does not fit into the queue is counted, and the next line
that is written says how many were lost.
"""

import asyncio
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson

from runtime import log

_WAITING = 10_000  # lines, some 3 MB
_STDOUT = 1

_lines: queue.Queue[bytes] = queue.Queue(_WAITING)
_lost = 0
_start = threading.Lock()
_writer: threading.Thread | None = None


def start() -> None:
    """Log through the queue from now on."""
    log.start("ingester", _put)


def _put(record: dict[str, Any]) -> None:
    """Queue one line; it is written whole, in one call."""
    global _lost  # noqa: PLW0603 - a counter; a race costs at most its exactness
    if _lost:
        record["lines_lost"] = _lost
    try:
        _lines.put_nowait(orjson.dumps(record, default=str) + b"\n")
    except queue.Full:
        _lost += 1
    else:
        _lost = 0
    _begin()


def flush(seconds: float) -> None:
    """Wait for the lines to be written, for so many seconds at most."""
    deadline = time.monotonic() + seconds
    while _lines.unfinished_tasks and time.monotonic() < deadline:
        time.sleep(0.002)


def end(code: int) -> None:
    """End the process. Python's own end would turn a stdout that cannot be flushed into exit code 120."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def silence_tweepy() -> None:
    """Silence tweepy: it logs request headers, the bearer token with them, at DEBUG, and every answer's body at ERROR."""
    logging.getLogger("tweepy").setLevel(logging.CRITICAL)
    logging.getLogger("tweepy").propagate = False


def _begin() -> None:
    global _writer  # noqa: PLW0603 - one a process
    if _writer is None:
        with _start:
            if _writer is None:
                _writer = threading.Thread(target=_write_forever, name="log", daemon=True)
                _writer.start()


def _write_forever() -> None:
    while True:
        line = _lines.get()
        try:
            while line:
                line = line[os.write(_STDOUT, line) :]
        except OSError:
            pass  # closed, or full: drop the line
        finally:
            _lines.task_done()


class Totals:
    """Logs cumulative counts each second in which they changed, and once at the end."""

    def __init__(self, read: Callable[[], dict[str, int]]) -> None:
        self._read = read
        self._logged: dict[str, int] = {}

    def log(self) -> None:
        counts = self._read()
        if counts != self._logged:
            self._logged = counts
            log.event("totals", **counts)

    async def keep_logging(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.log()
