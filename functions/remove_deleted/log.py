"""One JSON line an event to stdout, as Cloud Logging reads it. Counts and ids, never the text of a post."""

import os
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

PART = "remove_deleted"


def event(name: str, severity: str = "INFO", /, **fields: Any) -> None:
    """Log one event. The line is written in one call, so that lines of two threads do not mix."""
    record = {"severity": severity, "part": PART, "event": name, "time": datetime.now(UTC).isoformat(), **fields}
    try:
        sys.stdout.write(orjson.dumps(record, default=str).decode() + "\n")
        sys.stdout.flush()
    except OSError:
        # a log that cannot be written must not cost a post: drop the line, and what was in the buffer
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
