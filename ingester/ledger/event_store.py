"""What the ingester asks of BigQuery: its ledger, what arrived, what to read again. store.py is real, tests/simulation has another."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from .model import Event
from .units import HolderUnits


class EventStore(Protocol):
    """Each method raises NoLedger."""

    async def insert(self, rows: Sequence[tuple[str, Event]]) -> dict[str, str]:
        """Insert rows, each with an id that makes a second try harmless. Returns those refused for good: id and why."""

    async def history(self) -> list[Event]:
        """Return all that a start has to know, in the order of `at`."""

    async def units(self) -> list[HolderUnits]:
        """Return the last row of each holder on each day of this month and of X's period."""

    async def since(self, moment: datetime) -> list[Event]:
        """Return the events from then on, in the order of `at`."""

    async def searched(self, gap_id: str) -> Event | None:
        """Return the last row of a search by hand, from which it goes on."""

    async def arrived(self, since: datetime, first: int, last: int) -> dict[str, set[str]]:
        """Return the posts, by id from first to last, received since then: each with the ids of the rules it matched."""

    async def due(
        self, since: datetime, until: datetime, share: float, unread_since: datetime, age: timedelta
    ) -> list[str]:
        """Return the ids of a share of the posts made between two times, in order, not read since `unread_since` and this age."""

    async def readings(self, since: datetime, made_since: datetime) -> int:
        """Return how many readings were received since then, of posts that were made since `made_since`."""
