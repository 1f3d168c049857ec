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
from .ledger import Ledger


@dataclass(frozen=True, slots=True)
class State:
    """What the line says: what is left at X, gaps that are open, the age of the oldest in seconds, and how long no post has come."""

    held_until: datetime | None
    account: dict[str, Any]  # what is left at X, as the row's columns have it
    open_gaps: int
    gap_seconds: float
    quiet_seconds: float | None


@dataclass(slots=True)
class Heartbeat:
    """`budget` may come later: others ask whether we live as soon as we have started."""

    ledger: Ledger
    times: Timeouts
    state: Callable[[], State]
    budget: Budget | None = None

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self.times.alive)
            self.beat()

    def beat(self) -> None:
        """Write one row and one log line."""
        state, budget = self.state(), self.budget
        self.ledger.write("alive", since=state.held_until, **state.account)
        money = {}
        if budget is not None:
            money = {
                "dollars_today": round(budget.today() * DOLLARS, 2),
                "dollars_month": round(budget.month() * DOLLARS, 2),
                "budget_percent": round(budget.share() * 100),
            }
            for warning in budget.warnings():
                log.event("budget", "WARNING", message=warning, **money)
        log.event(
            "alive", held=state.held_until is not None, open_gaps=state.open_gaps, gap_seconds=round(state.gap_seconds),
            quiet_seconds=round(state.quiet_seconds) if state.quiet_seconds is not None else None, **money,
            **{name: value for name, value in state.account.items() if value is not None},
        )  # fmt: skip
