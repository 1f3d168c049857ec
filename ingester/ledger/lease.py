"""The lease: X gives the stream to one connection, so a second ingester must not fight the first.

Each ingester writes a row a minute to the ledger. One with a row younger than 90 s is alive. `history` decides which of two living ones
has the stream: `find_rival` before the first connection, `newer_holder` after it. A connection that X still counts although its ingester is
dead is stale.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from runtime import log

from .. import waits
from ..errors import Done, NoLedger, Unavailable
from ..ports import Clock
from ..timeouts import Timeouts
from ..x.client import X
from ..x.rate_limit import RateLimiter, ServerClock
from . import history
from .ledger import Ledger, read_with_retry
from .model import Event

_MINUTES = timedelta(minutes=15)  # of the ledger, in which another's row counts


class Lease:
    """Says whether this ingester, or another one, has the stream."""

    def __init__(
        self, ledger: Ledger, clock: Clock, server_clock: ServerClock, times: Timeouts, environ: Mapping[str, str]
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._server_clock = server_clock
        self._times = times
        self._restarts = "CLOUD_RUN_JOB" in environ  # by Cloud Scheduler, in 15 minutes
        self._execution = environ.get("CLOUD_RUN_EXECUTION", "")

    async def acquire(self) -> list[Event]:
        """Wait until no other ingester is alive, and return the ledger's history; our next heartbeat takes the lease.

        Raises Done if another goes on, and LedgerFailed.
        """
        seen: datetime | None = None
        events = await self._history()
        while other := self._rival(events):
            seen = seen or other.at
            age = (self._server_clock.now() - other.at).total_seconds()
            # a process started by hand must find out now
            if self._restarts or other.at > seen:
                raise Done(f"{other.holder} holds the stream: its last row is {age:.0f} s old. Nothing to do here.")
            wait = waits.lease_check_delay(self._times)
            if wait >= 1:
                log.event(
                    "waiting", seconds=round(wait, 1), why=f"{other.holder} was alive {age:.0f} s ago: it may still be"
                )
            await asyncio.sleep(wait)
            events = await self._history()
        return events

    async def yield_to_earlier(self) -> None:
        """Raise Done if an earlier ingester, which was frozen, runs again. For an ingester that has never held the stream."""
        events = await self._events(self._ledger.store.history)
        if events is not None and (other := self._rival(events)):
            raise Done(
                f"{other.holder} was here first, and was heard of again at {other.at:%T} UTC. Nothing to do here."
            )

    async def yield_to_newer(self, since: datetime) -> None:
        """Raise Done if another has connected after `since`, our own last connection: then it is not for us to fight.

        Reads the ledger from `since` on, but never more than its last 15 minutes.
        """
        now = self._server_clock.now()
        events = await self._events(lambda: self._ledger.store.since(max(since, now - _MINUTES)))
        other = history.newer_holder(
            events or [], self._ledger.holder, since=since, now=now, fresh=self._times.fresh, execution=self._execution
        )
        if other is not None:
            raise Done(f"{other.holder} has taken over the stream at {other.at:%T} UTC. Nothing to do here.")

    async def watch_for_newer(self, connected_since: Callable[[], datetime]) -> None:
        """Look for another after a time in which no row of ours was stored: it may have taken us for dead. A task; raises Done."""
        while True:
            await asyncio.sleep(self._times.alive)
            if self._ledger.has_interval_above(self._times.fresh):
                await self.yield_to_newer(connected_since())

    async def _history(self) -> list[Event]:
        return await read_with_retry(self._ledger.store.history, self._clock, self._times)

    def _rival(self, events: list[Event]) -> Event | None:
        now = self._server_clock.now()
        return history.find_rival(events, self._ledger.holder, now, self._times.fresh, self._execution)

    async def _events(self, read: Callable[[], Awaitable[list[Event]]]) -> list[Event] | None:
        try:
            return await read()
        except NoLedger as error:
            log.event("ledger_away", "WARNING", message=str(error))
            return None


class StaleConnections:
    """Terminates connections that X counts and nobody holds; X allows 25 such calls in 15 minutes."""

    def __init__(self, x: X, limiter: RateLimiter, clock: Clock) -> None:
        self._x = x
        self._limiter = limiter
        self._clock = clock

    async def exist(self) -> bool:
        """Return whether X counts a connection. If X does not say, assume that it counts none: the stream's own answer will show."""
        try:
            response = await self._x.connections()
        except Unavailable as error:
            log.event("connections_unknown", "WARNING", message=str(error))
            return False
        return response.status == 200 and bool(response.body.get("data"))

    async def terminate(self) -> None:
        if self._limiter.wait(self._clock.monotonic()) > 0:
            log.event("ghost", "WARNING", message="X allows 25 clearings in 15 minutes: not cleared again")
            return
        self._limiter.acquire(self._clock.monotonic())
        log.event("ghost", "WARNING", message="X counts a connection that nobody holds; it is cleared")
        try:
            await self._x.clear_connections()
        except Unavailable as error:
            log.event("ghost", "WARNING", message=f"The old connection was not cleared: {error}")
