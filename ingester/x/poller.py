"""Asks X beside the stream: each minute whether our rules are there, every ten what is left of the account.

The heartbeat never waits for it.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace

from posts.prices import DOLLARS
from runtime import log

from .. import waits
from ..account import Account, read_cap, read_credits
from ..errors import NoLedger, Unavailable
from ..ledger.reservations import Reservations
from ..ports import Clock
from ..stall import StallDetector
from ..timeouts import Timeouts
from . import search
from .client import X, read_usage
from .rate_limit import ServerClock
from .rules_in_force import RulesInForce
from .search_endpoints import RECENT

_OK = 200


class XPoller:
    """`run` is a task. `account` is what X said last."""

    def __init__(
        self,
        *,
        x: X,
        rules: RulesInForce,
        watch: StallDetector,
        reservations: Reservations,
        times: Timeouts,
        clock: Clock,
        server_clock: ServerClock,
    ) -> None:
        self._x = x
        self._rules = rules
        self._watch = watch
        self._reservations = reservations
        self._budget = reservations.budget
        self._times = times
        self._clock = clock
        self._server_clock = server_clock
        self._rules_are_due = asyncio.Event()
        self.account = Account()

    def request_rules_check(self) -> None:
        """Ask for the rules now: somebody may have taken some away while nobody held the stream."""
        self._rules_are_due.set()

    async def run(self) -> None:
        sent_at = self._clock.monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._times.alive):
                    await self._rules_are_due.wait()
            self._rules_are_due.clear()
            await self._check_rules()
            await self._check_silence()
            if self._clock.monotonic() - sent_at >= self._times.usage:
                sent_at = self._clock.monotonic()
                await self.refresh_account()

    async def refresh_account(self) -> None:
        """Ask for X's own count of billed posts, and for what is left of the account."""
        rate = self._budget.units_a_day()
        self.account = replace(self.account, dollars_a_day=rate * DOLLARS if rate is not None else None)
        await self._refresh_credits()
        await self._refresh_usage()

    async def _check_rules(self) -> None:
        if await self._rules.refresh() or not self._watch.is_connected:
            return
        await asyncio.sleep(waits.rules_recheck_delay(self._times))
        if not await self._rules.refresh():
            self._watch.rules_lost()

    async def _check_silence(self) -> None:
        """Ask X for its count if the stream is silent and its usual rate unknown."""
        since = self._watch.silent_since()
        if since is not None:
            self._watch.note_count(since, has_posts=await self._has_posts_since(since))

    async def _refresh_usage(self) -> None:
        try:
            response = await self._x.usage()
        except Unavailable as error:
            log.event("usage_unknown", "WARNING", message=str(error))
            return
        usage = read_usage(response.body) if response.status == _OK else None
        if usage is None:
            log.event("usage_unknown", "WARNING", message=f"X does not say what it has counted ({response.error_text})")
            return
        self.account = replace(self.account, cap=read_cap(response.body), used=usage[0], reset_day=usage[1])
        if why := self._budget.merge_usage(*usage):
            log.event("usage_implausible", "WARNING", message=why)

    async def _refresh_credits(self) -> None:
        """Ask for what is left of the credits. Some accounts are not told, which is no reason for a warning every ten minutes."""
        try:
            response = await self._x.credits()
        except Unavailable as error:
            log.event("credits_unknown", message=str(error))
            return
        credit = read_credits(response.body) if response.status == _OK else None
        self.account = replace(self.account, credit_dollars=credit)
        if credit is None:
            log.event("credits_unknown", message=f"X does not say what is left of the credits ({response.error_text})")

    async def _has_posts_since(self, since: float) -> bool:
        """Ask X for the number of posts since a moment: one request, which X bills. False where it does not say."""
        rules = [((rule.id, rule.value, rule.tag), RECENT) for rule in self._rules.listed]
        until = self._server_clock.at(self._clock.monotonic() - self._times.lag)
        try:
            counted = await search.counts(
                self._x, rules, self._server_clock.at(since), until, self._reservations.spend_request
            )
        except (Unavailable, NoLedger, search.QueryRefused) as error:
            log.event("counts_unknown", "WARNING", message=str(error))
            return False
        return bool(counted.total)
