"""One JSON line an event to stdout, as Cloud Logging reads it. Outcomes and ids, never the text of a post."""

import os
import re
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

PART = "load_tweet"
# https://cloud.google.com/trace/docs/trace-context: traceparent, and Google's older X-Cloud-Trace-Context
_TRACE = re.compile(r"(?:00-)?([0-9a-f]{32})(?![0-9a-f])")


def event(name: str, severity: str = "INFO", /, **fields: Any) -> None:
    """Log one event. The line is written in one call, so that lines of two threads do not mix."""
    record = {"severity": severity, "part": PART, "event": name, "time": datetime.now(UTC).isoformat(), **fields}
    try:
        sys.stdout.write(orjson.dumps(record, default=str).decode() + "\n")
        sys.stdout.flush()
    except OSError:
        # a log that cannot be written must not cost a post: drop the line, and what was in the buffer
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)


def trace(project: str, header: str) -> dict[str, str]:
    """Return the field by which Cloud Logging groups a line with its request; empty if the header names no trace."""
    found = _TRACE.match(header)
    return {"logging.googleapis.com/trace": f"projects/{project}/traces/{found[1]}"} if found else {}
