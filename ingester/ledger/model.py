"""One row of `ingester_events`, and a gap: plain values, and how rows of earlier versions read."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from .events import EventKind, StopReason

_SKIPPED = frozenset(
    {StopReason.BUDGET, StopReason.POSTS, StopReason.PAUSE}
)  # what was posted meanwhile is fetched only by hand

# rows written before version 0.1 have a refused connect and a stop's condition at the beginning of `note`
_OLD_REFUSED = "X did not give the stream"
_OLD_CONDITION = re.compile(r"([0-9A-Za-z_-]{1,64}): ")
_CONDITIONED = frozenset({StopReason.TOKEN, StopReason.FORBIDDEN, StopReason.PARAMETERS, StopReason.RULES})


@dataclass(frozen=True, slots=True)
class Event:
    """One row; the columns are described in infra/bigquery/ingester_events.json."""

    holder: str
    at: datetime
    event: str
    gap_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    reason: str | None = None
    rules: list[dict[str, str]] | None = None
    delivered_today: int | None = None  # by all programs, as far as this one knows
    own_units: int | None = None  # of the day of `at`, by this holder
    reserved_units: int | None = None  # that this holder may spend before its next row
    sequence: int | None = None  # of this holder's rows; `at` may go back where a clock is corrected
    posts_expected: int | None = None
    posts_recovered: int | None = None
    status: str | None = None
    retry_after: datetime | None = None
    condition: str | None = None
    note: str | None = None
    credit_dollars: float | None = None
    credit_days: float | None = None
    cap_posts: int | None = None
    cap_days: float | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval in which the stream was not held. `until` is None while it goes on."""

    id: str
    since: datetime
    reason: str
    until: datetime | None = None
    rules: tuple[tuple[str, str, str], ...] = ()  # (id, value, tag) in force when it began
    heard: datetime | None = None  # X's last sign of life; `since` is its last post, where the search begins
    joined: tuple["Gap", ...] = ()  # the gaps that are filled together, oldest first, if this stands for several

    @property
    def members(self) -> tuple["Gap", ...]:
        """Return the gaps in the ledger that this one stands for: itself, if it was not joined."""
        return self.joined or (self,)

    @property
    def missing_since(self) -> datetime:
        """Return the best estimate of when the gap began, for people and alerts."""
        return self.heard if self.heard is not None else self.since

    @property
    def skipped(self) -> bool:
        """Whether it is not to be filled unless by hand."""
        return self.reason in _SKIPPED


def join_gaps(gaps: Sequence[Gap]) -> Gap:
    """Return one gap from the first's start to the last end, with the id of the gap that ended last."""
    if len(gaps) == 1:
        return gaps[0]
    ended_last = max(gaps, key=lambda gap: gap.until or gap.since)
    return replace(ended_last, since=min(gap.since for gap in gaps), heard=None, joined=tuple(gaps))


def as_now(event: Event) -> Event:
    """Return an event of an earlier version as it would be written today."""
    if event.event == EventKind.DISCONNECTED and event.note == _OLD_REFUSED:
        return replace(event, event=EventKind.REFUSED, note=None)
    if event.event != EventKind.STOPPED or event.condition is not None or event.reason not in _CONDITIONED:
        return event
    match = _OLD_CONDITION.match(event.note or "")
    return replace(event, condition=match[1]) if match else event


def as_row(event: Event) -> dict[str, Any]:
    """Return the row as insertAll takes it."""
    row: dict[str, Any] = {}
    for name in Event.__slots__:
        value = getattr(event, name)
        if isinstance(value, datetime):
            row[name] = value.astimezone(UTC).isoformat()
        elif name == "rules" and value is not None:
            row[name] = json.dumps(value)
        elif value is not None:
            row[name] = value
    return row
