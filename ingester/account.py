"""What is left of the account at X, dollars of credits and posts of the period's cap, and how long both last. Pure.

X says both without charge: GET /2/usage/credits, which some accounts lack (they get 404), and GET /2/usage/tweets.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from .period import billing_period
from .x.client import whole_number

_DAY = timedelta(days=1)
_MOST_DOLLARS = 1e12


@dataclass(frozen=True, slots=True)
class Account:
    """`cap` and `used` are posts of a period that begins anew on `reset_day` of each month."""

    credit_dollars: float | None = None
    dollars_a_day: float | None = None  # at the present rate
    cap: int | None = None
    used: int = 0
    reset_day: int = 1

    @property
    def credit_days(self) -> float | None:
        """Return for how many days the credits last at the present rate; None where one of both is unknown, or nothing is spent."""
        if self.credit_dollars is None or not self.dollars_a_day:
            return None
        return round(max(0.0, self.credit_dollars) / self.dollars_a_day, 1)

    def cap_days(self, now: datetime) -> float | None:
        """Return in how many days the cap is reached at the period's mean rate; None where that is unknown, or not within the period."""
        period_start, end = (_midnight(day) for day in billing_period(now.date(), self.reset_day))
        elapsed, remaining = (now - period_start) / _DAY, (end - now) / _DAY
        if self.cap is None or elapsed <= 0 or not self.used:
            return None
        days = max(0, self.cap - self.used) / (self.used / elapsed)
        return round(days, 1) if days < remaining else None

    def as_row(self, now: datetime) -> dict[str, Any]:
        """Return the columns of a heartbeat's row."""
        return {
            "credit_dollars": self.credit_dollars,
            "credit_days": self.credit_days,
            "cap_posts": self.cap,
            "cap_days": self.cap_days(now),
        }


def read_credits(body: Mapping[str, Any]) -> float | None:
    """Return the dollars that are left, paid and granted; None where X sends something else."""
    data = body.get("data")
    value = data.get("total_balance") if isinstance(data, dict) else None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or len(str(value)) > len("1" * 40):
        return None
    try:
        dollars = float(value)
    except ValueError:
        return None
    return round(dollars, 2) if math.isfinite(dollars) and abs(dollars) < _MOST_DOLLARS else None


def read_cap(body: Mapping[str, Any]) -> int | None:
    """Return the posts that X gives in a period; None where it does not say."""
    data = body.get("data")
    return whole_number(data.get("project_cap")) if isinstance(data, dict) else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
