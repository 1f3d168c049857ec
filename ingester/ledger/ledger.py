"""Writes the ledger: rows go to BigQuery in their order and are kept until they are stored.

A BigQuery that is down for a while delays the ledger, not the stream. What has to be stored before something else happens is awaited.
"""

import asyncio
import itertools
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import fields
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from runtime import log

from .. import waits
from ..budget import Budget
from ..errors import LedgerFailed, NoLedger
from ..ports import Clock
from ..timeouts import Timeouts
from ..x.rate_limit import ServerClock
from .event_store import EventStore
from .events import DayEnded, LedgerEvent
from .model import Event

_MAX_WAITING_ROWS = 5_000  # rows that wait for BigQuery: more than three days of heartbeats
_AT_ONCE = 500  # rows of one insert


NO_LEDGER = (
    "Without the ledger an ingester could spend twice or fight another. Is BigQuery up, does the dataset exist, and may this "
    "service account read and write ingester_events (roles/bigquery.dataEditor there, roles/bigquery.jobUser)?"
)

T = TypeVar("T")


async def read_with_retry(question: Callable[[], Awaitable[T]], clock: Clock, times: Timeouts) -> T:
    """Read the table, again and again for two minutes. Raises LedgerFailed."""
    deadline = clock.monotonic() + waits.LEDGER_AT_START
    while True:
        try:
            return await question()
        except NoLedger as error:
            if clock.monotonic() > deadline:
                raise LedgerFailed(f"{error}. {NO_LEDGER}") from None
            log.event("ledger_away", "WARNING", message=str(error))
            await asyncio.sleep(waits.ledger_read_delay(times))


class Row:
    """A row on its way; `refused` says why BigQuery will never take it."""

    def __init__(self, event: Event) -> None:
        self.id = uuid.uuid4().hex
        self.event = event
        self.refused = ""
        self.settled = asyncio.Event()  # stored, or refused for good


class Ledger:
    """Rows of one holder. `run` is a task; the other methods belong on the same loop."""

    def __init__(
        self, store: EventStore, holder: str, clock: Clock, server_clock: ServerClock, budget: Budget | None = None
    ) -> None:
        """Each row carries the units of `budget`, once it knows what other programs have spent."""
        self.holder = holder
        self.store = store
        self._budget = budget
        self._sequence = itertools.count(1)
        self._clock = clock
        self._server_clock = server_clock
        self._rows: deque[Row] = deque()
        self._some = asyncio.Event()
        self._stored_at = clock.monotonic()
        self._longest = 0.0  # the longest time in seconds between two stored rows since it was last asked for

    def write(self, event: LedgerEvent) -> Row:
        """Queue a row, with the units of its day. The last count of a day that has ended goes before it."""
        for day in self._budget.take_ended_days() if self._budget is not None else []:
            self._queue(DayEnded(), datetime.combine(day, time.max, UTC))
        return self._queue(event, self._server_clock.now())

    def _queue(self, event: LedgerEvent, at: datetime) -> Row:
        row = Row(Event(self.holder, at, event.kind, **self._units_on(at.date()), **_columns(event)))
        if len(self._rows) >= _MAX_WAITING_ROWS:
            log.event(
                "ledger_full",
                "ERROR",
                message=f"{_MAX_WAITING_ROWS} rows wait for BigQuery; '{event.kind}' is not written",
            )
            row.refused = "too many rows wait"
            row.settled.set()
            return row
        self._rows.append(row)
        self._some.set()
        return row

    def _units_on(self, day: date) -> dict[str, Any]:
        budget = self._budget
        if budget is None or not budget.has_external_units:
            return {}
        return {
            "delivered_today": budget.units(day),
            "own_units": budget.own(day),
            "reserved_units": budget.reserved(day),
            "sequence": next(self._sequence),
        }

    async def wait_until_stored(self, row: Row, seconds: float) -> None:
        """Return when the row is stored. Raises NoLedger."""
        try:
            async with asyncio.timeout(seconds):
                await row.settled.wait()
        except TimeoutError:
            raise NoLedger(
                f"BigQuery did not take the row '{row.event.event}' of ingester_events within {seconds:.0f} s"
            ) from None
        if row.refused:
            raise NoLedger(f"BigQuery refuses the row '{row.event.event}' of ingester_events: {row.refused}")

    def has_interval_above(self, seconds: float) -> bool:
        """Return whether, since the last call, two stored rows lay further apart than that."""
        longest, self._longest = self._longest, 0.0
        return longest > seconds

    async def flush(self, seconds: float) -> bool:
        """Return whether all rows are stored within that time."""
        try:
            async with asyncio.timeout(seconds):
                while self._rows:
                    await self._rows[-1].settled.wait()
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Write rows for ever."""
        failures = 0
        while True:
            await self._some.wait()
            batch = [self._rows[number] for number in range(min(len(self._rows), _AT_ONCE))]
            try:
                refused = await self.store.insert([(row.id, row.event) for row in batch])
            except NoLedger as error:
                if not failures:
                    log.event("ledger_behind", "WARNING", message=f"ingester_events cannot be written: {error}")
                await asyncio.sleep(waits.insert_retry_delay(failures))
                failures += 1
                continue
            failures = 0
            self._settle(batch, refused)

    def _settle(self, batch: list[Row], refused: dict[str, str]) -> None:
        """Handle refused rows. BigQuery then stores none of the others, so those are tried again."""
        now = self._clock.monotonic()
        self._longest, self._stored_at = max(self._longest, now - self._stored_at), now
        for row in batch:
            if refused and row.id not in refused:
                continue
            if row.id in refused:
                row.refused = refused[row.id]
                log.event(
                    "ledger_refused", "ERROR", message=f"BigQuery refuses a row of ingester_events: {row.refused}"
                )
            self._rows.remove(row)
            row.settled.set()
        if not self._rows:
            self._some.clear()


def _columns(event: LedgerEvent) -> dict[str, Any]:
    """Return what a row has beside the columns that all rows share."""
    return {field.name: getattr(event, field.name) for field in fields(event)}
