"""Counts what X may bill, as it is delivered, against the user's own limits. Pure: the time is passed in.

The unit is the price of a post (prices.py). Each post, user and media item counts once per UTC day, whether it comes in `data` or in
`includes`, and so does each request for counts. The figure is never below X's bill; X's own usage can only correct it upwards.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from .prices import COUNTS, DOLLARS, MEDIA, NOTHING, POST, USER, Resources

_WARN_AT = (0.5, 0.8, 0.95)
_REMEMBERED = 200_000  # ids per kind and half, about 30 MB in all; an id that was forgotten is counted again


@dataclass(frozen=True, slots=True)
class Spent:
    """A limit is reached: `period` is day or month, `until` when the next one begins."""

    period: str
    units: int
    limit: int
    until: datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


class Budget:
    """Counts units against the limits. Thread-safe, because the stream's thread counts each post at once.

    Limits of 0 are none.
    """

    def __init__(
        self, per_day: int, per_month: int, before: Mapping[date, int], clock: Callable[[], datetime] = utc_now
    ) -> None:
        """`before` has the units of each day that the ledger knows of."""
        self._clock = clock
        self._limits = {"day": per_day, "month": per_month}
        self._days = dict(before)
        self._billed: tuple[date, int] | None = None  # X's own count, of the month that began then
        self._seen = {kind: _Seen() for kind in ("posts", "users", "media")}
        self._today = clock().date()
        self._warned: set[tuple[str, date, float]] = set()
        self._lock = threading.Lock()

    def add(self, billed: Resources, more: int = 0) -> Spent | None:
        """Count what X has delivered, and `more` units. Returns the limit that is reached, if one is."""
        with self._lock:
            today = self._roll()
            new = POST * self._seen["posts"].add(billed.posts)
            if billed.users:
                new += USER * self._seen["users"].add(billed.users)
            if billed.media:
                new += MEDIA * self._seen["media"].add(billed.media)
            self._days[today] = self._days.get(today, 0) + new + more
            return self._spent(today)

    def add_request(self, units: int = COUNTS) -> None:
        """Count a request for counts before it is made: X bills it, whether its answer arrives or not."""
        self.add(NOTHING, more=units)

    def know(self, posts: Iterable[str]) -> None:
        """Mark posts of today as counted by another process; X does not bill them again."""
        with self._lock:
            self._roll()
            self._seen["posts"].add(posts)

    def billed(self, units: int, reset_day: int) -> None:
        """Note X's own count since the last `reset_day` of a month. The larger count holds.

        Where X's period began before the month did, what we counted in between is not this month's.
        """
        with self._lock:
            today = self._roll()
            month = today.replace(day=1)
            before = month - timedelta(days=1)
            begins = _on_day(month, reset_day) if today >= _on_day(month, reset_day) else _on_day(before, reset_day)
            earlier = sum(count for day, count in self._days.items() if begins <= day < month)
            self._billed = month, max(0, units - earlier)

    def today(self) -> int:
        """Return the units of this UTC day."""
        with self._lock:
            return self._days.get(self._roll(), 0)

    def month(self) -> int:
        """Return the units of this UTC month."""
        with self._lock:
            return self._month(self._roll())

    def spent(self) -> Spent | None:
        """Return the limit that is reached, or None."""
        with self._lock:
            return self._spent(self._roll())

    def limit(self) -> int | None:
        """Return the units that a day may cost; None without a limit."""
        limits = [units for units in self._limits.values() if units]
        return min(limits) if limits else None

    def left(self) -> int | None:
        """Return the units left until the nearer limit; None without a limit."""
        with self._lock:
            today = self._roll()
            rooms = [self._limits[period] - units for period, units in self._used(today) if self._limits[period]]
        return max(0, min(rooms)) if rooms else None

    def share(self) -> float:
        """Return the used share of the nearer limit: 1.0 is all; 0.0 without a limit."""
        with self._lock:
            used = self._used(self._roll())
        return max((units / self._limits[period] for period, units in used if self._limits[period]), default=0.0)

    def warnings(self) -> list[str]:
        """Return a warning for each mark that is newly passed, once a period."""
        with self._lock:
            today = self._roll()
            told = []
            for period, units in self._used(today):
                limit = self._limits[period]
                reached = [mark for mark in _WARN_AT if limit and units >= limit * mark]
                begins = today if period == "day" else today.replace(day=1)
                if reached and (period, begins, reached[-1]) not in self._warned:
                    self._warned |= {(period, begins, mark) for mark in reached}
                    told.append(
                        f"{units:,} of {limit:,} units of this {period} are used, a unit a post's price ({units / limit:.0%}): "
                        f"${units * DOLLARS:,.2f}. At the limit the stream stops; MAX_POSTS_PER_{period.upper()} sets it."
                    )
            return told

    def _roll(self) -> date:
        today = self._clock().date()
        if today != self._today:
            self._today = today
            for seen in self._seen.values():  # X bills each once a day
                seen.clear()
        return today

    def _spent(self, today: date) -> Spent | None:
        for period, units in self._used(today):
            limit = self._limits[period]
            if limit and units >= limit:
                return Spent(period, units, limit, _end(period, today))
        return None

    def _month(self, today: date) -> int:
        own = sum(units for day, units in self._days.items() if (day.year, day.month) == (today.year, today.month))
        return max(own, self._billed[1]) if self._billed and self._billed[0] == today.replace(day=1) else own

    def _used(self, today: date) -> list[tuple[str, int]]:
        day = ("day", self._days.get(today, 0))
        return [("month", self._month(today)), day] if self._limits["month"] else [day]


class _Seen:
    """The ids that were counted today. Bounded: the older half is forgotten first."""

    def __init__(self) -> None:
        self._new: set[str] = set()
        self._old: set[str] = set()

    def add(self, ids: Iterable[str]) -> int:
        """Add ids, and return how many of them are new."""
        count = 0
        for one in ids:
            if one not in self._new:
                count += one not in self._old
                self._new.add(one)
        if len(self._new) > _REMEMBERED:
            self._old, self._new = self._new, set()
        return count

    def clear(self) -> None:
        self._new, self._old = set(), set()


def _end(period: str, today: date) -> datetime:
    if period == "day":
        return datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=1)
    return datetime(today.year + today.month // 12, today.month % 12 + 1, 1, tzinfo=UTC)


def _on_day(of: date, day: int) -> date:
    """Return that day of the month, or the month's last day."""
    following = _end("month", of).date()
    return min(of.replace(day=1) + timedelta(days=max(day, 1) - 1), following - timedelta(days=1))
