"""Counts message outcomes and logs them for log-based metrics: by `outcome`, with `count`.

Each group logs one line per outcome, with the messages' ids, so that a message delivered twice can be counted once. Each second,
a line `totals` has all counts so far. No line holds the text of a post.

    loaded · filtered · rejected   stored, and acknowledged
    failed · busy                  given back to Pub/Sub, and counted each time that they come
"""

import asyncio
import atexit
from collections import Counter

from runtime import log
from warehouse.errors import BadMoment

from .commit import Entry

_MAX_FIELD_NAMES = 200  # names of unknown fields that are kept: what X sends is not ours to trust


class Outcomes:
    """Counts outcomes since the process began to serve, and logs them."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._totals: Counter[str] = Counter(
            loaded=0, filtered=0, rejected=0, failed=0, busy=0, unknown_fields=0, payload_numbers_as_text=0
        )
        self._reported: Counter[str] = Counter()
        self._unknown: set[str] = set()
        self._ticker = asyncio.get_running_loop().create_task(self._tick())
        atexit.register(self.log_totals)

    def on_stored(self, entries: list[Entry]) -> None:
        """Count stored messages, before they are acknowledged."""
        by_outcome: dict[str, list[Entry]] = {}
        for entry in entries:
            by_outcome.setdefault(entry.result.outcome, []).append(entry)
            if entry.result.unknown:
                self._log_unknown_fields(entry)
        for outcome, group in by_outcome.items():
            reasons = Counter(entry.result.reason for entry in group if entry.result.reason)
            self._log_group("stored", "WARNING" if outcome == "rejected" else "INFO", outcome, group, reasons=reasons)

    def on_failed(self, entries: list[Entry], error: BadMoment) -> None:
        """Log the failure of a group once, not once a message."""
        self._log_group("insert_failed", "ERROR", "failed", entries, message=str(error)[:2_000])

    def count_unstorable(self, message_id: str, error: BadMoment) -> None:
        """Count a message that not even `rejected` takes. Pub/Sub delivers it again until it becomes a dead letter."""
        self._totals["failed"] += 1
        log.event(
            "insert_failed", "ERROR", outcome="failed", count=1, messages=[message_id], message=str(error)[:2_000]
        )

    def count_busy(self) -> None:
        """Count a message that was refused at once; logged once a second."""
        self._totals["busy"] += 1

    def numbers_as_text(self, rows: int) -> None:
        """Count rows that BigQuery took only with the numbers of their payload as text."""
        self._totals["payload_numbers_as_text"] += rows

    def log_totals(self) -> None:
        """Log the counts if they have changed."""
        if busy := self._totals["busy"] - self._reported["busy"]:
            log.event("refused", "WARNING", outcome="busy", count=busy)
        if self._reported != self._totals:
            self._reported = self._totals.copy()
            log.event("totals", **self._totals)

    def _log_group(self, name: str, severity: str, outcome: str, group: list[Entry], **more: object) -> None:
        self._totals[outcome] += len(group)
        log.event(
            name,
            severity,
            outcome=outcome,
            count=len(group),
            messages=[entry.message_id for entry in group],
            **{key: value for key, value in more.items() if value},
            **log.trace(self._project, next((entry.trace for entry in group if entry.trace), "")),
        )

    def _log_unknown_fields(self, entry: Entry) -> None:
        self._totals["unknown_fields"] += len(entry.result.unknown)
        for field in entry.result.unknown:
            if field not in self._unknown and len(self._unknown) < _MAX_FIELD_NAMES:
                self._unknown.add(field)
                log.event(
                    "unknown_field",
                    "WARNING",
                    field=field,
                    message_id=entry.message_id,
                    message=f"X sends a field that this code does not know: {field}. It is kept in the column payload; "
                    "a newer version may have a column for it.",
                )

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.log_totals()
