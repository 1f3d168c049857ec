"""What BigQuery can be told to do wrong with the next inserts: PUT /stand-in/faults, `NAME[xTIMES][@TABLE]` a line.

500 · 503 · 429 (rateLimitExceeded) · 403 (quotaExceeded) · 404 (no such table) · hang (no answer for 30 s) · slow (2 s, then it is done) ·
lost (it is done, and the answer is cut off) · partial (every third row fails for BigQuery's own reasons) · garbled (200, and no JSON).
`refused` (a load job stores nothing, because of a row) · `unfinished` (a load job fails for BigQuery's own reasons).
`drop:COLUMN` takes a column away, until all is forgotten by an empty body.
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

Answer = tuple[int, bytes]


@dataclass(slots=True)
class Faults:
    """The faults that wait for their insert: (name, table or '', times left)."""

    _waiting: list[tuple[str, str, int]] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)

    def tell(self, text: str) -> None:
        """Raises ValueError with what is known."""
        for line in text.split():
            if line.startswith("drop:"):
                self.dropped.add(line.removeprefix("drop:"))
                continue
            found = re.fullmatch(r"([a-z]+|[0-9]+)(?:x([0-9]+))?(?:@([a-z_]+))?", line)
            if not found or found[1] not in NAMES:
                raise ValueError(f"'{line}' is no fault: NAME[xTIMES][@TABLE], with one of {', '.join(NAMES)}")
            self._waiting.append((found[1], found[3] or "", int(found[2] or 1)))

    def forget(self) -> None:
        self._waiting.clear()
        self.dropped.clear()

    def next(self, table: str, *, of_load: bool = False) -> str | None:
        for place, (name, wanted, times) in enumerate(self._waiting):
            if wanted in ("", table) and (name in _LOADS) == of_load:
                self._waiting[place : place + 1] = [(name, wanted, times - 1)] if times > 1 else []
                return name
        return None


def failing(rows: int) -> list[dict[str, Any]]:
    """The errors of `partial`; the other rows are stored."""
    error = {"reason": "backendError", "message": "told to"}
    return [{"index": index, "errors": [error]} for index in range(0, rows, 3)]


def load_error(name: str) -> dict[str, str]:
    """The error of a load job that is told to fail."""
    return {"reason": _LOADS[name], "message": f"told to: {name}"}


async def answer_instead(name: str) -> Answer | None:
    """The answer to an insert that is not done; None where it is to be done all the same."""
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
