"""What Google says for a while, or after it has accepted something. A test writes it down, a line of JSON each, in `faults.jsonl`.

{"method": "POST", "api": "pubsub", "path": "REGULAR EXPRESSION", "status": 403, "reason": "...", "message": "...", "times": 2}
{"build": "FAILURE", "times": 1}            a build that fails after it was accepted
{"function": "FAILED", "times": 1}          a function that could not be brought up after its deployment was accepted
{"job": "JOB_STATE_FAILED", "times": 1}     a Dataflow job that never runs after its launch was accepted
"""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

NAME = "faults.jsonl"


class Faults:
    """The faults of one project. Each is used `times` times, in the order in which requests come."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._used: Counter[str] = Counter()

    def refusal(self, method: str, api: str, path: str) -> dict[str, Any] | None:
        """Return the fault that refuses this request, if there is one."""
        for line, fault in self._left():
            if (
                "status" in fault
                and (fault["method"], fault["api"]) == (method, api)
                and re.search(fault["path"], path)
            ):
                self._used[line] += 1
                return fault
        return None

    def outcome(self, kind: str) -> str | None:
        """Return what becomes of a `build`, `function` or `job` that is accepted now; None if all goes well."""
        for line, fault in self._left():
            if kind in fault:
                self._used[line] += 1
                return str(fault[kind])
        return None

    def _left(self) -> list[tuple[str, dict[str, Any]]]:
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        faults = [(line, json.loads(line)) for line in lines]
        return [(line, fault) for line, fault in faults if self._used[line] < fault["times"]]
