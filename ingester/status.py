"""What a heartbeat and the log's totals say of this ingester. Reads, and changes nothing."""

from dataclasses import dataclass

from posts.prices import DOLLARS

from .backfill.worker import Worker
from .budget import Budget
from .connection_loop import ConnectionLoop
from .ledger.gaps import Gaps
from .ledger.heartbeat import Status
from .ports import Clock
from .x.consumer import StreamConsumer
from .x.poller import XPoller
from .x.rate_limit import ServerClock


@dataclass(frozen=True, slots=True)
class StatusView:
    """Looks at the parts."""

    connection: ConnectionLoop
    gaps: Gaps
    backfill: Worker
    poller: XPoller
    consumer: StreamConsumer
    budget: Budget
    clock: Clock
    server_clock: ServerClock

    def status(self) -> Status:
        """Return what a heartbeat says."""
        begins = [moment for moment in (self.gaps.since, self.backfill.oldest()) if moment]
        now, last = self.server_clock.now(), self.consumer.last_post
        return Status(
            covered_until=self.connection.covered_until(),
            account=self.poller.account.as_row(now),
            open_gaps=self.open_gaps,
            gap_seconds=(now - min(begins)).total_seconds() if begins else 0.0,
            quiet_seconds=self.clock.monotonic() - last if last is not None else None,
        )

    @property
    def open_gaps(self) -> int:
        """Return the number of gaps that are not filled, the current one included."""
        return self.backfill.open + (self.gaps.since is not None)

    def totals(self) -> dict[str, int]:
        """Return counts for the log: connections, posts that search gave, gaps that wait, and cents that X will ask for."""
        today = self.budget.today() if self.budget.has_external_units else 0
        return {
            "connections": self.connection.connections,
            "searched": self.backfill.filled,
            "open_gaps": self.open_gaps,
            "billed_today": today,
            "cents_today": round(today * DOLLARS * 100),
            **self._account(),
        }

    def _account(self) -> dict[str, int]:
        """Return what is left of the account, as far as X says it: cents of credits, and posts of the period's cap."""
        account = self.poller.account
        credit = {"credit_cents": round(account.credit_dollars * 100)} if account.credit_dollars is not None else {}
        return credit | ({"cap_left": max(0, account.cap - account.used)} if account.cap is not None else {})
