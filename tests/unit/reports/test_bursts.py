"""Consecutive hours of a burst are one burst."""

from datetime import datetime, timedelta

from reports import bursts

START = datetime(2026, 11, 21)  # noqa: DTZ001 - of a clock on a wall


def trend(*posts: int) -> list[dict[str, object]]:
    return [
        {"hour": START + timedelta(hours=n), "posts": count, "burst": count >= 50, "usual": 5.0}
        for n, count in enumerate(posts)
    ]


def test_hours_that_follow_each_other_are_one_burst_and_a_lull_of_two_hours_ends_none() -> None:
    (one,) = bursts.find(trend(5, 90, 5, 5, 60, 5))
    assert (one.first, one.posts, one.name) == (START + timedelta(hours=1), 150, "burst of 21 Nov, 01:00")
    assert one.hours == {START + timedelta(hours=n) for n in (1, 2, 3, 4)}


def test_a_day_later_is_another_and_the_largest_are_kept_in_the_order_of_time() -> None:
    rows = trend(*(50 + n if n % 6 == 0 else 1 for n in range(48)))
    found = bursts.find(rows)
    assert [burst.first.hour + 24 * (burst.first.day - 21) for burst in found] == [18, 24, 30, 36, 42]


def test_no_hour_bursts() -> None:
    assert bursts.find(trend(1, 2, 3)) == []
