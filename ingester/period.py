"""The period of X's cap of posts, which begins anew on a day of each month. Pure."""

from datetime import date, timedelta

_DAY = timedelta(days=1)


def billing_period(today: date, reset_day: int) -> tuple[date, date]:
    """Return the first day of the period that `today` is in, and that of the next one.

    In a month without that day it begins on the month's last day.
    """
    this_month = _on_day(today, reset_day)
    if today < this_month:
        return _on_day(today.replace(day=1) - _DAY, reset_day), this_month
    return this_month, _on_day(_next_month(today), reset_day)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + 31 * _DAY).replace(day=1)


def _on_day(month: date, day: int) -> date:
    first = month.replace(day=1)
    return min(first + (max(day, 1) - 1) * _DAY, _next_month(month) - _DAY)
