"""Bins of time that fit the data: fine enough to show what happens, coarse enough that a bar is more than chance. Pure."""

import statistics
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ..rows import Rows

UNITS = ("hour", "day", "week", "month")
ENOUGH = 30  # posts of a bin: by chance alone its count would vary by a third (two square roots of 30)
_MOST = 250  # bins: more are thinner than a screen can show
_FEWEST = 4  # bins: fewer are no course
_HOUR = timedelta(hours=1)


def begin(moment: datetime, unit: str, week_start: int = 0) -> datetime:
    """Return the beginning of the bin in which a moment lies. `week_start` is a weekday, 0 is Monday."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    if unit == "hour":
        return hour
    day = hour.replace(hour=0)
    if unit == "week":
        return day - timedelta(days=(day.weekday() - week_start) % 7)
    return day.replace(day=1) if unit == "month" else day


def end(since: datetime, unit: str) -> datetime:
    """Return the end of the bin that begins at `since`."""
    if unit == "month":
        return (since + timedelta(days=32)).replace(day=1)
    return since + {"hour": _HOUR, "day": timedelta(days=1), "week": timedelta(weeks=1)}[unit]


def fitting(counts: Sequence[tuple[datetime, int]], week_start: int = 0, units: Sequence[str] = UNITS) -> str:
    """Return the finest of `units` in which at least half of the bins have ENOUGH posts, and there are a few bins.

    `counts` are (time, posts) in the order of time. The first and last bin, which may be cut off, do not count. Where there are too few
    posts for any, it is the coarsest with a few bins.
    """
    by_unit = {unit: _sums(counts, unit, week_start)[1:-1] for unit in units}
    course = [unit for unit in units if _FEWEST <= len(by_unit[unit]) <= _MOST]
    enough = [unit for unit in course if statistics.median(by_unit[unit]) >= ENOUGH]
    if course:
        return enough[0] if enough else course[-1]
    return next((unit for unit in units if len(by_unit[unit]) <= _MOST), units[-1])


def _sums(counts: Sequence[tuple[datetime, int]], unit: str, week_start: int) -> list[int]:
    """Return the posts of each bin from the first post to the last."""
    sums: dict[datetime, int] = {}
    for moment, posts in counts:
        since = begin(moment, unit, week_start)
        sums[since] = sums.get(since, 0) + posts
    listed = list(sums.values())
    filled = [number for number, posts in enumerate(listed) if posts]
    return listed[filled[0] : filled[-1] + 1] if filled else []


def summed(
    rows: Rows, time: str, unit: str, columns: Sequence[str], week_start: int = 0
) -> Iterator[tuple[datetime, dict[str, float]]]:
    """Yield each bin's beginning, and the sums of these columns over the rows in it."""
    since, sums = None, dict[str, float]()
    for row in rows:
        if (first := begin(row[time], unit, week_start)) != since:
            if since is not None:
                yield since, sums
            since, sums = first, dict.fromkeys(columns, 0)
        for column in columns:
            sums[column] += row[column] or 0
    if since is not None:
        yield since, sums
