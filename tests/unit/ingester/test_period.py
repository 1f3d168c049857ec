"""The period of X's cap of posts."""

from datetime import date

import pytest

from ingester.period import billing_period

CASES = {
    "the first of a month": (date(2026, 11, 29), 1, date(2026, 11, 1), date(2026, 12, 1)),
    "before the day": (date(2026, 11, 27), 28, date(2026, 10, 28), date(2026, 11, 28)),
    "on the day": (date(2026, 11, 28), 28, date(2026, 11, 28), date(2026, 12, 28)),
    "a month without the day, and the next with it": (date(2026, 2, 28), 31, date(2026, 2, 28), date(2026, 3, 31)),
    "before the end of a month that has the day": (date(2026, 3, 30), 31, date(2026, 2, 28), date(2026, 3, 31)),
    "over a year's end": (date(2026, 12, 31), 15, date(2026, 12, 15), date(2027, 1, 15)),
}


@pytest.mark.parametrize(("today", "reset_day", "begin", "end"), CASES.values(), ids=CASES.keys())
def test_a_period_begins_on_its_day_or_the_month_s_last(today: date, reset_day: int, begin: date, end: date) -> None:
    assert billing_period(today, reset_day) == (begin, end)
