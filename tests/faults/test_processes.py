"""Each of our processes is killed, told to stop, or frozen for longer than the ack deadline, in the middle of a run: afterwards
every post that X had is where it belongs, once.
"""

import signal
import time
from pathlib import Path

import pytest

from tests.faults.trial import ACK_SCALE, Rest, Trial, cases

PARTS = ("pubsub", "eventarc", "function", "bigquery_subscription", "bigquery")
ENDS = {
    f"{part}, {how}": (part, number)
    for part in PARTS
    for how, number in (("killed", signal.SIGKILL), ("told to stop", signal.SIGTERM))
}
FROZEN = 120 * ACK_SCALE + 1.0  # seconds: longer than the ack deadline


def in_the_middle(rest: Rest, folder: Path, posts: int = 400) -> Trial:
    one = Trial(rest, folder, posts=posts, rate=80.0)
    one.start()
    assert one.sent(100)
    return one


@pytest.mark.parametrize(
    ("part", "number"),
    cases(
        ENDS, "eventarc, told to stop", "function, told to stop", "bigquery_subscription, told to stop", several=True
    ),
)
def test_a_part_that_ends_and_begins_again_has_lost_nothing(
    rest: Rest, tmp_path: Path, part: str, number: signal.Signals
) -> None:
    one = in_the_middle(rest, tmp_path)
    try:
        process = rest.pipeline.processes[part]
        process.signal(number)
        assert process.wait(20) is not None
        time.sleep(1)
        rest.pipeline.restart(part)
        one.keep_running()
    finally:
        one.stop()
    one.check(60)  # what was leased comes again when its deadline is over


@pytest.mark.parametrize(
    "part", cases({part: part for part in (*PARTS, "ingester", "x")}, "eventarc", "bigquery_subscription")
)
def test_a_part_that_is_frozen_for_longer_than_the_ack_deadline_loses_and_doubles_nothing(
    rest: Rest, tmp_path: Path, part: str
) -> None:
    one = in_the_middle(rest, tmp_path)
    assert one.ingester is not None
    process = {**rest.pipeline.processes, "ingester": one.ingester, "x": one.x}[part]
    try:
        process.signal(signal.SIGSTOP)
        time.sleep(FROZEN)
        process.signal(signal.SIGCONT)
        time.sleep(3)  # what it finds in its buffers is looked at first
        one.keep_running()
    finally:
        process.signal(signal.SIGCONT)
        one.stop()
    one.check(60)


@pytest.mark.parametrize("fault", cases({"reset": "reset", "close": "close"}, "close"))
def test_x_ends_the_connection_while_the_ingester_is_frozen(rest: Rest, tmp_path: Path, fault: str) -> None:
    """What it reads afterwards is old, and was not all: the gap begins where it fell asleep."""
    one = in_the_middle(rest, tmp_path, posts=1_800)
    assert one.ingester is not None
    try:
        one.ingester.signal(signal.SIGSTOP)
        time.sleep(2)
        one.go_wrong(fault)
        time.sleep(FROZEN)
        one.ingester.signal(signal.SIGCONT)
        one.keep_running()
    finally:
        one.ingester.signal(signal.SIGCONT)
        one.stop()
    one.check(60)


ORDERS = {
    "from the end": ("bigquery", "bigquery_subscription", "function", "eventarc", "pubsub"),
    "from the start": ("pubsub", "eventarc", "function", "bigquery_subscription", "bigquery"),
}


@pytest.mark.parametrize("order", cases(ORDERS, "from the start"))
def test_all_killed_at_once_and_started_in_either_order(rest: Rest, tmp_path: Path, order: tuple[str, ...]) -> None:
    one = in_the_middle(rest, tmp_path)
    assert one.ingester is not None
    try:
        one.ingester.signal(signal.SIGKILL)
        for part in PARTS:
            rest.pipeline.processes[part].signal(signal.SIGKILL)
        for part in PARTS:
            assert rest.pipeline.processes[part].wait(10) == -9
        for part in order:
            rest.pipeline.restart(part)
        one.keep_running()
    finally:
        one.stop()
    one.check(60)


@pytest.mark.parametrize("number", [signal.SIGKILL, None], ids=["killed", "cut off"])
def test_what_the_archive_does_not_have_yet_is_not_missing(
    rest: Rest, tmp_path: Path, number: signal.Signals | None
) -> None:
    """A gap is counted while `archive` is behind: what was published is late, also where the process that did it is gone."""
    archive = rest.pipeline.processes["bigquery_subscription"]
    one = in_the_middle(rest, tmp_path)
    assert one.ingester is not None
    try:
        archive.signal(signal.SIGSTOP)
        assert one.sent(200)
        if number is None:
            one.go_wrong("close")
        else:
            one.ingester.signal(number)
            one.bring_back("ingester")
        time.sleep(FROZEN)  # the gap is filled meanwhile
        archive.signal(signal.SIGCONT)
        one.keep_running()
    finally:
        archive.signal(signal.SIGCONT)
        one.stop()
    one.check(60)


def test_the_function_starts_while_bigquery_is_away(rest: Rest, tmp_path: Path) -> None:
    bigquery, function = (rest.pipeline.processes[name] for name in ("bigquery", "function"))
    one = in_the_middle(rest, tmp_path)
    try:
        for process in (function, bigquery):
            process.signal(signal.SIGKILL)
            process.wait(10)
        rest.pipeline.restart("function")
        time.sleep(2)
        rest.pipeline.restart("bigquery")
        one.keep_running()
    finally:
        one.stop()
    one.check(60)
