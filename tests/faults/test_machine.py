"""What the machine does: a full disk, a clock that jumps."""

import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from local.processes import Process
from tests.conftest import eventually
from tests.faults.trial import SCALE, Rest, Trial

FAKETIME = next(
    (str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), ""
)  # Debian's package faketime


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


@pytest.mark.skipif(not FAKETIME, reason="libfaketime is not installed (apt-get install faketime)")
@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)], ids=["forward", "back"])
def test_a_clock_that_is_stepped_by_an_hour_loses_nothing(rest: Rest, tmp_path: Path, step: timedelta) -> None:
    """In the middle of a run, and X closes the connection after that: the gap is found and filled all the same."""
    clock = tmp_path / "clock"
    clock.write_text("+0")
    one = Trial(rest, tmp_path, posts=600)
    faked = {
        "LD_PRELOAD": FAKETIME,
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    try:
        ingester = one.start(**faked)
        assert one.sent(100), ingester.why()
        clock.write_text(f"{step.total_seconds():+.0f}")
        assert one.sent(250)
        one.go_wrong("close")
        assert one.sent(350)
        clock.write_text("+0")  # as a time service would in the end
        one.keep_running(90, **faked)
    finally:
        one.stop()
    one.check(60)
