"""Each of our processes is killed, told to stop, or frozen for longer than the ack deadline, in the middle of a run: afterwards
every post that X had is where it belongs, once.
"""

import signal
from pathlib import Path

import pytest

from tests.support.pipeline import ACK_SCALE, PARTS, Rest
from tests.support.sequences import Step, run
from tests.support.trial import Trial, cases
from tests.support.waiting import let_last

ENDS = {
    f"{part}, {how}": (part, number)
    for part in PARTS
    for how, number in (("killed", signal.SIGKILL), ("told to stop", signal.SIGTERM))
}
FROZEN = 120 * ACK_SCALE + 1.0  # seconds: longer than the ack deadline


IN_TURN = {  # the fault, its seconds for each part, and the seconds between one part and the next
    "killed": ("kill", 0.5, 2.0),
    "told to stop": ("end", 0.5, 2.0),
    "frozen for longer than the ack deadline": ("freeze", FROZEN, 1.5),
}


def in_the_middle(rest: Rest, folder: Path, posts: int = 400) -> Trial:
    one = Trial(rest, folder, posts=posts, rate=80.0)
    one.start()
    assert one.sent(100)
    return one


@pytest.mark.parametrize(("how", "seconds", "between"), cases(IN_TURN, "killed", several=True))
def test_each_part_in_turn_in_one_run(rest: Rest, tmp_path: Path, how: str, seconds: float, between: float) -> None:
    """Real signals to each part, one after the other."""
    one = in_the_middle(rest, tmp_path, posts=1_000)
    parts = ("ingester", *PARTS)
    try:
        run(one, [Step(between * number, how, part, seconds) for number, part in enumerate(parts)])
        one.keep_running(90)
    finally:
        rest.mend()
        one.stop()
    one.check(60)


@pytest.mark.parametrize(
    ("part", "number"),
    cases(ENDS, several=True),
)
def test_a_part_that_ends_and_begins_again_has_lost_nothing(
    rest: Rest, tmp_path: Path, part: str, number: signal.Signals
) -> None:
    """Real signals to one part, and the leases that it held."""
    one = in_the_middle(rest, tmp_path)
    try:
        process = rest.pipeline.processes[part]
        process.signal(number)
        assert process.wait(20) is not None
        let_last(1)
        rest.pipeline.restart(part)
        one.keep_running()
    finally:
        one.stop()
    one.check(60)  # what was leased comes again when its deadline is over


@pytest.mark.parametrize("part", cases({part: part for part in (*PARTS, "ingester", "x")}))
def test_a_part_that_is_frozen_for_longer_than_the_ack_deadline_loses_and_doubles_nothing(
    rest: Rest, tmp_path: Path, part: str
) -> None:
    """Real signals: SIGSTOP, and sockets that stay open meanwhile."""
    one = in_the_middle(rest, tmp_path)
    assert one.ingester is not None
    process = {**rest.pipeline.processes, "ingester": one.ingester, "x": one.x}[part]
    try:
        process.signal(signal.SIGSTOP)
        let_last(FROZEN)
        process.signal(signal.SIGCONT)
        one.keep_running()
    finally:
        process.signal(signal.SIGCONT)
        one.stop()
    one.check(60)


@pytest.mark.parametrize("fault", cases({"reset": "reset", "close": "close"}))
def test_x_ends_the_connection_while_the_ingester_is_frozen(rest: Rest, tmp_path: Path, fault: str) -> None:
    """Real sockets: what it reads afterwards is old, and was not all: the gap begins where it fell asleep."""
    one = in_the_middle(rest, tmp_path, posts=1_800)
    assert one.ingester is not None
    try:
        one.ingester.signal(signal.SIGSTOP)
        let_last(2)
        one.go_wrong(fault)
        let_last(FROZEN)
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


@pytest.mark.parametrize("order", cases(ORDERS))
def test_all_killed_at_once_and_started_in_either_order(rest: Rest, tmp_path: Path, order: tuple[str, ...]) -> None:
    """Real signals, and clients of Google that find their servers again."""
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


@pytest.mark.slow
def test_the_function_starts_while_bigquery_is_away(rest: Rest, tmp_path: Path) -> None:
    """Real sockets: the function's first look at its tables is refused."""
    bigquery, function = (rest.pipeline.processes[name] for name in ("bigquery", "function"))
    one = in_the_middle(rest, tmp_path)
    try:
        for process in (function, bigquery):
            process.signal(signal.SIGKILL)
            process.wait(10)
        rest.pipeline.restart("function")
        let_last(2)
        rest.pipeline.restart("bigquery")
        one.keep_running()
    finally:
        one.stop()
    one.check(60)
