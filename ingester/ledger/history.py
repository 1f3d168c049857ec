"""What can be read out of the ledger: who holds the stream, which intervals nobody held, what was spent, which stop is in force.

Pure: events in the order of `at` go in, conclusions come out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from posts.prices import most

from .events import EventKind, GapStatus, StopReason
from .model import Event, Gap

ENDED = frozenset(GapStatus) - {GapStatus.OPEN}
BY_HAND = frozenset({"manual"})  # the reason of what somebody fetched between two times of their choice
_STOPS = frozenset(StopReason) - {StopReason.SIGNAL, StopReason.PAUSE, StopReason.POSTS, StopReason.BUG}
_USUAL_DAYS = 7


def find_rival(events: Sequence[Event], me: str, now: datetime, fresh: float, execution: str = "") -> Event | None:
    """Return the latest event of another live ingester that holds the stream or started before us; `fresh` is in seconds.

    `execution` is the Cloud Run execution that we are an attempt of: it starts an attempt only when the previous one is over.
    """
    started = {event.holder: event.at for event in reversed(events) if event.event == EventKind.STARTED}
    last = {event.holder: event for event in events}
    mine = (started.get(me, now), me)
    others = [
        last[holder]
        for holder, at in started.items()
        if holder != me
        and not (execution and holder.split("/", maxsplit=1)[0] == execution)
        and last[holder].event != EventKind.STOPPED
        and abs((now - last[holder].at).total_seconds()) < fresh  # a row from the future was written by a wrong clock
        and ((at, holder) < mine or _is_connected(events, holder))
    ]
    return max(others, key=lambda event: event.at, default=None)


def newer_holder(
    events: Sequence[Event], me: str, *, since: datetime, now: datetime, fresh: float, execution: str = ""
) -> Event | None:
    """Return an event of another ingester that took the stream after `since` (our last connection), is alive and has not let go.

    It is a 'connected', or a heartbeat with the time up to which it held the stream: `events` may begin after it connected.
    `execution` is Cloud Run's, as in `find_rival`.
    """
    for event in reversed(events):
        took = event.event == EventKind.CONNECTED and event.at > since
        is_newer_connection = event.event == EventKind.ALIVE and event.since is not None and event.since > since
        is_own = event.holder == me or (execution and event.holder.split("/", maxsplit=1)[0] == execution)
        if is_own or not (took or is_newer_connection):
            continue
        later = [other for other in events if other.holder == event.holder and other.at >= event.at]
        let_go = any(
            other.event == EventKind.STOPPED for other in later
        )  # between two connections it is still its stream
        if not let_go and (now - later[-1].at).total_seconds() < fresh:
            return event
    return None


def _is_connected(events: Sequence[Event], holder: str) -> bool:
    kinds = [
        e.event
        for e in events
        if e.holder == holder and e.event in {EventKind.CONNECTED, EventKind.DISCONNECTED, EventKind.STOPPED}
    ]
    return bool(kinds) and kinds[-1] == EventKind.CONNECTED


def stop_in_force(events: Sequence[Event], now: datetime, conditions: Mapping[str, str]) -> Event | None:
    """Return the last stop if it is still in force: nobody has connected since, and its condition has not changed.

    `conditions` maps a stop's reason to the current value whose change ends the stop: the token's, code's or rules' version.
    """
    for event in reversed(events):
        if event.event == EventKind.CONNECTED:
            return None
        if event.event == EventKind.STOPPED and event.reason in _STOPS:
            changed = conditions.get(event.reason)
            if changed is not None and event.condition != changed:
                return None
            return event if event.retry_after is None or event.retry_after > now else None
    return None


def last_coverage(events: Sequence[Event], now: datetime | None = None) -> tuple[datetime, str] | None:
    """Return (until when, why it ended) of the last time that anyone held the stream, as far as it is certain.

    A heartbeat says up to when all was published; what a killed ingester received after that may be lost. A time in the future was
    written by a wrong clock, and does not count.
    """
    holding: dict[str, bool] = defaultdict(bool)
    coverage: tuple[datetime, str] | None = None
    paused = False  # written by whoever stopped the ingester, before or after it ended
    for event in events:
        if now is not None and (event.since or event.at) > now:
            continue
        if event.event == EventKind.CONNECTED:
            holding[event.holder], paused = True, False
        elif event.event == EventKind.STOPPED and event.reason == StopReason.PAUSE:
            paused = True
            coverage = (coverage[0], "pause") if coverage else None
        if not holding[event.holder]:
            continue
        if event.event == EventKind.DISCONNECTED:
            coverage = (event.since or event.at, event.reason or "disconnected")
            holding[event.holder] = False
        elif event.event == EventKind.STOPPED:
            coverage = (event.since or event.at, "pause" if paused else event.reason or "stopped")
            holding[event.holder] = False
        elif event.event in {EventKind.CONNECTED, EventKind.ALIVE}:
            coverage = (event.since or event.at, "killed")
    return coverage


def open_gaps(events: Sequence[Event]) -> list[Gap]:
    """Return gaps that are not filled, oldest first. `until` is the next connection if no end was written."""
    # in any order, because a clock may have been corrected in between
    filled = {event.gap_id for event in events if event.event == EventKind.GAP_FILLED and event.status in ENDED}
    opened: dict[str, Gap] = {}
    for event in events:
        if event.event == EventKind.GAP_OPENED and event.gap_id and event.since and event.gap_id not in filled:
            rules = tuple((r.get("id", ""), r.get("value", ""), r.get("tag", "")) for r in event.rules or [])
            opened[event.gap_id] = Gap(event.gap_id, event.since, event.reason or "", event.until, rules)
        elif event.event == EventKind.CONNECTED:
            for gap in [gap for gap in opened.values() if gap.until is None]:
                opened[gap.id] = replace(gap, until=event.until or event.at)
    return sorted(opened.values(), key=lambda gap: gap.since)


def accounted_until(events: Iterable[Event]) -> datetime | None:
    """Return the end of the last gap whose posts were counted; nothing before it is counted again."""
    ends = [
        e.until
        for e in events
        if e.event == EventKind.GAP_FILLED and e.posts_expected is not None and e.until and e.reason not in BY_HAND
    ]
    return max(ends, default=None)


def gaps_covered_by_search(
    events: Sequence[Event], since: datetime, until: datetime, searched: Iterable[str]
) -> list[Event]:
    """Return the last rows of gaps wholly between two times that were skipped or filled in part.

    Only gaps all of whose rules a search for the values `searched` has covered.
    """
    values = {" ".join(value.split()) for value in searched}
    newest = {event.gap_id: event for event in events if event.event == EventKind.GAP_FILLED}
    rules = {event.gap_id: event.rules or [] for event in events if event.event == EventKind.GAP_OPENED}
    return [
        event
        for event in newest.values()
        if event.status in {GapStatus.SKIPPED, GapStatus.PARTIAL}
        and event.reason not in BY_HAND
        and event.since
        and event.until
        and since <= event.since
        and event.until <= until
        and event.gap_id in rules
        and all(" ".join(rule.get("value", "").split()) in values for rule in rules[event.gap_id])
    ]


def connects(events: Iterable[Event]) -> list[datetime]:
    """Return the times of all connects by any ingester, whether X accepted them or not."""
    return [event.at for event in events if event.event in {EventKind.CONNECTED, EventKind.REFUSED}]


def failures(events: Sequence[Event]) -> tuple[int, datetime | None]:
    """Return how many connects in a row failed up to now, and when the last one did."""
    count, last = 0, None
    for event in reversed(events):
        if event.event == EventKind.CONNECTED:
            break
        if event.event == EventKind.REFUSED:
            count += 1
            last = last or event.at
    return count, last


def usual_pause(spent: Mapping[date, int], today: date) -> float | None:
    """Return an upper estimate of the usual seconds between two posts, from the units of the last seven days; None if unknown.

    A unit may be a post, or a sixth of one that came with two users and another post, so the pause is rather too long than too short.
    """
    days = [units for day, units in spent.items() if today - timedelta(days=_USUAL_DAYS) <= day < today and units]
    return 86_400 * most(authors=True, referenced=True) * len(days) / sum(days) if days else None
