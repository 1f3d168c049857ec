"""Bins of time: which fit the data, and that nothing is lost when rows are added up."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from reports.charts import bins

BEGIN = datetime(2026, 11, 2)  # noqa: DTZ001 - of a clock on a wall; a Monday


def hours(days: int, posts: int) -> list[tuple[datetime, int]]:
    """Return hours with so many posts each, after a day without any."""
    return [(BEGIN + timedelta(hours=hour), posts if hour >= 24 else 0) for hour in range(24 * (days + 1))]


@pytest.mark.parametrize(
    ("days", "posts", "unit"),
    [
        pytest.param(7, 40, "hour", id="enough an hour"),
        pytest.param(7, 2, "day", id="enough a day"),
        pytest.param(42, 1, "week", id="24 a day are too few"),
        pytest.param(28, 40, "day", id="672 hours are more than a screen shows"),
        pytest.param(3_650, 40, "month", id="ten years"),
        pytest.param(2, 1, "hour", id="nothing has enough, and two days are no course"),
    ],
)
def test_the_bin_is_the_finest_in_which_most_have_enough_posts(days: int, posts: int, unit: str) -> None:
    assert bins.fitting(hours(days, posts), 0) == unit


def test_no_posts_at_all_have_a_bin_too() -> None:
    assert bins.fitting([(BEGIN, 0)], 0) in bins.UNITS
    assert bins.fitting([], 0) in bins.UNITS


@pytest.mark.parametrize("unit", bins.UNITS)
@pytest.mark.parametrize("week_start", [0, 5, 6])
def test_added_up_rows_have_the_same_posts_in_bins_that_touch(unit: str, week_start: int) -> None:
    rows: list[dict[str, Any]] = [{"hour": hour, "posts": number} for number, (hour, _) in enumerate(hours(70, 1))]
    summed = list(bins.summed(rows, "hour", unit, ["posts"], week_start))
    assert sum(sums["posts"] for _, sums in summed) == sum(row["posts"] for row in rows)
    for (since, _), (following, _) in pairwise(summed):
        assert bins.end(since, unit) == following
    if unit == "week":
        assert {since.weekday() for since, _ in summed} == {week_start}


def test_a_month_ends_with_the_next() -> None:
    assert bins.end(datetime(2026, 12, 1), "month") == datetime(2027, 1, 1)  # noqa: DTZ001
    assert bins.end(datetime(2028, 2, 1), "month") == datetime(2028, 3, 1)  # noqa: DTZ001
