"""Reserves units in the ledger before they are spent, so that programs beside each other keep one limit.

A search writes a row before each page and then reads what the others have written: of two that want the last units, each sees the other.
The stream cannot wait, so it keeps a reservation ahead of what it spends. It goes on while the ledger is slow or away; searches then
wait, because they need the ledger anyway. A holder that dies leaves its reservation behind, which counts as spent.
"""

import asyncio
from contextlib import suppress

from runtime import log

from ..budget import Budget
from ..errors import NoLedger, Unavailable
from ..ports import Clock
from ..timeouts import Timeouts
from ..x.rate_limit import ServerClock
from .events import Reserved
from .ledger import Ledger
from .units import tally

_ROW_SECONDS = 30.0  # until a row counts as not stored; the search is then tried again
_LEAST_AHEAD = 60  # units: ten posts with all that comes with them
_AHEAD_PERIODS = 3  # the stream's reservation, in units of what it spent between two heartbeats


class BudgetExhausted(Exception):
    """No limit has room for another page."""


class Reservations:
    """The budget of this process, and what the ledger has of it. Belongs on the event loop."""

    def __init__(
        self, budget: Budget, ledger: Ledger, clock: Clock, server_clock: ServerClock, times: Timeouts
    ) -> None:
        self.budget = budget
        self._ledger = ledger
        self._clock = clock
        self._server_clock = server_clock
        self._times = times

    async def reserve_page(self, least: int, most: int, task: str = "search") -> int:
        """Reserve units for one page that a task asks for: `most`, or what is left of the limits, but no less than `least`.

        A page has a least size at X, so the last one may exceed a limit by less than `least`. Raises BudgetExhausted; Unavailable where
        others have reserved what is left, and may give it back; NoLedger.
        """
        try:
            units = self._size(least, most, task)
        except (BudgetExhausted, Unavailable):
            await self.refresh()  # a reservation of somebody else's may have been given back
            try:
                units = self._size(least, most, task)
            except (BudgetExhausted, Unavailable):
                self._ledger.write(
                    Reserved()
                )  # its last row may still reserve our last page: two searches would wait for each other
                raise
        if self.budget.reserve_page(units, task):
            await self._record()
            if self.budget.is_limited():
                await self.refresh()
                try:
                    units = self._size(least, units, task)
                except (BudgetExhausted, Unavailable):
                    self.budget.release_page(task)
                    self._ledger.write(Reserved())
                    raise
        return units

    def release_page(self, task: str = "search") -> None:
        """Give back what the page did not cost, once it has been counted. If no answer came, X may have billed it: keep it."""
        self.budget.release_page(task)

    async def spend_request(self, units: int) -> None:
        """Count a request for counts, and write it down before it is made. Raises NoLedger."""
        self.budget.add_request(units)
        if self.budget.extend():
            await self._record()

    async def refresh(self) -> None:
        """Read what the other holders have spent and reserved. Raises NoLedger."""
        units = await self._ledger.store.units()
        self.budget.merge(tally(units, self._ledger.holder, self._server_clock.now()))

    async def keep_ahead(self) -> None:
        """Keep a reservation ahead of what the stream spends. A task of the loop."""
        short, loop = asyncio.Event(), asyncio.get_running_loop()
        self.budget.on_short = lambda: loop.call_soon_threadsafe(short.set)
        self.budget.ahead = _LEAST_AHEAD
        since, counted = self._clock.monotonic(), self._own()
        while True:
            if self.budget.extend():
                await self._extend()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._times.alive):
                    await short.wait()
            short.clear()
            if self._clock.monotonic() - since >= self._times.alive:
                growth = self._own() - counted
                since, counted = self._clock.monotonic(), self._own()
                self.budget.ahead = max(_LEAST_AHEAD, _AHEAD_PERIODS * growth)

    async def _extend(self) -> None:
        try:
            await self._record()
            if self.budget.is_limited():
                await self.refresh()
        except NoLedger as error:
            log.event("ledger_behind", "WARNING", message=f"What the stream spends is not in the ledger yet: {error}")

    def _own(self) -> int:
        return self.budget.own(self._server_clock.now().date())

    def _size(self, least: int, most: int, task: str) -> int:
        remaining = self.budget.remaining(task)
        if remaining is None:
            return most
        if remaining <= 0 and self.budget.reached_limit() is None:
            raise Unavailable("Another program has reserved what is left of the budget", self._times.backfill_retry)
        if remaining <= 0:
            raise BudgetExhausted
        return min(max(remaining, least), most)

    async def _record(self) -> None:
        ceiling = self.budget.ceiling()
        await self._ledger.wait_until_stored(self._ledger.write(Reserved()), _ROW_SECONDS)
        self.budget.confirm(ceiling)
