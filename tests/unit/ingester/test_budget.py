"""Money: what counts, when it warns, when it stops, and when it starts over."""

import itertools
from datetime import UTC, date, datetime

import pytest

from ingester import budget as budget_module
from ingester.budget import Budget, LimitReached
from ingester.ledger.units import Tally
from posts.prices import Resources


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
    budget.add(Resources(posts=("3", "1", "2")))  # a post that quotes two
    budget.add(post(3))
    assert budget.today() == 3 + 2 * 2
    clock.now = datetime(2026, 11, 23, 0, 1, tzinfo=UTC)
    budget.add(post(1, "u1"))
    assert budget.today() == 3
    assert budget.month() == 10


def test_requests_count_and_what_another_process_has_counted_does_not() -> None:
    budget = Budget(0, 0, {}, Clock())
    budget.add(Resources(), more=5)
    budget.mark_counted(["1", "2"])
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
    budget = Budget(100, 0, {date(2026, 11, 22): Tally(98)}, clock)
    assert budget.remaining() == 2
    assert budget.add(posts(1)) is None
    assert budget.add(posts(1)) == LimitReached("day", 100, 100, datetime(2026, 11, 23, tzinfo=UTC))
    assert budget.remaining() == 0
    clock.now = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    assert budget.reached_limit() is None
    assert budget.remaining() == 100


def test_the_month_counts_all_its_days_and_x_may_know_better() -> None:
    clock = Clock()
    budget = Budget(0, 1_000, {date(2026, 10, 31): Tally(5_000), date(2026, 11, 1): Tally(400)}, clock)
    assert budget.month() == 400
    budget.merge_usage(998, 1)
    assert budget.add(posts(1)) is None
    assert budget.month() == 999, "what came since X was asked is added to X's count"
    assert budget.add(posts(1)) == LimitReached("month", 1_000, 1_000, datetime(2026, 12, 1, tzinfo=UTC))


def test_xs_count_of_the_last_period_does_not_count_on_the_first_day_of_the_next() -> None:
    clock = Clock()
    clock.now = datetime(2026, 12, 1, 0, 15, tzinfo=UTC)
    budget = Budget(0, 1_000, {date(2026, 11, 30): Tally(990)}, clock)
    why = budget.merge_usage(995, 1)
    assert why is not None
    assert "looks like the last period's" in why
    assert (budget.month(), budget.reached_limit()) == (0, None)
    assert budget.merge_usage(80, 1) is None, "somebody else of the project may have used some already"
    assert budget.month() == 80
    clock.now = datetime(2026, 12, 2, tzinfo=UTC)
    assert budget.merge_usage(995, 1) is None
    assert budget.month() == 995


def test_what_others_have_reserved_is_not_left_for_a_search_and_does_not_end_the_stream() -> None:
    clock = Clock()
    today = clock.now.date()
    budget = Budget(100, 0, {today: Tally(50, reserved=40)}, clock)
    assert budget.remaining() == 10
    assert budget.add(posts(45)) is None
    assert (budget.remaining(), budget.today()) == (0, 95)
    budget.merge({today: Tally(55)})
    assert budget.reached_limit() == LimitReached("day", 100, 100, datetime(2026, 11, 23, tzinfo=UTC))


def test_the_ledger_is_asked_before_more_is_spent_than_it_knows() -> None:
    clock = Clock()
    today = clock.now.date()
    budget = Budget(200, 0, {today: Tally(20, reserved=20)}, clock)
    budget.ahead = 60
    assert budget.extend()
    assert (budget.own(today), budget.reserved(today)) == (0, 60)
    assert budget.extend(), "the row is not stored yet"
    budget.confirm(budget.ceiling())
    budget.add(posts(25))
    assert not budget.extend(), "more than half is left"
    assert budget.reserve_page(50)
    assert budget.reserved(today) == 50 + 60
    assert budget.reserve_page(50), "BigQuery did not take the row: not without one"
    budget.confirm(budget.ceiling())
    assert not budget.reserve_page(50)
    budget.add(posts(10))
    budget.release_page()
    assert budget.reserved(today) == 60, "what the page did not cost is given back"
    budget.add(posts(100))
    assert budget.extend()
    assert budget.reserved(today) == 25, "no more than is left, and nobody else has reserved"


def test_a_day_that_has_ended_is_written_once_and_a_reservation_ends_with_it() -> None:
    clock = Clock()
    budget = Budget(0, 0, {}, clock)
    budget.ahead = 60
    budget.extend()
    budget.add(posts(3))
    yesterday = clock.now.date()
    clock.now = datetime(2026, 11, 23, 0, 0, 1, tzinfo=UTC)
    assert budget.take_ended_days() == [yesterday]
    assert budget.take_ended_days() == []
    assert (budget.own(yesterday), budget.reserved(yesterday), budget.today()) == (3, 0, 0)


def test_a_page_whose_answer_never_came_counts_for_the_day_on_which_it_was_asked_for() -> None:
    clock = Clock()
    budget = Budget(0, 0, {}, clock)
    budget.reserve_page(600)
    yesterday = clock.now.date()
    clock.now = datetime(2026, 11, 23, 0, 0, 1, tzinfo=UTC)
    assert (budget.today(), budget.own(yesterday)) == (0, 600)


def test_what_another_process_received_is_counted_once_however_often_it_is_asked_about() -> None:
    budget = Budget(0, 0, {}, Clock())
    budget.add(post(1))
    for _ in range(3):
        budget.add_arrived(["1", "2", "3"], 6)
    assert budget.today() == 1 + 2 * 6


def test_a_reservation_that_runs_out_says_so_at_once() -> None:
    budget, calls = Budget(0, 0, {}, Clock()), []
    budget.on_short = lambda: calls.append(1)
    budget.ahead = 60
    budget.extend()
    budget.add(posts(30))
    assert calls == []
    budget.add(posts(1))
    assert calls == [1]


def test_a_run_has_a_limit_of_its_own_whatever_the_day() -> None:
    clock = Clock()
    budget = Budget(0, 0, {clock.now.date(): Tally(1_000)}, clock, per_run=5)
    budget.add(posts(3))
    clock.now = datetime(2026, 11, 23, 0, 1, tzinfo=UTC)
    assert budget.remaining() == 2
    assert budget.add(posts(2)) == LimitReached("run", 5, 5, None)


def test_december_ends_with_the_year() -> None:
    clock = Clock()
    clock.now = datetime(2026, 12, 31, 12, tzinfo=UTC)
    spent = Budget(0, 1, {date(2026, 12, 31): Tally(1)}, clock).reached_limit()
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
    assert (budget.remaining(), budget.warnings()) == (None, [])


def test_where_xs_period_began_before_the_month_what_was_counted_in_between_is_not_this_months() -> None:
    clock = Clock()  # 22 November
    days = {date(2026, 10, 27): Tally(70), date(2026, 10, 28): Tally(300), date(2026, 11, 1): Tally(400)}
    budget = Budget(0, 1_000, days, clock)
    budget.merge_usage(900, 28)  # since 28 October
    assert budget.month() == 600
    budget.merge_usage(900, 10)  # since 10 November
    assert budget.month() == 900
    budget.merge_usage(900, 31)  # since 31 October, the last 31st
    assert budget.month() == 900


def test_xs_count_of_a_month_ends_with_it() -> None:
    clock = Clock()
    budget = Budget(0, 1_000, {}, clock)
    budget.merge_usage(1_000, 1)
    assert budget.share() == 1.0
    clock.now = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
    assert budget.reached_limit() is None
    assert budget.share() == 0.0
