"""The lease: X gives the stream to one connection, so a second ingester must not fight the first.

Each ingester writes a row a minute to the ledger. One with a row younger than 90 s is alive. `history` decides which of two living ones
has the stream: `rival` before the first connection, `newer_holder` after it. A connection that X still counts although its ingester is
dead is a ghost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from runtime import log

from ..errors import Done, NoLedger, Unavailable
from ..ports import Clock
from ..timeouts import Timeouts
from ..x.client import X
from ..x.rate_limit import Bucket, XTime
from . import history
from .ledger import Ledger
from .model import Event

_MINUTES = timedelta(minutes=15)  # of the ledger, in which another's row counts


async def wait_for_others(
    read: Callable[[], Awaitable[list[Event]]],
    ledger: Ledger,
    x_time: XTime,
    times: Timeouts,
    environ: Mapping[str, str],
) -> list[Event]:
    """Return the history once no other ingester is alive. Raises Done if one is."""
    execution = environ.get("CLOUD_RUN_EXECUTION", "")
    me = ledger.holder
    seen: datetime | None = None
    events = await read()
    while other := history.rival(events, me, x_time.now(), times.fresh, execution):
        seen = seen or other.at
        age = (x_time.now() - other.at).total_seconds()
        # Cloud Scheduler starts the job again in 15 minutes; a process started by hand must find out now
        if "CLOUD_RUN_JOB" in environ or other.at > seen:
            raise Done(f"{other.holder} holds the stream: its last row is {age:.0f} s old. Nothing to do here.")
        wait = times.alive / 12
        if wait >= 1:
            log.event(
                "waiting", seconds=round(wait, 1), why=f"{other.holder} was alive {age:.0f} s ago: it may still be"
            )
        await asyncio.sleep(wait)
        events = await read()
    return events


async def give_way(ledger: Ledger, x_time: XTime, times: Timeouts, environ: Mapping[str, str]) -> None:
    """Raise Done if an earlier ingester, which was frozen, runs again. For an ingester that has never held the stream."""
    try:
        events = await ledger.store.history()
    except NoLedger as error:
        log.event("ledger_away", "WARNING", message=str(error))
        return
    execution = environ.get("CLOUD_RUN_EXECUTION", "")
    if other := history.rival(events, ledger.holder, x_time.now(), times.fresh, execution):
        raise Done(f"{other.holder} was here first, and was heard of again at {other.at:%T} UTC. Nothing to do here.")


async def yield_to_another(
    ledger: Ledger, x_time: XTime, times: Timeouts, since: datetime, environ: Mapping[str, str]
) -> None:
    """Raise Done if another has connected after `since`, our own last connection: then it is not for us to fight.

    Reads the ledger from `since` on, but never more than its last 15 minutes.
    """
    now = x_time.now()
    try:
        events = await ledger.store.since(max(since, now - _MINUTES))
    except NoLedger as error:
        log.event("ledger_away", "WARNING", message=str(error))
        return
    other = history.newer_holder(
        events, ledger.holder, since=since, now=now, fresh=times.fresh, execution=environ.get("CLOUD_RUN_EXECUTION", "")
    )
    if other is not None:
        raise Done(f"{other.holder} has taken over the stream at {other.at:%T} UTC. Nothing to do here.")


class Ghosts:
    """Clears connections that X counts and nobody holds; X allows 25 such calls in 15 minutes."""

    def __init__(self, x: X, bucket: Bucket, clock: Clock) -> None:
        self._x = x
        self._bucket = bucket
        self._clock = clock

    async def there(self) -> bool:
        """Return whether X counts a connection. If X does not say, assume that it counts none: the stream's own answer will show."""
        try:
            answer = await self._x.connections()
        except Unavailable as error:
            log.event("connections_unknown", "WARNING", message=str(error))
            return False
        return answer.status == 200 and bool(answer.body.get("data"))

    async def clear(self) -> None:
        if self._bucket.wait(self._clock.monotonic()) > 0:
            log.event("ghost", "WARNING", message="X allows 25 clearings in 15 minutes: not cleared again")
            return
        self._bucket.take(self._clock.monotonic())
        log.event("ghost", "WARNING", message="X counts a connection that nobody holds; it is cleared")
        try:
            await self._x.clear_connections()
        except Unavailable as error:
            log.event("ghost", "WARNING", message=f"The old connection was not cleared: {error}")
