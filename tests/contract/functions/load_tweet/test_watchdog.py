"""A worker that hangs ends; one that had no CPU for a while does not. Real processes, with short limits."""

import signal
import subprocess
import sys

import pytest

from tests.support import ROOT
from tests.support.waiting import let_last

pytestmark = pytest.mark.process_per_case

_LOOP = """
import asyncio, re, sys, threading
from functions.load_tweet import watchdog

async def main():
    watchdog.watch(asyncio.get_running_loop(), 2)
    print("ready", flush=True)
    await asyncio.sleep(0)
    {hang}

asyncio.run(main())
"""
HANGS = {
    "waits for a lock": ("lock = threading.Lock(); lock.acquire(); lock.acquire()", {1}),
    "computes in C and holds the interpreter": ("re.match('(a*)*b', 'a' * 60)", {-signal.SIGPROF}),
    # where others compute too, the watching thread's 2 s may be over before the process has computed so long
    "computes in Python": ("[number for number in iter(int, 1)]", {1, -signal.SIGPROF}),
}


def start(hang: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _LOOP.format(hang=hang)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("hang", "codes"), HANGS.values(), ids=HANGS.keys())
def test_a_loop_that_hangs_ends_the_process_and_says_where(hang: str, codes: set[int]) -> None:
    process = start(hang)
    out, err = process.communicate(timeout=60)
    assert process.returncode in codes, err
    assert "has not turned for 2 s" in out if process.returncode == 1 else "in main" in err


def test_a_process_without_cpu_for_longer_than_the_limit_goes_on() -> None:
    process = start("[await asyncio.sleep(0.01) for _ in range(400)]")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    for _ in range(2):
        process.send_signal(signal.SIGSTOP)
        let_last(3.0)
        process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
