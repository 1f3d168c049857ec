"""Faults that a test can request for the next inserts: PUT /stand-in/faults, one `NAME[xTIMES][@TABLE]` a line.

500 · 503 · 429 (rateLimitExceeded) · 403 (quotaExceeded) · 404 (no such table) · hang (no answer for 30 s) · slow (stores after 2 s) ·
lost (stores, and cuts the answer off) · partial (every third row fails for BigQuery's own reasons) · garbled (200, and no JSON).
For load jobs: `refused` (stores nothing, because of a row) · `unfinished` (fails for BigQuery's own reasons).
`drop:COLUMN` removes a column. `inexact:NUMBER` refuses JSON that holds this number, such as 67.174118, as GoogleSQL's exact mode
does; nobody has seen insertAll do so. An empty body ends all faults.
"""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

import orjson

_ERRORS = {
    "500": (500, "backendError"),
    "503": (503, "backendError"),
    "429": (429, "rateLimitExceeded"),
    "403": (403, "quotaExceeded"),
    "404": (404, "notFound"),
}
_LOADS = {"refused": "invalid", "unfinished": "backendError"}
NAMES = (*_ERRORS, "hang", "slow", "lost", "partial", "garbled", *_LOADS)
_HANG_SECONDS = 30.0
_SLOW_SECONDS = 2.0

Reply = tuple[int, bytes]


@dataclass(slots=True)
class Faults:
    """The faults that have not happened yet: (name, table or '', times left)."""

    _waiting: list[tuple[str, str, int]] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)
    inexact: set[str] = field(default_factory=set)

    def tell(self, text: str) -> None:
        """Add faults. Raises ValueError, which names the known ones."""
        for line in text.split():
            if line.startswith("drop:"):
                self.dropped.add(line.removeprefix("drop:"))
                continue
            if line.startswith("inexact:"):
                self.inexact.add(line.removeprefix("inexact:"))
                continue
            match = re.fullmatch(r"([a-z]+|[0-9]+)(?:x([0-9]+))?(?:@([a-z_]+))?", line)
            if not match or match[1] not in NAMES:
                raise ValueError(f"'{line}' is no fault: NAME[xTIMES][@TABLE], with one of {', '.join(NAMES)}")
            self._waiting.append((match[1], match[3] or "", int(match[2] or 1)))

    def forget(self) -> None:
        self._waiting.clear()
        self.dropped.clear()
        self.inexact.clear()

    def next(self, table: str, *, is_load: bool = False) -> str | None:
        for place, (name, fault_table, times) in enumerate(self._waiting):
            if fault_table in ("", table) and (name in _LOADS) == is_load:
                self._waiting[place : place + 1] = [(name, fault_table, times - 1)] if times > 1 else []
                return name
        return None


def failing(rows: int) -> list[dict[str, Any]]:
    """Return the errors of `partial`; the other rows are stored."""
    error = {"reason": "backendError", "message": "told to"}
    return [{"index": index, "errors": [error]} for index in range(0, rows, 3)]


def load_error(name: str) -> dict[str, str]:
    """Return the error of a load job that is to fail."""
    return {"reason": _LOADS[name], "message": f"told to: {name}"}


async def replace_reply(name: str) -> Reply | None:
    """Return the answer to an insert that stores nothing, or None where it stores all the same."""
    if name in _ERRORS:
        status, reason = _ERRORS[name]
        body = {
            "error": {
                "code": status,
                "message": f"told to: {reason}",
                "errors": [{"reason": reason, "message": "told to"}],
            }
        }
        return status, orjson.dumps(body)
    if name == "garbled":
        return 200, b'{"kind":"bigquery#tableDataIns'
    if name not in ("hang", "slow"):
        return None
    await asyncio.sleep(_HANG_SECONDS if name == "hang" else _SLOW_SECONDS)
    return (503, b"{}") if name == "hang" else None
