"""Holds X's stream, connection after connection, and accounts for each gap between two.

What follows a disconnect is x/reconnect.py's table.
It shares state with the tasks beside it (heartbeat, backfill, poller), which run on the same loop, so nothing needs a lock.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import NoReturn, Protocol

from runtime import log
from runtime.bearer_token import SecretUnavailable, Token
from runtime.errors import ConfigurationError

from . import waits
from .backfill.worker import Worker
from .errors import Refused
from .ledger.events import Connected, ConnectRefused, Disconnected
from .ledger.gaps import Gaps
from .ledger.lease import Lease, StaleConnections
from .ledger.ledger import Ledger
from .ports import Clock, Random
from .stall import StallDetector
from .startup import StartState, sleep
from .stops import BudgetExceeded, Stops
from .timeouts import Timeouts
from .watermark import OLD, PublishWatermark
from .x import reconnect
from .x.consumer import StreamConsumer
from .x.disconnect import Disconnect, DisconnectKind
from .x.fields import TweetFields
from .x.poller import XPoller
from .x.rate_limit import CONNECTS, RateLimiter, ServerClock
from .x.reconnect import InstallRules, ReadToken, Stop, TerminateStale, Wait
from .x.rules_in_force import RulesInForce
from .x.tokens import Tokens

_BAD_REQUEST = 400


class Stream(Protocol):
    """X's stream: x/stream.py, or tests/simulation."""

    async def hold(self, token: Token, consumer: StreamConsumer, connected: Callable[[], None]) -> Disconnect:
        """Make one connection and return when it has ended. Calls `connected` once X's first byte is here.

        Cancelling it closes the connection. Raises PublishFailed when Pub/Sub has refused for good.
        """

    def close(self, ended: Disconnect) -> None:
        """End the connection that is held, as having ended so."""


class ConnectionLoop:
    """`hold` ends by an exception only: Done, StopForNow, BudgetExceeded, ExpectedError."""

    def __init__(
        self,
        *,
        stream: Stream,
        consumer: StreamConsumer,
        watermark: PublishWatermark,
        tokens: Tokens,
        rules: RulesInForce,
        gaps: Gaps,
        ledger: Ledger,
        lease: Lease,
        stale: StaleConnections,
        backfill: Worker,
        watch: StallDetector,
        poller: XPoller,
        stops: Stops,
        fields: TweetFields,
        times: Timeouts,
        clock: Clock,
        server_clock: ServerClock,
        random: Random,
    ) -> None:
        self._stream = stream
        self._consumer = consumer
        self._watermark = watermark
        self._tokens = tokens
        self._rules = rules
        self._gaps = gaps
        self._ledger = ledger
        self._lease = lease
        self._stale = stale
        self._backfill = backfill
        self._watch = watch
        self._poller = poller
        self._stops = stops
        self._fields = fields
        self._times = times
        self._clock = clock
        self._server_clock = server_clock
        self._random = random
        self._failures = 0  # connects in a row that failed, and connections that did not work
        self._refused_token: Token | None = None  # that X did not take at the last connect
        self._rules_were_lost = False  # so the current gap is for rules that X lacked
        # the last connect; an ingester that held the stream before it was first
        self.connected_since = server_clock.now() - OLD
        self.is_connected = False
        self.connections = 0

    async def hold(self, start: StartState) -> NoReturn:
        """Hold the stream for ever."""
        limiter = RateLimiter(CONNECTS, self._times.window, start.connects)
        self._failures = start.failures
        for gap, ended_ago in start.gaps:
            self._backfill.add(gap, ended_ago)
        async with asyncio.TaskGroup() as lease_checks:
            while True:
                await sleep("X allows 50 connects in 15 minutes", limiter.delay(self._clock.monotonic()))
                await self._gaps.record()
                limiter.acquire(self._clock.monotonic())
                token = self._tokens.current
                disconnect = await self._stream.hold(token, self._consumer, self._on_connected)
                self._watch.disconnected()
                self._watch.detect_suspend()
                is_good = reconnect.is_good(disconnect, self._times)
                if is_good:
                    self._failures = 0
                action = self._decide(disconnect)
                if self._consumer.limit_reached is not None:
                    # Before `_record`, because the row of the stop names until when the stream is covered.
                    raise BudgetExceeded(self._consumer.limit_reached)
                self._record(disconnect, lease_checks)
                await self._apply(action, token)
                if not is_good:
                    self._failures += 1

    def covered_until(self) -> datetime | None:
        """Return the time (X's) up to which everything is certain to be published; None if the stream is not held.

        It is never later than the moment at which X was last seen to have all rules: posts of a rule that is gone do not come. Right only
        after the watch's `detect_suspend`.
        """
        if not self.is_connected:
            return None
        return min(self._watermark.value(), self._watermark.at(self._rules.seen_at))

    def _on_connected(self) -> None:
        self.is_connected = True
        self.connected_since = self._server_clock.now()
        self.connections += 1
        self._refused_token = None
        self._watch.connected()
        if self._rules_were_lost:  # the gap that ends now has all that was posted since the rules were last seen
            self._rules_were_lost, self._rules.seen_at = False, self._clock.monotonic()
        self._poller.request_rules_check()
        gap = self._gaps.end()
        until = gap.until if gap is not None and gap.until is not None else self._server_clock.now()
        self._ledger.write(Connected(self._gaps.rules_as_row(), until))
        log.event("connected", connections=self.connections)
        if gap is not None:
            self._backfill.add(gap, 0.0)

    def _decide(self, disconnect: Disconnect) -> reconnect.Action:
        """Decide what follows, and log it. A field that X refuses is not asked for again."""
        action = reconnect.decide(disconnect, self._failures, self._times)
        if disconnect.status == _BAD_REQUEST and self._fields.leave_out_refused(disconnect.problem):
            action = Wait(self._times.http_first)
        log.event(
            "disconnected",
            "WARNING",
            reason=disconnect.reason,
            held=round(disconnect.seconds, 1),
            action=type(action).__name__,
            message=f"The connection to X ended: {disconnect.reason}",
        )
        return action

    def _record(self, disconnect: Disconnect, lease_checks: asyncio.TaskGroup) -> None:
        """Begin a gap where a connection was held, and note in the ledger how it ended."""
        if self.is_connected:
            since, heard = self._gap_begins(disconnect)
            self._rules_were_lost |= disconnect.kind == DisconnectKind.RULES_LOST
            self._gaps.begin(since, heard, disconnect.reason)
            self._ledger.write(Disconnected(since, disconnect.reason))
            self.is_connected = False
            # Did another ingester take the stream? We reconnect meanwhile, because search never returns retweets of these seconds.
            lease_checks.create_task(self._lease.yield_to_newer(self.connected_since))
        else:
            self._ledger.write(ConnectRefused(disconnect.reason))
            # another ingester may be clearing our connections, as we would clear its
            if not self.connections and self._failures:
                lease_checks.create_task(self._lease.yield_to_earlier())

    def _gap_begins(self, disconnect: Disconnect) -> tuple[datetime, datetime]:
        """Return until when the stream certainly brought everything, and until when X was heard of."""
        since, heard = self._watermark.value(), self._watermark.at(self._consumer.heard)
        if disconnect.kind == DisconnectKind.RULES_LOST:
            since = heard = min(since, self._watermark.at(self._rules.seen_at))
        elif disconnect.kind == DisconnectKind.STALLED:
            heard = since
        return since, heard

    async def _apply(self, action: reconnect.Action, token: Token) -> None:
        match action:
            case Stop():
                self._stops.stop(action, token)
            case ReadToken(wait, otherwise):
                await self._renew_token(token, wait, otherwise)
            case TerminateStale(seconds):
                # an ingester that has never held the stream gives way to one that was here first
                if self.connections:
                    await self._lease.yield_to_newer(self.connected_since)
                else:
                    await self._lease.acquire()
                await self._stale.terminate()
                await sleep("X needs a moment to notice", seconds)
            case InstallRules(seconds):
                try:
                    await self._rules.add_file_rules()
                except Refused as error:
                    self._stops.refuse_rules(error, token)
                await sleep("X needs up to 20 s to know new rules", seconds)
            case Wait():
                await self._back_off("back-off", action)

    async def _renew_token(self, refused: Token, wait: Wait, otherwise: Stop) -> None:
        """Take another token if there is one. The same one is tried once more, because X has been seen to refuse a good one."""
        if await self._has_other_token(refused):
            return
        if self._note_refusal(refused):
            self._stops.stop(otherwise, refused)
        await self._back_off("X may have refused a good token", wait)

    def _note_refusal(self, token: Token) -> bool:
        """Note that X refuses this token, and return whether it has done so before, since it last took one."""
        before, self._refused_token = self._refused_token, token
        return before == token

    async def _has_other_token(self, refused: Token) -> bool:
        """Return whether there is another token. If the secret is out of reach, try again until it can be read."""
        tries = 0
        while True:
            try:
                return await self._tokens.renew(refused)
            except (SecretUnavailable, ConfigurationError) as error:
                log.event("token_unread", "WARNING", message=str(error))
            seconds = waits.token_retry_delay(tries, self._times)
            tries += 1
            await self._back_off("the token cannot be read", Wait(seconds))

    async def _back_off(self, why: str, wait: Wait) -> None:
        await sleep(why, waits.jittered(wait.seconds, self._random(), is_required=wait.is_required))
