"""The ingester's diary, `ingester_events`, and what can be read out of it. Pure: rows in, conclusions out.

Whoever starts learns from it who holds the stream, which intervals nobody held, what was spent, and whether a stop is
still in force. Rows are in the order of `at`.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

ENDED = frozenset({"filled", "partial", "unfillable", "skipped"})
BY_HAND = frozenset({"manual"})  # the reason of what somebody fetched between two times of their choice
_SKIPPED = frozenset({"budget", "pause"})  # nobody wants what was posted meanwhile, unless asked for by hand


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
    delivered_today: int | None = None
    posts_expected: int | None = None
    posts_recovered: int | None = None
    status: str | None = None
    retry_after: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval in which the stream was not held. `until` is None while it goes on."""

    id: str
    since: datetime
    reason: str
    until: datetime | None = None
    rules: tuple[tuple[str, str, str], ...] = ()  # (id, value, tag) in force when it began

    @property
    def skipped(self) -> bool:
        """Whether it is not to be filled unless by hand."""
        return self.reason in _SKIPPED


def rival(events: Sequence[Event], me: str, now: datetime, fresh: float, execution: str = "") -> Event | None:
    """The last word, within `fresh` seconds, of another who lives, and holds the stream or was there before us.

    `execution` is Cloud Run's, of which we are an attempt: it starts one only when the one before is over.
    """
    started = {event.holder: event.at for event in reversed(events) if event.event == "started"}
    last = {event.holder: event for event in events}
    mine = (started.get(me, now), me)
    others = [
        last[holder]
        for holder, at in started.items()
        if holder != me
        and not (execution and holder.split("/", maxsplit=1)[0] == execution)
        and last[holder].event != "stopped"
        and (now - last[holder].at).total_seconds() < fresh
        and ((at, holder) < mine or _holds(events, holder))
    ]
    return max(others, key=lambda event: event.at, default=None)


def newer_holder(events: Sequence[Event], me: str, now: datetime, fresh: float) -> Event | None:
    """Another's 'connected' after our start and our own last one, if that other lives and has not let go: we have been replaced."""
    ours = [event.at for event in events if event.holder == me and event.event in {"started", "connected"}]
    for event in reversed(events):
        if event.event != "connected" or event.holder == me:
            continue
        alive = [one.at for one in events if one.holder == event.holder][-1]
        newer = ours and event.at > max(ours) and (now - alive).total_seconds() < fresh
        return event if newer and _holds(events, event.holder) else None
    return None


def _holds(events: Sequence[Event], holder: str) -> bool:
    said = [e.event for e in events if e.holder == holder and e.event in {"connected", "disconnected", "stopped"}]
    return bool(said) and said[-1] == "connected"


def stop_in_force(events: Sequence[Event], now: datetime, conditions: Mapping[str, str]) -> Event | None:
    """The last stop, if nobody has connected since and what it waits for has not come.

    `conditions` has by reason what a stop waits for a change of: the token, the code, the rules; `note` begins with what
    it was then.
    """
    for event in reversed(events):
        if event.event == "connected":
            return None
        if event.event == "stopped" and event.reason in {
            "credits",
            "cap",
            "token",
            "forbidden",
            "budget",
            "parameters",
            "rules",
        }:
            changed = conditions.get(event.reason)
            if changed is not None and not (event.note or "").startswith(f"{changed}: "):
                return None
            return event if event.retry_after is None or event.retry_after > now else None
    return None


def last_held(events: Sequence[Event]) -> tuple[datetime, str] | None:
    """(until when, why it ended) of the last time that anyone held the stream, as far as it is certain.

    A heartbeat says until when all was published; who is killed takes what came after with it.
    """
    holding: dict[str, bool] = defaultdict(bool)
    found: tuple[datetime, str] | None = None
    paused = False  # told by who asked the ingester to stop, before or after it did
    for event in events:
        if event.event == "connected":
            holding[event.holder], paused = True, False
        elif event.event == "stopped" and event.reason == "pause":
            paused = True
            found = (found[0], "pause") if found else None
        if not holding[event.holder]:
            continue
        if event.event == "disconnected":
            found = (event.since or event.at, event.reason or "disconnected")
            holding[event.holder] = False
        elif event.event == "stopped":
            found = (event.since or event.at, "pause" if paused else event.reason or "stopped")
            holding[event.holder] = False
        elif event.event in {"connected", "alive"}:
            found = (event.since or event.at, "killed")
    return found


def open_gaps(events: Sequence[Event]) -> list[Gap]:
    """Gaps whose end nobody has written, oldest first. One that the next connection ended has that as `until`."""
    # whatever the order: a clock may have been put right in between
    filled = {event.gap_id for event in events if event.event == "gap_filled" and event.status in ENDED}
    opened: dict[str, Gap] = {}
    for event in events:
        if event.event == "gap_opened" and event.gap_id and event.since and event.gap_id not in filled:
            rules = tuple((r.get("id", ""), r.get("value", ""), r.get("tag", "")) for r in event.rules or [])
            opened[event.gap_id] = Gap(event.gap_id, event.since, event.reason or "", event.until, rules)
        elif event.event == "connected":
            for gap in [gap for gap in opened.values() if gap.until is None]:
                opened[gap.id] = replace(gap, until=event.at)
    return sorted(opened.values(), key=lambda gap: gap.since)


def accounted(events: Iterable[Event]) -> datetime | None:
    """The end of the last gap whose posts were counted: what lies before is not counted again."""
    ends = [
        e.until
        for e in events
        if e.event == "gap_filled" and e.posts_expected is not None and e.until and e.reason not in BY_HAND
    ]
    return max(ends, default=None)


def skipped_within(events: Sequence[Event], since: datetime, until: datetime) -> list[Gap]:
    """Gaps that were left unfilled on purpose, or in part, and lie wholly between two times."""
    newest = {event.gap_id: event for event in events if event.event == "gap_filled"}
    return [
        Gap(gap_id, event.since, event.reason or "", event.until)
        for gap_id, event in newest.items()
        if gap_id and event.status in {"skipped", "partial"} and event.since and event.until
        and since <= event.since and event.until <= until
    ]  # fmt: skip


def connects(events: Iterable[Event]) -> list[datetime]:
    """When anyone asked X for the stream: a row each, whether X gave it or not."""
    return [e.at for e in events if e.event == "connected" or (e.event == "disconnected" and e.note == REFUSED)]


REFUSED = "X did not give the stream"  # the note of a 'disconnected' that was never connected


def failures(events: Sequence[Event]) -> tuple[int, datetime | None]:
    """How many connects in a row, up to now, X did not give, and when it last did not."""
    count, last = 0, None
    for event in reversed(events):
        if event.event == "connected":
            break
        if event.event == "disconnected" and event.note == REFUSED:
            count += 1
            last = last or event.at
    return count, last


def spent(events: Iterable[Event]) -> dict[date, int]:
    """Units a UTC day: each row carries the day's count so far."""
    days: dict[date, int] = {}
    for event in events:
        if event.delivered_today is not None:
            day = event.at.astimezone(UTC).date()
            days[day] = max(days.get(day, 0), event.delivered_today)
    return days


def as_row(event: Event) -> dict[str, Any]:
    """As insertAll takes it."""
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
