"""What the machine does: a full disk, a clock that jumps."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.processes import Process
from tests.support.pipeline import Rest
from tests.support.trial import SCALE, Trial
from tests.support.waiting import eventually, let_last

pytestmark = pytest.mark.slow


def test_the_ingester_goes_on_where_its_log_cannot_be_written(rest: Rest, tmp_path: Path) -> None:
    """Real files: /dev/full takes nothing: 'No space left on device'."""
    one = Trial(rest, tmp_path, posts=300)
    command = [sys.executable, "-m", "ingester", "--time-scale", str(SCALE), "stream"]
    with Path("/dev/full").open("wb") as full:
        ingester = subprocess.Popen(command, env=one.variables(), stdout=full, stderr=subprocess.DEVNULL)
        try:
            assert eventually(lambda: "all_sent" in one.x.events, 60)
            let_last(2)  # it tells nobody what it has received
            ingester.send_signal(signal.SIGTERM)
            assert ingester.wait(15) == 0
        finally:
            ingester.kill()
            one.stop()
    one.check()


def test_the_function_goes_on_where_its_log_cannot_be_written(rest: Rest, tmp_path: Path) -> None:
    """Real files: /dev/full under functions-framework."""
    rest.pipeline.processes["function"].stop()
    shell = ["bash", "-c", 'exec "$@" > /dev/full 2> /dev/null', "bash", *rest.pipeline.command("function")]
    function = Process("function", shell, rest.pipeline.environment, tmp_path / "function.log")
    rest.pipeline.processes["function"] = function
    one = Trial(rest, tmp_path, posts=300)
    try:
        one.start()
        one.keep_running()
    finally:
        one.stop()
        function.stop()
    one.check(60)


@pytest.mark.parametrize("hours", [1, -1], ids=["forward", "back"])
def test_a_clock_that_is_stepped_by_an_hour_loses_nothing(rest: Rest, tmp_path: Path, hours: int) -> None:
    """Real clients, whose deadlines and tokens use the clock that is stepped.

    X closes the connection after that, and then a time service puts the clock right again.
    """
    one = Trial(rest, tmp_path, posts=900, module=("tests.support.stepped_clock", str(hours), "ingester"))
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
