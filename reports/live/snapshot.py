"""What the live page shows, asked of BigQuery at most once a refresh, however many look at it."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from anyio.to_thread import run_sync

from .. import query, questions
from ..errors import ReportError
from ..query import Source

# seconds between two queries, and of a step of the charts: a real BigQuery bills 10 MiB at least for each table of each query
EMBEDDED = (2.0, 5)
REAL = (60.0, 60)


@dataclass(slots=True)
class Snapshots:
    """`bytes_billed` and `queries` since the page began; `refresh` and `step` in seconds."""

    source: Source
    refresh: float
    step: int
    queries: int = 0
    bytes_billed: int = 0
    _last: dict[str, Any] = field(default_factory=dict)
    _queried_at: float = -1e9
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def now(self) -> dict[str, Any]:
        """The newest answer; an error is an answer too, with the words for it, and the one before beside it."""
        async with self._lock:
            if time.monotonic() - self._queried_at >= self.refresh:
                self._last = await run_sync(self._ask, abandon_on_cancel=True)
                self._queried_at = time.monotonic()
            return self._last

    def _ask(self) -> dict[str, Any]:
        began, now = time.monotonic(), datetime.now(UTC)
        question = questions.load("live/now")
        parameters: dict[str, tuple[str, object]] = {"now": ("TIMESTAMP", now), "seconds": ("INT64", self.step)}
        try:
            rows, billed = query.query(self.source, question.template, parameters)
        except ReportError as error:
            return {**self._last, "error": str(error)}
        self.queries += 1
        self.bytes_billed += billed
        row = {name: float(value) if isinstance(value, Decimal) else value for name, value in rows[0].items()}
        return {
            **row,
            "error": None,
            "now": now,
            "step": self.step,
            "refresh": self.refresh,
            "took": time.monotonic() - began,
            "bytes_billed": self.bytes_billed,
            "dollars_of_queries": self.bytes_billed / 2**40 * query.DOLLARS_A_TEBIBYTE,
            "queries": self.queries,
            "embedded": query.is_embedded(),
        }
