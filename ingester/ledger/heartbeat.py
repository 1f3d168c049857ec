"""Once a minute: a row that says that we live and until when all is published, and one log line that the metrics and alerts of the
cloud are made of (infra/monitoring). It waits for nobody: without a heartbeat another ingester would take over.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from posts.prices import DOLLARS
from runtime import log

from ..budget import Budget
from ..timeouts import Timeouts
from .events import Alive
from .ledger import Ledger


@dataclass(frozen=True, slots=True)
class Status:
    """What a heartbeat says: what is left at X, gaps that are open, the age of the oldest in seconds, and how long no post has come."""

    covered_until: datetime | None  # up to when all is published; None where the stream is not held
    account: dict[str, Any]  # what is left at X, as the row's columns have it
    open_gaps: int
    gap_seconds: float
    quiet_seconds: float | None


class Heartbeat:
    """`run` is a task, from the start on: others ask whether we live before we connect."""

    def __init__(
        self,
        ledger: Ledger,
        budget: Budget,
        times: Timeouts,
        detect_suspend: Callable[[], None],
        status: Callable[[], Status],
    ) -> None:
        self._ledger = ledger
        self._budget = budget
        self._times = times
        self._detect_suspend = detect_suspend
        self._status = status

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._times.alive)
            self.beat()

    def beat(self) -> None:
        """Write one row and one log line."""
        self._detect_suspend()  # what a paused process reads is old, and must not count as covered
        status, budget = self._status(), self._budget
        self._ledger.write(Alive(status.covered_until, **status.account))
        money = {}
        if budget.has_external_units:
            money = {
                "dollars_today": round(budget.today() * DOLLARS, 2),
                "dollars_month": round(budget.month() * DOLLARS, 2),
                "budget_percent": round(budget.share() * 100),
            }
            for warning in budget.warnings():
                log.event("budget", "WARNING", message=warning, **money)
        log.event(
            "alive",
            held=status.covered_until is not None,
            open_gaps=status.open_gaps,
            gap_seconds=round(status.gap_seconds),
            quiet_seconds=round(status.quiet_seconds) if status.quiet_seconds is not None else None,
            **money,
            **{name: value for name, value in status.account.items() if value is not None},
        )
