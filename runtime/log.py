"""One JSON line an event to stdout, as Cloud Logging reads it. Counts and ids, never a token or the text of a post.

A process names itself once, with `start`. A process that may not wait for its stdout gives a writer of its own (queued_log.py).
"""

import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

# https://cloud.google.com/trace/docs/trace-context: traceparent, and Google's older X-Cloud-Trace-Context
_TRACE = re.compile(r"(?:00-)?([0-9a-f]{32})(?![0-9a-f])")


def _write_to_stdout(record: dict[str, Any]) -> None:
    """Write a line in one call, so that lines of two threads do not mix."""
    try:
        sys.stdout.write(orjson.dumps(record, default=str).decode() + "\n")
        sys.stdout.flush()
    except OSError:
        # a log that cannot be written must not cost a post: drop the line, and what was in the buffer
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)


_part = ""
_write: Callable[[dict[str, Any]], None] = _write_to_stdout


def start(part: str, write: Callable[[dict[str, Any]], None] = _write_to_stdout) -> None:
    """Set the name under which this process logs, and how its lines are written."""
    global _part, _write
    _part, _write = part, write


def event(name: str, severity: str = "INFO", /, **fields: Any) -> None:
    """Log one event."""
    _write({"severity": severity, "part": _part, "event": name, "time": datetime.now(UTC).isoformat(), **fields})


def trace(project: str, header: str) -> dict[str, str]:
    """Return the field by which Cloud Logging groups a line with its request; empty if the header names no trace."""
    match = _TRACE.match(header)
    return {"logging.googleapis.com/trace": f"projects/{project}/traces/{match[1]}"} if match else {}
