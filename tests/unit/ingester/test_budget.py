"""Money: what counts, when it warns, when it stops, and when it starts over."""

import itertools
from datetime import UTC, date, datetime

import pytest

from ingester import budget as budget_module
from ingester.budget import Budget, Spent
from ingester.prices import Resources


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


_number = itertools.count()


def posts(count: int) -> Resources:
    """So many new ones."""
    return Resources(posts=tuple(f"n{next(_number)}" for _ in range(count)))


def post(post_id: int, *users: str) -> Resources:
    return Resources(posts=(str(post_id),), users=users)


def test_each_resource_counts_once_a_day_an_author_as_two_posts() -> None:
    clock = Clock()
    budget = Budget(0, 0, {}, clock)
    budget.add(post(1, "u1"))
    budget.add(post(2, "u1", "u2"))
    budget.add(Resources(posts=("3", "1", "2"), media=("3_1",)))  # a post that quotes two, and a picture
    budget.add(post(3))
    assert budget.today() == 3 + 2 * 2 + 1
    clock.now = datetime(2026, 11, 23, 0, 1, tzinfo=UTC)
    budget.add(post(1, "u1"))
    assert budget.today() == 3
    assert budget.month() == 11


def test_requests_count_and_what_another_process_has_counted_does_not() -> None:
    budget = Budget(0, 0, {}, Clock())
    budget.add(Resources(), more=5)
    budget.know(["1", "2"])
    budget.add(Resources(posts=("1", "2", "3")))
    assert budget.today() == 6


def test_what_is_forgotten_counts_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget_module, "_REMEMBERED", 10)
    budget = Budget(0, 0, {}, Clock())
    for number in range(40):
        budget.add(post(number))
    for number in range(40):
        budget.add(post(number))
    assert 40 < budget.today() <= 80
    before = budget.today()
    budget.add(post(39))
    assert budget.today() == before


def test_the_limit_of_the_day_holds_across_a_restart_and_until_midnight() -> None:
    clock = Clock()
    budget = Budget(100, 0, {date(2026, 11, 22): 98}, clock)
    assert budget.left() == 2
    assert budget.add(posts(1)) is None
    assert budget.add(posts(1)) == Spent("day", 100, 100, datetime(2026, 11, 23, tzinfo=UTC))
    assert budget.left() == 0
    clock.now = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    assert budget.spent() is None
    assert budget.left() == 100


def test_the_month_counts_all_its_days_and_x_may_know_better() -> None:
    clock = Clock()
    budget = Budget(0, 1_000, {date(2026, 10, 31): 5_000, date(2026, 11, 1): 400}, clock)
    assert budget.month() == 400
    budget.billed(999, 1)
    assert budget.add(posts(1)) is None
    budget.billed(1_000, 1)
    spent = budget.spent()
    assert spent == Spent("month", 1_000, 1_000, datetime(2026, 12, 1, tzinfo=UTC))


def test_december_ends_with_the_year() -> None:
    clock = Clock()
    clock.now = datetime(2026, 12, 31, 12, tzinfo=UTC)
    spent = Budget(0, 1, {date(2026, 12, 31): 1}, clock).spent()
    assert spent is not None
    assert spent.until == datetime(2027, 1, 1, tzinfo=UTC)


def test_each_mark_warns_once_a_period_in_dollars() -> None:
    clock = Clock()
    budget = Budget(100, 0, {}, clock)
    told = []
    for _ in range(100):
        budget.add(posts(1))
        told += budget.warnings()
    assert [line.split(" of")[0] for line in told] == ["50", "80", "95"]
    assert "$0.25" in told[0]
    assert "MAX_POSTS_PER_DAY" in told[0]
    clock.now = datetime(2026, 11, 23, 1, tzinfo=UTC)
    for _ in range(50):
        budget.add(posts(1))
    assert len(budget.warnings()) == 1


def test_no_limit_is_none() -> None:
    budget = Budget(0, 0, {}, Clock())
    assert budget.add(Resources(), more=10**9) is None
    assert (budget.left(), budget.warnings()) == (None, [])


def test_where_xs_period_began_before_the_month_what_was_counted_in_between_is_not_this_months() -> None:
    clock = Clock()  # 22 November
    days = {date(2026, 10, 27): 70, date(2026, 10, 28): 300, date(2026, 11, 1): 400}
    budget = Budget(0, 1_000, days, clock)
    budget.billed(900, 28)  # since 28 October
    assert budget.month() == 600
    budget.billed(900, 10)  # since 10 November
    assert budget.month() == 900
    budget.billed(900, 31)  # since 31 October, the last 31st
    assert budget.month() == 900


def test_xs_count_of_a_month_ends_with_it() -> None:
    clock = Clock()
    budget = Budget(0, 1_000, {}, clock)
    budget.billed(1_000, 1)
    assert budget.share() == 1.0
    clock.now = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
    assert budget.spent() is None
    assert budget.share() == 0.0
