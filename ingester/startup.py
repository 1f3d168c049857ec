"""What has to be known and done before the stream is asked for: the ledger, the lease, the budget, the rules. Its result is a value."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from runtime import log

from . import waits
from .budget import Budget
from .errors import Done, LedgerFailed, NoLedger, Refused
from .ledger import history
from .ledger.events import Started, StopReason
from .ledger.gaps import Gaps
from .ledger.lease import Lease, StaleConnections
from .ledger.ledger import NO_LEDGER, Ledger, read_with_retry
from .ledger.model import Event, Gap
from .ledger.units import tally
from .ports import Clock
from .stops import Stops, stop_at_start
from .timeouts import Timeouts
from .x.poller import XPoller
from .x.rate_limit import ServerClock
from .x.rules_in_force import RulesInForce
from .x.tokens import Tokens


@dataclass(frozen=True, slots=True)
class StartState:
    """What the earlier runs left behind, as a start has to know it."""

    gaps: tuple[tuple[Gap, float], ...]  # that have ended and are not filled, and how many seconds ago
    accounted_until: datetime | None  # the end of the last gap whose posts were counted
    connects: tuple[float, ...]  # the monotonic moments of connects that X still counts
    failures: int  # connects in a row that X refused
    usual_pause: float | None  # seconds between two posts


class Startup:
    """`run` ends with what it has learned, or raises what ends the process: Done, StopForNow, ExpectedError."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        lease: Lease,
        budget: Budget,
        tokens: Tokens,
        rules: RulesInForce,
        gaps: Gaps,
        stale: StaleConnections,
        poller: XPoller,
        stops: Stops,
        times: Timeouts,
        clock: Clock,
        server_clock: ServerClock,
    ) -> None:
        self._ledger = ledger
        self._lease = lease
        self._budget = budget
        self._tokens = tokens
        self._rules = rules
        self._gaps = gaps
        self._stale = stale
        self._poller = poller
        self._stops = stops
        self._times = times
        self._clock = clock
        self._server_clock = server_clock

    async def announce(self) -> None:
        """Store the row that says that this ingester has started. Raises LedgerFailed."""
        try:
            await self._ledger.wait_until_stored(self._ledger.write(Started()), waits.LEDGER_AT_START)
        except NoLedger as error:
            raise LedgerFailed(f"{error}. {NO_LEDGER}") from None

    async def run(self) -> StartState:
        """Learn what must be known before connecting. Raises Done if there is nothing to do."""
        events = await self._lease.acquire()
        stored_units = await read_with_retry(self._ledger.store.units, self._clock, self._times)
        units = tally(stored_units, self._ledger.holder, self._server_clock.now())
        self._budget.merge(units)
        await self._check_recorded_stop(events)
        await self._poller.refresh_account()
        connects, failures = await self._past_connects(events)
        await self._require_rules()
        gaps = self._gaps.resume(events)
        await self._terminate_stale_connections()
        if reached := self._budget.reached_limit():
            stop_at_start(reached)
        now = self._server_clock.now()
        return StartState(
            gaps=tuple((gap, (now - gap.until).total_seconds()) for gap in gaps if gap.until is not None),
            accounted_until=history.accounted_until(events),
            connects=connects,
            failures=failures,
            usual_pause=history.usual_pause({day: day_units.spent for day, day_units in units.items()}, now.date()),
        )

    async def _check_recorded_stop(self, events: Sequence[Event]) -> None:
        """Raise Done if a stop is in force. One for the budget ends when the limit is raised."""
        stop = history.stop_in_force(events, self._server_clock.now(), self._stops.conditions(self._tokens.current))
        if stop is None:
            return
        if stop.reason == StopReason.BUDGET and self._budget.reached_limit() is None:
            await self._poller.refresh_account()  # X's own count may have been the larger one
            if self._budget.reached_limit() is None:
                log.event("limit_raised", message="The limit that ended the stream is no longer reached: it goes on")
                return
        until = f"until {stop.retry_after:%F %H:%M} UTC" if stop.retry_after else "until something has changed"
        raise Done(f"A stop is in force {until}, and X is not asked: {stop.note or stop.reason}")

    async def _past_connects(self, events: Sequence[Event]) -> tuple[tuple[float, ...], int]:
        """Return the connects that X counts, whoever made them, and how many failed in a row. Waits if the last one did just now."""
        now, monotonic = self._server_clock.now(), self._clock.monotonic()
        past = tuple(monotonic - max(0.0, (now - moment).total_seconds()) for moment in history.connects(events))
        failures, last = history.failures(events)
        if last is not None:
            seconds = waits.refused_connects_delay(failures, (now - last).total_seconds(), self._times)
            await sleep("the last one was refused by X just now", seconds)
        return past, failures

    async def _require_rules(self) -> None:
        """Install the file's rules where X lacks one. Raises StopForNow."""
        if not await self._rules.refresh():
            try:
                await self._rules.add_file_rules()
            except Refused as error:
                self._stops.refuse_rules(error, self._tokens.current)

    async def _terminate_stale_connections(self) -> None:
        if await self._stale.exist():
            # another ingester may have started while we prepared
            await self._lease.acquire()
            await self._stale.terminate()
            await sleep("X needs a moment to notice", self._times.reap)


async def sleep(why: str, seconds: float) -> None:
    """Wait, and log why if it takes a second or more."""
    if seconds > 0:
        if seconds >= 1:
            log.event("waiting", seconds=round(seconds, 1), why=why)
        await asyncio.sleep(seconds)
