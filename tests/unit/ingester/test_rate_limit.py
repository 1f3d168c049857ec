"""How long an answer asks us to wait, by X's clock, and None if it asks for nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from ingester.x.rate_limit import ServerClock, retry_after

NOW = 1_795_600_800.0  # 2026-11-25T10:00:00Z
DATE = "Wed, 25 Nov 2026 10:00:00 GMT"

WAITS: dict[str, tuple[dict[str, str], float | None]] = {
    "Retry-After in seconds": ({"retry-after": "13"}, 13.0),
    "Retry-After as a date": ({"retry-after": "Wed, 25 Nov 2026 10:01:00 GMT", "date": DATE}, 60.0),
    "Retry-After of no time": ({"retry-after": "0"}, None),
    "a huge Retry-After, for the caller to judge": ({"retry-after": "99999999999"}, 99_999_999_999.0),
    "Retry-After that is no number": ({"retry-after": "soon"}, None),
    "a reset": ({"x-rate-limit-reset": str(int(NOW) + 9), "x-rate-limit-remaining": "0", "date": DATE}, 10.0),
    "a reset in milliseconds": ({"x-rate-limit-reset": f"{int(NOW) + 9}000", "date": DATE}, 10.0),
    "a reset that has passed": ({"x-rate-limit-reset": str(int(NOW) - 900), "date": DATE}, None),
    "a reset while calls are left": ({"x-rate-limit-reset": str(int(NOW) + 9), "x-rate-limit-remaining": "7"}, None),
    "digits of another script": ({"retry-after": "\u0663"}, None),
    "nothing": ({}, None),
}


@pytest.mark.parametrize(("headers", "wait"), WAITS.values(), ids=WAITS.keys())
def test_how_long_an_answer_asks_to_wait(headers: dict[str, str], wait: float | None) -> None:
    assert retry_after(headers, NOW) == wait


def test_the_answer_s_own_date_counts_for_more_than_this_machine_s_clock() -> None:
    headers = {"x-rate-limit-reset": str(int(NOW) + 2), "date": DATE}
    assert retry_after(headers, NOW - 3_600) == 3.0


@dataclass
class HandSet:
    """A clock whose time a test sets. Its monotonic side goes on."""

    wall: float
    since_start: float = 5.0

    def time(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.since_start


def test_x_s_time_is_kept_where_this_machine_s_clock_is_wrong() -> None:
    clock = HandSet(NOW - 3_600)
    server_clock = ServerClock(clock)
    assert server_clock.now() == datetime.fromtimestamp(NOW - 3_600, UTC), "until X has answered"
    server_clock.compare({"date": DATE}, clock.since_start)
    assert server_clock.now() == datetime.fromtimestamp(NOW, UTC)
    assert server_clock.at(2.0) == datetime.fromtimestamp(NOW - 3, UTC), "moments of before as well"
    clock.wall += 7_200
    clock.since_start += 10
    assert server_clock.now() == datetime.fromtimestamp(NOW + 10, UTC), "whoever sets the clock"
    server_clock.compare({}, 5.0)
    assert server_clock.now() == datetime.fromtimestamp(NOW + 10, UTC), "an answer without a Date says nothing"


def test_a_date_is_exact_to_the_second_and_late_so_that_little_is_let_be() -> None:
    server_clock = ServerClock(HandSet(NOW - 19))
    server_clock.compare({"date": DATE}, 5.0)
    assert server_clock.now() == datetime.fromtimestamp(NOW - 19, UTC)


@pytest.mark.parametrize(
    ("wall", "after"),
    [(NOW, NOW + 150), (NOW + 3_600, NOW + 150), (NOW - 3_600, NOW)],
    ids=["our clock is right", "an hour ahead", "an hour behind"],
)
def test_an_answer_that_was_read_after_a_pause_does_not_set_the_time_back(wall: float, after: float) -> None:
    """X wrote its Date somewhere within the 150 s that the call took."""
    clock = HandSet(wall)
    server_clock = ServerClock(clock)
    clock.since_start += 150
    clock.wall += 150
    server_clock.compare({"date": DATE}, sent_at=5.0)
    assert server_clock.now() == datetime.fromtimestamp(after, UTC)
