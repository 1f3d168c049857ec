"""What is left of the account at X, and how long it lasts, whatever X says."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from ingester.account import Account, read_cap, read_credits
from ingester.budget import Budget
from ingester.ledger.units import Tally

NOW = datetime(2026, 11, 11, 12, tzinfo=UTC)

CREDITS: dict[str, tuple[dict[str, Any], float | None]] = {
    "as X sends it": ({"data": {"free_balance": 0, "prepaid_balance": 12.4, "total_balance": 12.4}}, 12.4),
    "a text": ({"data": {"total_balance": "12.40"}}, 12.4),
    "overdrawn": ({"data": {"total_balance": -0.5}}, -0.5),
    "endless": ({"data": {"total_balance": "1e999"}}, None),
    "very long": ({"data": {"total_balance": "9" * 5_000}}, None),
    "no number": ({"data": {"total_balance": "NaN"}}, None),
    "a truth": ({"data": {"total_balance": True}}, None),
    "a list": ({"data": []}, None),
    "an empty 404": ({}, None),
}


@pytest.mark.parametrize(("body", "dollars"), CREDITS.values(), ids=CREDITS.keys())
def test_the_credits_are_read_or_unknown(body: dict[str, Any], dollars: float | None) -> None:
    assert read_credits(body) == dollars


@pytest.mark.parametrize(
    ("value", "cap"), [("3000000", 3_000_000), (3_000_000, 3_000_000), ("many", None), (None, None)]
)
def test_the_cap_is_read_or_unknown(value: object, cap: int | None) -> None:
    assert read_cap({"data": {"project_cap": value}}) == cap


@pytest.mark.parametrize(
    ("dollars", "a_day", "days"),
    [(12.4, 5.0, 2.5), (12.4, 0.0, None), (12.4, None, None), (None, 5.0, None), (-1.0, 5.0, 0.0)],
)
def test_credits_last_as_long_as_the_rate_of_a_day_says(
    dollars: float | None, a_day: float | None, days: float | None
) -> None:
    assert Account(credit_dollars=dollars, dollars_a_day=a_day).credit_days == days


@pytest.mark.parametrize(
    ("used", "reset_day", "days"),
    [
        pytest.param(2_000_000, 1, 5.2, id="reached within the period"),  # 10.5 days have passed
        pytest.param(500_000, 1, None, id="not within the period"),
        pytest.param(3_000_000, 1, 0.0, id="reached"),
        pytest.param(0, 1, None, id="nothing used"),
        pytest.param(1_000_000, 28, None, id="begun last month"),
        pytest.param(2_100_000, 31, 4.9, id="a day that this month does not have"),
    ],
)
def test_the_cap_is_reached_at_the_period_s_mean_rate(used: int, reset_day: int, days: float | None) -> None:
    assert Account(cap=3_000_000, used=used, reset_day=reset_day).cap_days(NOW) == days


def test_the_row_has_what_is_known() -> None:
    assert Account().as_row(NOW) == {"credit_dollars": None, "credit_days": None, "cap_posts": None, "cap_days": None}


@pytest.mark.parametrize(
    ("yesterday", "hour", "a_day"),
    [(400, 6, 100 + 400 * 0.75), (0, 6, 400.0), (0, 0, None)],
    ids=["with yesterday's share", "the first day", "the first hour"],
)
def test_the_rate_is_that_of_the_last_24_hours(yesterday: int, hour: int, a_day: float | None) -> None:
    others = {date(2026, 11, 10): Tally(spent=yesterday)} if yesterday else {}
    budget = Budget(0, 0, others, lambda: datetime(2026, 11, 11, hour, tzinfo=UTC))
    budget.add_request(100)
    assert budget.units_a_day() == a_day
