"""Waiting for a condition, with a limit. No test sleeps except through this module."""

import time
from collections.abc import Callable


def eventually(
    condition: Callable[[], bool], seconds: float = 20.0, *, every: float = 0.02, steady: float = 0.0
) -> bool:
    """Return whether the condition comes true within `seconds`, a limit that is long for any machine.

    Looks again after `every` seconds. With `steady`, it must stay true at each look for so many seconds.
    """
    deadline = time.monotonic() + seconds
    true_since: float | None = None
    while True:
        now = time.monotonic()
        if not condition():
            true_since = None
        elif steady == 0.0 or (true_since is not None and now - true_since >= steady):
            return True
        elif true_since is None:
            true_since = now
        if now > deadline:
            return False
        time.sleep(every)


def let_last(seconds: float) -> None:
    """Let a fault last for a time that is the fault itself: a freeze that must outlive a deadline, a pause that a user makes.

    To wait for what a program does, use `eventually`.
    """
    time.sleep(seconds)
