"""The emulators' log: one JSON line an event to stdout, as our own parts write it."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

import orjson


def event(name: str, part: str, severity: str = "INFO", /, **fields: Any) -> None:
    """Write an event in one call, so that lines never mix."""
    record = {"severity": severity, "part": part, "event": name, "time": datetime.now(UTC).isoformat(), **fields}
    sys.stdout.write(orjson.dumps(record, default=str).decode() + "\n")
    sys.stdout.flush()


async def tick(part: str, totals: dict[str, int], seconds: float = 0.5) -> None:
    """Log the totals whenever they changed, and once more when cancelled."""
    reported: dict[str, int] = {}
    try:
        while True:
            if totals != reported:
                reported = dict(totals)
                event("totals", part, **reported)
            await asyncio.sleep(seconds)
    finally:
        if totals != reported:
            event("totals", part, **totals)
