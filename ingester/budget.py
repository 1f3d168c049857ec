"""Counts what X may bill, as it is delivered, against the user's own limits. Pure: the time is passed in.

The unit is the price of a post (prices.py). Each post and user counts once per UTC day, whether it comes in `data` or in
`includes`, and so does each request for counts. The figure is never below X's bill; X's own usage can only correct it upwards.

Programs beside each other share the limits. `merge` takes what the others have spent and reserved (ledger/units.py); what this process
spends next is reserved in the ledger first (ledger/reservations.py), up to a ceiling that is kept here.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from posts.prices import COUNTS, DOLLARS, NOTHING, POST, USER, Resources

from .ledger.units import Tally
from .period import billing_period

_WARN_AT = (0.5, 0.8, 0.95)
_REMEMBERED = 200_000  # ids per kind and half, about 30 MB in all; an id that was forgotten is counted again
_NOBODY = Tally()
_NAMES = {"day": "MAX_POSTS_PER_DAY", "month": "MAX_POSTS_PER_MONTH", "run": "--posts"}
# X's usage has been seen to show last month's count for 15 minutes of the next. On the first day of a period it counts
# only where it is at most so many times what we have counted, and so many units more.
_PLAUSIBLE_TIMES, PLAUSIBLE_MORE = 2, 100


@dataclass(frozen=True, slots=True)
class LimitReached:
    """A limit is reached: `period` is day, month or run; `until` is when the next one begins, None for a run."""

    period: str
    units: int
    limit: int
    until: datetime | None

    @property
    def setting(self) -> str:
        """Return the name of the limit, as a person sets it."""
        return _NAMES[self.period]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Budget:
    """Counts units against the limits. Thread-safe, because the stream's thread counts each post at once.

    Limits of 0 are none. `per_run` limits what this process spends, whatever the day. `others` may come later, by `merge`.
    """

    def __init__(
        self,
        per_day: int,
        per_month: int,
        others: Mapping[date, Tally] | None,
        clock: Callable[[], datetime] = utc_now,
        *,
        per_run: int = 0,
    ) -> None:
        self._clock = clock
        self._limits = {"day": per_day, "month": per_month, "run": per_run}
        self._others = dict(others or {})
        self.has_external_units = others is not None  # what other programs have spent
        self._own: dict[date, int] = {}
        # X's own count of the month that began then, and ours at that moment: what came since is added to X's
        self._usage: tuple[date, int, int] | None = None
        self._seen = {kind: _Seen() for kind in ("posts", "users")}
        self._today = clock().date()
        self._ended: list[date] = []  # days that are over and whose last count the ledger lacks
        self._ceiling = 0  # units of today that this process has spent or reserved
        self._stored = 0  # what the ledger has of them
        self._pages: dict[str, int] = {}  # units of pages that are on their way, by the task that requests them
        self._warned: set[tuple[str, date, float]] = set()
        self._lock = threading.Lock()
        self.on_short: Callable[[], object] = lambda: None  # called, from any thread, when the reservation runs out
        self.ahead = 0  # units that the stream may spend before the ledger has the next row

    def add(self, billed: Resources, more: int = 0) -> LimitReached | None:
        """Count what X has delivered, and `more` units. Returns the limit that is reached, if one is."""
        with self._lock:
            today = self._start_new_day()
            new = POST * self._seen["posts"].add(billed.posts)
            if billed.users:
                new += USER * self._seen["users"].add(billed.users)
            self._own[today] = self._own.get(today, 0) + new + more
            is_short = self.ahead > 0 and self._needs_reservation(today)
            spent = self._reached_limit(today)
        if is_short:
            self.on_short()
        return spent

    def add_request(self, units: int = COUNTS) -> None:
        """Count a request for counts before it is made: X bills it, whether its answer arrives or not."""
        self.add(NOTHING, more=units)

    def add_arrived(self, posts: Iterable[str], each: int) -> None:
        """Count posts that another process received and may not have counted, `each` units; those that are counted already cost nothing."""
        with self._lock:
            today = self._start_new_day()
            self._own[today] = self._own.get(today, 0) + each * self._seen["posts"].add(posts)

    def mark_counted(self, posts: Iterable[str]) -> None:
        """Mark posts of today as counted by another process; X does not bill them again."""
        with self._lock:
            self._start_new_day()
            self._seen["posts"].add(posts)

    def merge(self, others: Mapping[date, Tally]) -> None:
        """Take what the other holders have spent and reserved, as the ledger now has it."""
        with self._lock:
            self._others = dict(others)
            self.has_external_units = True

    def merge_usage(self, units: int, reset_day: int) -> str | None:
        """Note X's own count since the last `reset_day` of a month. The larger count holds. Returns why it is not taken, if so.

        Where X's period began before the month did, what we counted in between is not this month's.
        """
        with self._lock:
            today = self._start_new_day()
            month = today.replace(day=1)
            begins, _ = billing_period(today, reset_day)
            counted = sum(self._units(day) for day in self._days() if begins <= day)
            if begins == today and units > _PLAUSIBLE_TIMES * counted + PLAUSIBLE_MORE:
                return (
                    f"X says that {units:,} posts were used since its period began today, and {counted:,} units are counted here: "
                    "that looks like the last period's. It counts from tomorrow on"
                )
            earlier = sum(self._units(day) for day in self._days() if begins <= day < month)
            self._usage = month, max(0, units - earlier), self._counted_in(today)
            return None

    def today(self) -> int:
        """Return the units of this UTC day, those of other programs included."""
        with self._lock:
            return self._units(self._start_new_day())

    def units_a_day(self) -> float | None:
        """Return the units of the last 24 hours, by a share of yesterday's; None within the first hour."""
        with self._lock:
            today = self._start_new_day()
            now = self._clock()
            elapsed = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(days=1)
            yesterday = self._units(today - timedelta(days=1))
            if yesterday:
                return self._units(today) + yesterday * (1 - elapsed)
            return self._units(today) / elapsed if elapsed >= 1 / 24 else None

    def units(self, day: date) -> int:
        """Return the units of a UTC day, those of other programs included."""
        with self._lock:
            return self._units(day)

    def own(self, day: date) -> int:
        """Return the units of a UTC day that this process has spent."""
        with self._lock:
            return self._own.get(day, 0)

    def month(self) -> int:
        """Return the units of this UTC month."""
        with self._lock:
            return self._month(self._start_new_day())

    def reached_limit(self) -> LimitReached | None:
        """Return the limit that is reached, or None."""
        with self._lock:
            return self._reached_limit(self._start_new_day())

    def lowest_limit(self) -> int | None:
        """Return the units that a day may cost; None without a limit."""
        limits = [units for units in self._limits.values() if units]
        return min(limits) if limits else None

    def remaining(self, task: str = "search") -> int | None:
        """Return the units until the nearest limit that nobody has spent or reserved but the task itself; None without a limit."""
        with self._lock:
            remaining = self._remaining(self._start_new_day())
            others = self._page - self._pages.get(task, 0)
            return None if remaining is None else max(0, remaining - others)

    def share(self) -> float:
        """Return the used share of the nearest limit: 1.0 is all; 0.0 without a limit."""
        with self._lock:
            used = self._used(self._start_new_day())
        return max((units / limit for _, units, limit in used), default=0.0)

    def warnings(self) -> list[str]:
        """Return a warning for each mark that is newly passed, once a period."""
        with self._lock:
            today = self._start_new_day()
            sentences = []
            for period, units, limit in self._used(today):
                reached = [mark for mark in _WARN_AT if units >= limit * mark]
                begins = today.replace(day=1) if period == "month" else today
                if reached and (period, begins, reached[-1]) not in self._warned:
                    self._warned |= {(period, begins, mark) for mark in reached}
                    sentences.append(
                        f"{units:,} of {limit:,} units of this {period} are used, a unit a post's price ({units / limit:.0%}): "
                        f"${units * DOLLARS:,.2f}. At the limit the stream stops; {_NAMES[period]} sets it."
                    )
            return sentences

    # reservations

    def reserve_page(self, units: int, task: str = "search") -> bool:
        """Set units aside for a page of a task's. Returns whether the ledger has to store a row first."""
        with self._lock:
            today = self._start_new_day()
            self._pages[task] = units
            self._raise_ceiling(today)
            return self._own.get(today, 0) + self._page > self._stored

    def release_page(self, task: str = "search") -> None:
        """Give back what was set aside: the page has been counted. The next row says so."""
        with self._lock:
            today = self._start_new_day()
            self._pages.pop(task, None)
            self._lower_ceiling(self._own.get(today, 0) + self._page + self._stream_allowance(today))

    @property
    def _page(self) -> int:
        return sum(self._pages.values())

    def release_ahead(self) -> None:
        """Give back what the stream has not spent, because it ends. A page whose answer never came stays reserved."""
        with self._lock:
            today = self._start_new_day()
            self.ahead = 0
            self._lower_ceiling(self._own.get(today, 0) + self._page)

    def extend(self) -> bool:
        """Reserve what the stream may spend next. Returns whether the ledger has to store a row."""
        with self._lock:
            today = self._start_new_day()
            self._raise_ceiling(today)
            return self._ceiling > self._stored

    def ceiling(self) -> int:
        """Return what a row that is written now says: units of today that are spent or reserved."""
        with self._lock:
            return max(self._ceiling, self._own.get(self._start_new_day(), 0))

    def confirm(self, ceiling: int) -> None:
        """Note that the ledger has stored a row with that ceiling."""
        with self._lock:
            self._start_new_day()
            self._stored = max(self._stored, ceiling)

    def reserved(self, day: date) -> int:
        """Return the units of a day that are reserved and not spent yet: none where it is not today."""
        with self._lock:
            return max(0, self._ceiling - self._own.get(day, 0)) if day == self._start_new_day() else 0

    def is_limited(self) -> bool:
        return any(self._limits.values())

    def take_ended_days(self) -> list[date]:
        """Return the days that have ended since the last call, whose last count is to be written now."""
        with self._lock:
            self._start_new_day()
            ended, self._ended = self._ended, []
            return ended

    def _raise_ceiling(self, today: date) -> None:
        if self._needs_reservation(today):
            self._ceiling = self._own.get(today, 0) + self._page + self._stream_allowance(today)

    def _lower_ceiling(self, ceiling: int) -> None:
        self._ceiling = min(self._ceiling, ceiling)
        self._stored = min(self._stored, self._ceiling)  # the next row, whatever it is about, says so

    def _needs_reservation(self, today: date) -> bool:
        return self._own.get(today, 0) + self._page + self._stream_allowance(today) // 2 > self._ceiling

    def _stream_allowance(self, today: date) -> int:
        """Return what the stream may spend next: no more than nobody else has reserved."""
        remaining = self._remaining(today)
        return self.ahead if remaining is None else min(self.ahead, max(0, remaining - self._page))

    def _start_new_day(self) -> date:
        today = self._clock().date()
        if today != self._today:
            # a page whose answer never came was asked for on the day that has ended, and X may have billed it then
            self._own[self._today] = self._own.get(self._today, 0) + self._page
            self._ended.append(self._today)
            self._today = today
            self._ceiling = self._stored = 0
            self._pages.clear()
            for seen in self._seen.values():  # X bills each once a day
                seen.clear()
        return today

    def _reached_limit(self, today: date) -> LimitReached | None:
        for period, units, limit in self._used(today):
            if units >= limit:
                return LimitReached(period, units, limit, _period_end(period, today))
        return None

    def _remaining(self, today: date) -> int | None:
        reserved = self._others.get(today, _NOBODY).reserved
        rooms = [limit - units - (0 if period == "run" else reserved) for period, units, limit in self._used(today)]
        return max(0, min(rooms)) if rooms else None

    def _days(self) -> set[date]:
        return self._own.keys() | self._others.keys()

    def _units(self, day: date) -> int:
        return self._own.get(day, 0) + self._others.get(day, _NOBODY).spent

    def _month(self, today: date) -> int:
        counted = self._counted_in(today)
        if self._usage is None or self._usage[0] != today.replace(day=1):
            return counted
        _, usage, counted_then = self._usage
        return max(counted, usage + counted - counted_then)

    def _counted_in(self, month: date) -> int:
        return sum(self._units(day) for day in self._days() if (day.year, day.month) == (month.year, month.month))

    def _used(self, today: date) -> list[tuple[str, int, int]]:
        """Return each limit that is set: (period, units, limit)."""
        used = []
        if limit := self._limits["run"]:
            used.append(("run", sum(self._own.values()), limit))
        if limit := self._limits["month"]:
            used.append(("month", self._month(today), limit))
        if limit := self._limits["day"]:
            used.append(("day", self._units(today), limit))
        return used


class _Seen:
    """The ids that were counted today. Bounded: the older half is forgotten first."""

    def __init__(self) -> None:
        self._new: set[str] = set()
        self._old: set[str] = set()

    def add(self, ids: Iterable[str]) -> int:
        """Add ids, and return how many of them are new."""
        count = 0
        for item_id in ids:
            if item_id not in self._new:
                count += item_id not in self._old
                self._new.add(item_id)
        if len(self._new) > _REMEMBERED:
            self._old, self._new = self._new, set()
        return count

    def clear(self) -> None:
        self._new, self._old = set(), set()


def _period_end(period: str, today: date) -> datetime | None:
    if period == "run":
        return None
    if period == "day":
        return datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=1)
    return datetime(today.year + today.month // 12, today.month % 12 + 1, 1, tzinfo=UTC)
