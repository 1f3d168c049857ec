"""Writes the ledger: rows go to BigQuery in their order and are kept until they are stored.

A BigQuery that is down for a while delays the ledger, not the stream. What has to be stored before something else happens is awaited.
"""

import asyncio
import itertools
import uuid
from collections import deque
from datetime import UTC, date, datetime, time
from typing import Any

from runtime import log

from ..budget import Budget
from ..errors import NoLedger
from ..ports import Clock, Store
from ..x.rate_limit import XTime
from .model import Event

_AGAIN_SECONDS = (0.1, 2.0)  # after an insert that failed: the first time, and at the most
_HELD = 5_000  # rows that wait for BigQuery: more than three days of heartbeats
_AT_ONCE = 500  # rows of one insert


class Row:
    """A row on its way; `refused` says why BigQuery will never take it."""

    def __init__(self, event: Event) -> None:
        self.id = uuid.uuid4().hex
        self.event = event
        self.refused = ""
        self.settled = asyncio.Event()  # stored, or refused for good


class Ledger:
    """Rows of one holder. `run` is a task; the other methods belong on the same loop."""

    def __init__(self, store: Store, holder: str, clock: Clock, x_time: XTime) -> None:
        self.holder = holder
        self.store = store
        self.budget: Budget | None = None  # whose units each row carries
        self._sequence = itertools.count(1)
        self._clock = clock
        self._x_time = x_time
        self._rows: deque[Row] = deque()
        self._some = asyncio.Event()
        self._stored_at = clock.monotonic()
        self._longest = 0.0  # the longest time in seconds between two stored rows since it was last asked for

    def write(self, event: str, **more: Any) -> Row:
        """Queue a row, with the units of its day. The last count of a day that has ended goes before it."""
        for day in self.budget.take_ended_days() if self.budget is not None else []:
            self._queue("spent", datetime.combine(day, time.max, UTC), note="the day has ended")
        return self._queue(event, more.pop("at", None) or self._x_time.now(), **more)

    def _queue(self, event: str, at: datetime, **more: Any) -> Row:
        row = Row(Event(self.holder, at, event, **self._units_on(at.date()), **more))
        if len(self._rows) >= _HELD:
            log.event("ledger_full", "ERROR", message=f"{_HELD} rows wait for BigQuery; '{event}' is not written")
            row.refused = "too many rows wait"
            row.settled.set()
            return row
        self._rows.append(row)
        self._some.set()
        return row

    def _units_on(self, day: date) -> dict[str, Any]:
        budget = self.budget
        if budget is None:
            return {}
        return {
            "delivered_today": budget.units(day),
            "own_units": budget.own(day),
            "reserved_units": budget.reserved(day),
            "sequence": next(self._sequence),
        }

    async def settled(self, row: Row, seconds: float) -> None:
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

    def lapsed(self, seconds: float) -> bool:
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
        told, wait = False, _AGAIN_SECONDS[0]
        while True:
            await self._some.wait()
            batch = [self._rows[number] for number in range(min(len(self._rows), _AT_ONCE))]
            try:
                refused = await self.store.insert([(row.id, row.event) for row in batch])
            except NoLedger as error:
                if not told:
                    told = True
                    log.event("ledger_behind", "WARNING", message=f"ingester_events cannot be written: {error}")
                await asyncio.sleep(wait)
                wait = min(2 * wait, _AGAIN_SECONDS[1])
                continue
            told, wait = False, _AGAIN_SECONDS[0]
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
