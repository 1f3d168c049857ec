"""Once a minute, beside the stream: a row that says that we live and until when all is published, a look at what X bills and at
the rules in force, and one log line that the metrics and alerts of the cloud are made of (infra/monitoring).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from . import log
from .api import Unavailable, X
from .budget import Budget
from .ledger import Ledger
from .prices import DOLLARS
from .times import Times


@dataclass(frozen=True, slots=True)
class State:
    """What the line says: gaps that are open, the age of the oldest in seconds, and how long no post has come, if one has."""

    held_until: datetime | None
    open_gaps: int
    gap_seconds: float
    quiet_seconds: float | None


@dataclass(slots=True)
class Heartbeat:
    """`start` it as soon as anybody could ask whether we live; `budget` and `look` may come later."""

    ledger: Ledger
    x: X
    times: Times
    state: Callable[[], State]
    budget: Budget | None = None
    look: Callable[[], None] = lambda: None  # at the rules in force

    def start(self) -> None:
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def ask_usage(self) -> None:
        """X's own count, which is what it bills."""
        if self.budget is None:
            return
        try:
            answer = self.x.usage()
        except Unavailable as error:
            log.event("usage_unknown", "WARNING", message=str(error))
            return
        data = answer.body.get("data")
        if answer.status == 200 and isinstance(data, dict) and str(data.get("project_usage") or "").isdigit():
            day = str(data.get("cap_reset_day") or "1")
            self.budget.billed(int(str(data["project_usage"])), int(day) if day.isdecimal() else 1)

    def _beat(self) -> None:
        asked = time.monotonic()
        while True:
            time.sleep(self.times.alive)
            try:
                self._tell()
                if time.monotonic() - asked >= self.times.usage:
                    asked = time.monotonic()
                    self.ask_usage()
                self.look()
            except Exception as error:  # noqa: BLE001 - without a heartbeat another would take over
                log.event("heartbeat_failed", "ERROR", message=f"{type(error).__name__}: {error}"[:500])

    def _tell(self) -> None:
        state, budget = self.state(), self.budget
        self.ledger.write("alive", since=state.held_until)
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
        )  # fmt: skip
