"""Units of money in the ledger: what each ingester and each search has spent on a day, and what it has reserved. Pure.

Programs that run beside each other share one limit. Each writes a row before it spends, so that the others see it, and reads theirs. The
sum of all holders is the day's count.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from .model import Event

ABANDONED = timedelta(minutes=10)  # a reservation without a newer row: its holder is dead, and X may have billed it


@dataclass(frozen=True, slots=True)
class HolderUnits:
    """The last row of one holder on one UTC day. `reserved` units are about to be spent; they come on top of `own`."""

    day: date
    holder: str  # '' for rows of versions that wrote only a day's total
    at: datetime
    own: int
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """Units of one day by other holders."""

    spent: int = 0
    reserved: int = 0  # by living holders


def by_holder(events: Iterable[Event]) -> list[HolderUnits]:
    """Return what _UNITS in store.py asks of the table: for each day the last row of each holder, and the largest total of old rows.

    The last row is the one with the highest sequence, because a clock may have been corrected in between.
    """
    latest: dict[tuple[date, str], tuple[int, HolderUnits]] = {}
    for event in events:
        day = event.at.astimezone(UTC).date()
        if event.own_units is not None:
            units = HolderUnits(day, event.holder, event.at, event.own_units, event.reserved_units or 0)
            order = event.sequence or 0
        elif event.delivered_today is not None:
            units, order = HolderUnits(day, "", event.at, event.delivered_today), event.delivered_today
        else:
            continue
        key = (day, units.holder)
        if key not in latest or latest[key][0] < order:
            latest[key] = order, units
    return [units for _, units in latest.values()]


def tally(units: Iterable[HolderUnits], me: str, now: datetime) -> dict[date, Tally]:
    """Return what all other holders have spent and reserved on each day. An abandoned reservation counts as spent."""
    spent: dict[date, int] = defaultdict(int)
    reserved: dict[date, int] = defaultdict(int)
    for row in units:
        if row.holder == me:
            continue
        is_open = row.day == now.date() and now - row.at < ABANDONED
        spent[row.day] += row.own if is_open else row.own + row.reserved
        reserved[row.day] += row.reserved if is_open else 0
    return {day: Tally(spent[day], reserved[day]) for day in spent}
