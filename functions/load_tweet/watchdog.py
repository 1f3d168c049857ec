"""Ends a worker whose event loop hangs: Pub/Sub then delivers its messages again, and gunicorn starts another worker.

gunicorn's own timeout goes by the clock. Cloud Run withdraws the CPU between requests, so after an idle minute gunicorn would take a
healthy worker for dead, and kill it with the message that has just woken it (main.py switches that timeout off). This watchdog counts
only time in which the process had the CPU:

- a loop that waits for ever (a lock, a socket) is noticed by a thread that counts its own seconds;
- a loop that computes for ever may never let that thread run, so the kernel counts the CPU seconds (ITIMER_PROF) and ends the process.
"""

import asyncio
import faulthandler
import os
import signal
import threading
import time
from functools import cache

from runtime import log

_SECONDS = 30
_EVERY = 1.0


@cache
def watch(loop: asyncio.AbstractEventLoop, seconds: int = _SECONDS) -> None:
    """Watch the loop for the life of the process, however often this is called. Call it from the loop's thread."""
    # Says where it hung; then the signal ends the process. Not to sys.stderr, which functions-framework may have replaced.
    faulthandler.register(signal.SIGPROF, file=2, all_threads=True, chain=True)
    _Watchdog(loop, seconds).turn()


class _Watchdog:
    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: int) -> None:
        self._loop = loop
        self._seconds = seconds
        self._turns = 0
        threading.Thread(target=self._count, name="watchdog", daemon=True).start()

    def turn(self) -> None:
        """Note that the loop turns; the CPU seconds begin anew."""
        self._turns += 1
        signal.setitimer(signal.ITIMER_PROF, self._seconds)
        self._loop.call_later(_EVERY, self.turn)

    def _count(self) -> None:
        """Count seconds in which this thread ran and the loop did not turn. While the process has no CPU none are counted."""
        seen, still = 0, 0
        while True:
            time.sleep(_EVERY)
            turns = self._turns
            seen, still = (turns, 0) if turns != seen else (seen, still + 1)
            if still >= self._seconds:
                log.event(
                    "hung",
                    "CRITICAL",
                    message=f"The event loop has not turned for {still} s: the worker ends, and another starts",
                )
                os._exit(1)
