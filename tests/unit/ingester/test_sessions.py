"""Times that X names are read by X's own clock."""

import time
from email.utils import formatdate

import pytest
import requests

from ingester.sessions import seconds_until


def answer(date: str | None) -> requests.Response:
    made = requests.Response()
    if date is not None:
        made.headers["Date"] = date
    return made


@pytest.mark.parametrize("wrong", [3_600, 0, -3_600], ids=["an hour behind X", "right", "an hour ahead of X"])
def test_a_time_is_read_by_the_answers_own_date(wrong: int) -> None:
    of_x = int(time.time()) + wrong
    assert seconds_until(of_x + 60, answer(formatdate(of_x, usegmt=True))) == 60


def test_a_time_that_has_passed_is_now_and_without_a_date_this_clock_has_to_do() -> None:
    assert seconds_until(1, answer(formatdate(time.time(), usegmt=True))) == 0.0
    assert 0 < seconds_until(int(time.time()) + 60, answer(None)) <= 60
    assert 0 < seconds_until(int(time.time()) + 60, answer("no date")) <= 60
