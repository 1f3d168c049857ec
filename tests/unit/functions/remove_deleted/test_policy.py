"""The next step, by what was done before: a table."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.remove_deleted.policy import Check, Collect, Event, Step, Sweep, Wait, next_step, overdue_since

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def made(job: str, hours: float, round_hours: float | None = None, **more: Any) -> Event:
    return Event(
        "created", ago(hours=hours), round=ago(hours=hours if round_hours is None else round_hours), job_id=job, **more
    )


def later(event: str, job: str, hours: float, round_hours: float | None = None, **more: Any) -> Event:
    return Event(
        event, ago(hours=hours), round=ago(hours=round_hours) if round_hours is not None else None, job_id=job, **more
    )


J1 = made("j1", 2, to_id="50")
RECORDED = later("recorded", "j1", 1.5, 2, to_id="50", answers=3)
SWEPT = Event("swept", ago(hours=1.4))
FINISHED = Event("finished", ago(hours=1.3), round=ago(hours=2))
FINISHED_BEFORE = Event("finished", ago(hours=1.7), round=ago(hours=2))
SWEPT_AGAIN = Event("swept", ago(hours=1.2))

STEPS: dict[str, tuple[list[Event], Step]] = {
    "nothing was ever done": ([], Collect(NOW, "0")),
    "a job was made and not uploaded": ([J1], Check(J1, uploaded=False)),
    "X has the ids": ([J1, later("uploaded", "j1", 1.9)], Check(J1, uploaded=True)),
    "answers came": ([J1, RECORDED], Collect(ago(hours=2), "50")),
    "answers came, and the round is long": (
        [made("j1", 4, to_id="50"), later("recorded", "j1", 2, 4, to_id="50", answers=3), made("j2", 1.9, 4)],
        Sweep(),
    ),
    "no answer was among them": ([J1, later("recorded", "j1", 1.5, 2, to_id="50")], Collect(ago(hours=2), "50")),
    "swept: the rest of the round": ([J1, RECORDED, SWEPT], Collect(ago(hours=2), "50")),
    "the round is done: what came late": ([J1, RECORDED, SWEPT, FINISHED], Sweep()),
    "and then nothing until the next": (
        [J1, RECORDED, SWEPT, FINISHED, SWEPT_AGAIN],
        Wait(ago(hours=-10), "there is nothing to do"),
    ),
    "posts were imported since": (
        [J1, RECORDED, SWEPT, FINISHED, SWEPT_AGAIN, Event("imported", ago(hours=1), job_id="i", ids=5)],
        Collect(NOW, "0"),
    ),
    "posts were imported, and asked about": (
        [Event("imported", ago(hours=3), job_id="i", ids=5), J1, RECORDED, SWEPT, FINISHED, SWEPT_AGAIN],
        Wait(ago(hours=-10), "there is nothing to do"),
    ),
    "posts were imported while a round goes on": (
        [J1, RECORDED, SWEPT, Event("imported", ago(hours=1), job_id="i", ids=5)],
        Collect(ago(hours=2), "50"),
    ),
    "twelve hours later": (
        [Event("finished", ago(hours=11), round=ago(hours=12)), Event("swept", ago(hours=11))],
        Collect(NOW, "0"),
    ),
    "the job failed": ([J1, later("failed", "j1", 1)], Collect(ago(hours=2), "0")),
    "the second job of a round failed": (
        [J1, RECORDED, SWEPT, made("j2", 1, 2, after_id="50"), later("failed", "j2", 0.5, 2)],
        Collect(ago(hours=2), "50"),
    ),
    "three failed within the hour": (
        [J1, *(later("failed", f"j{n}", 0.9 - n / 10) for n in (1, 2, 3))],
        Wait(
            ago(hours=0.6) + timedelta(hours=1), "X's jobs came to nothing three times within an hour; no other is made"
        ),
    ),
    "a person asked": ([Event("requested", ago(minutes=1), job_id="r")], Sweep()),
    "a person asked, swept": (
        [Event("requested", ago(minutes=2), job_id="r"), Event("swept", ago(minutes=1))],
        Collect(NOW, "0"),
    ),
    "a sweep failed: the rest goes on": (
        [J1, Event("finished", ago(hours=20), round=ago(hours=20)), Event("sweep_failed", ago(minutes=9))],
        Check(J1, uploaded=False),
    ),
    "a sweep failed: again after a while": ([FINISHED, Event("sweep_failed", ago(minutes=11))], Sweep()),
    "a row of a clock that is ahead": (
        [Event("requested", ago(hours=1), job_id="r"), Event("swept", ago(hours=-20))],
        Sweep(),
    ),
    "rows were too fresh: not yet again": (
        [FINISHED_BEFORE, Event("swept", ago(minutes=94), left_fresh=4)],
        Wait(ago(hours=-10), "there is nothing to do"),
    ),
    "rows were too fresh: again": ([FINISHED_BEFORE, Event("swept", ago(minutes=95), left_fresh=4)], Sweep()),
    "rows were too fresh, while X works on a job": (
        [J1, Event("swept", ago(minutes=95), left_fresh=4)],
        Sweep(),
    ),
}


@pytest.mark.parametrize(("history", "step"), STEPS.values(), ids=STEPS.keys())
def test_the_next_step(history: list[Event], step: Step) -> None:
    assert next_step(history, NOW) == step


LATE = {
    "nothing was ever done": ([], None),
    "the first round has begun an hour ago": ([made("j", 1)], None),
    "the first round has begun two days ago": ([made("j", 48)], timedelta(hours=48)),
    "asked 23 hours ago": ([Event("finished", ago(hours=20), round=ago(hours=23))], None),
    "asked 25 hours ago": ([Event("finished", ago(hours=20), round=ago(hours=25))], timedelta(hours=25)),
    "a round that never ends": (
        [Event("finished", ago(hours=30), round=ago(hours=31)), made("j", 13)],
        timedelta(hours=31),
    ),
}


@pytest.mark.parametrize(("history", "late"), LATE.values(), ids=LATE.keys())
def test_longer_than_the_policy_allows(history: list[Event], late: timedelta | None) -> None:
    assert overdue_since(history, NOW) == late
