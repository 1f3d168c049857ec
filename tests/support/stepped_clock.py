"""python -m tests.support.stepped_clock HOURS MODULE ARGUMENT...: a module whose clock is stepped at SIGUSR1, and back at SIGUSR2.

Only this process's wall clock changes. The monotonic clock goes on, as it does when a time service steps a machine's clock.
"""

import runpy
import signal
import sys
from datetime import UTC, datetime, timedelta
from types import FrameType

import time_machine

_STEP = timedelta(hours=float(sys.argv[1]))
_travels: list[time_machine.travel] = []


def _step(number: int, frame: FrameType | None) -> None:
    if number == signal.SIGUSR1:
        _travels.append(time_machine.travel(datetime.now(UTC) + _STEP, tick=True))
        _travels[-1].start()
    elif _travels:
        _travels.pop().stop()


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _step)
    signal.signal(signal.SIGUSR2, _step)
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
