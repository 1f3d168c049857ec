"""What the machine does: a full disk, a clock that jumps."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.processes import Process
from tests.conftest import eventually
from tests.faults.trial import SCALE, Rest, Trial


def test_the_ingester_goes_on_where_its_log_cannot_be_written(rest: Rest, tmp_path: Path) -> None:
    """/dev/full takes nothing: 'No space left on device'."""
    one = Trial(rest, tmp_path, posts=300)
    command = [sys.executable, "-m", "ingester", "--time-scale", str(SCALE), "stream"]
    with Path("/dev/full").open("wb") as full:
        ingester = subprocess.Popen(command, env=one.variables(), stdout=full, stderr=subprocess.DEVNULL)
        try:
            assert eventually(lambda: "all_sent" in one.x.events, 60)
            time.sleep(2)
            ingester.send_signal(signal.SIGTERM)
            assert ingester.wait(15) == 0
        finally:
            ingester.kill()
            one.stop()
    one.check()


def test_the_function_goes_on_where_its_log_cannot_be_written(rest: Rest, tmp_path: Path) -> None:
    before = rest.pipeline.processes["function"]
    before.stop()
    shell = ["bash", "-c", 'exec "$@" > /dev/full 2> /dev/null', "bash", *before.command]
    function = Process("function", shell, rest.pipeline.environment, tmp_path / "function.log")
    rest.pipeline.processes["function"] = function
    one = Trial(rest, tmp_path, posts=300)
    try:
        one.start()
        one.keep_running()
    finally:
        one.stop()
    one.check(60)


@pytest.mark.parametrize("hours", [1, -1], ids=["forward", "back"])
def test_a_clock_that_is_stepped_by_an_hour_loses_nothing(rest: Rest, tmp_path: Path, hours: int) -> None:
    """In the middle of a run; X closes the connection after that, and then a time service puts the clock right again."""
    one = Trial(rest, tmp_path, posts=900, module=("tests.faults.stepped", str(hours), "ingester"))
    try:
        ingester = one.start()
        assert one.sent(100), ingester.why()
        ingester.signal(signal.SIGUSR1)
        assert one.sent(200)
        one.go_wrong("close")
        assert one.sent(300)
        ingester.signal(signal.SIGUSR2)
        assert one.sent(400)
        one.go_wrong("close")
        one.keep_running(90)
    finally:
        one.stop()
    one.check(60)
