"""One JSON line an event to stdout, as Cloud Logging reads it. Counts and ids, never a token or the text of a post."""

import logging
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

PART = "ingester"


def event(name: str, severity: str = "INFO", /, **fields: Any) -> None:
    """Written whole in one call, so that lines of two threads do not mix."""
    record = {"severity": severity, "part": PART, "event": name, "time": datetime.now(UTC).isoformat(), **fields}
    try:
        sys.stdout.write(orjson.dumps(record, default=str).decode() + "\n")
        sys.stdout.flush()
    except OSError:
        # a log that cannot be written must not cost a post: the line is given up, with what was in the buffer
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)


def quiet() -> None:
    """tweepy logs request headers, the bearer token with them, at DEBUG, and every answer's body at ERROR: neither is for us."""
    logging.getLogger("tweepy").setLevel(logging.CRITICAL)
    logging.getLogger("tweepy").propagate = False


class Totals:
    """Tells a line of cumulative counts each second in which they changed, and once at the end."""

    def __init__(self, read: Callable[[], dict[str, int]]) -> None:
        self._read = read
        self._told: dict[str, int] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="totals", daemon=True)
        self._thread.start()

    def tell(self) -> None:
        counts = self._read()
        if counts != self._told:
            self._told = counts
            event("totals", **counts)

    def stop(self) -> None:
        self._end.set()
        self._thread.join(timeout=1)
        self.tell()

    def _run(self) -> None:
        while not self._end.wait(1):
            self.tell()
