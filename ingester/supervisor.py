"""Decides: look into the ledger, be the only one, hold the stream, account for each gap, try again or stop.

`_hold_on` connects. `_after` decides where a gap begins once a connection has ended; the gap that a start finds is `Gaps.resume`'s.

One task of the event loop. It shares state with the tasks beside it (heartbeat, backfill, the watch on the held stream), which run on
the same loop, so nothing needs a lock. What follows an ending is a table, in x/reconnect.py.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from posts.prices import DOLLARS
from runtime import log
from runtime.bearer_token import SecretUnavailable, Token
from runtime.errors import ConfigurationError

from . import version
from .account import Account, read_cap, read_credits
from .backfill.model import Means
from .backfill.worker import Worker
from .budget import Budget
from .errors import Done, LedgerFailed, NoLedger, Refused, Unavailable
from .ledger import history, lease
from .ledger.gaps import Gaps
from .ledger.heartbeat import Heartbeat, State
from .ledger.lease import Ghosts
from .ledger.model import Event
from .ledger.reservations import Reservations
from .ledger.units import tally
from .parts import BudgetSpent, Parts, StoppedByX
from .published import OLD, Published
from .stall import StallDetector
from .x import reconnect, search
from .x.bearer import Tokens
from .x.client import X, read_usage
from .x.rate_limit import CLEARS, CONNECTS, Bucket
from .x.reach import RECENT
from .x.reception import Ended
from .x.reconnect import Stop
from .x.rules_in_force import RulesInForce

T = TypeVar("T")

_OK, _BAD_REQUEST = 200, 400
_LEDGER_SECONDS = 120.0  # how long BigQuery may be unavailable at the start


class Supervisor:
    """`run` ends by an exception only. `held_until` and `totals` are for whoever ends the process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._times = times = parts.times
        self._clock = parts.clock
        self._x_time = parts.x_time
        self._ledger = parts.ledger
        self._reception = parts.reception
        self._published = Published(parts.published, parts.reception, parts.x_time)
        self._tokens = Tokens(parts.secret, parts.token)
        self._x = X(parts.http, self._tokens, parts.clock, times, parts.x_time, fields=parts.fields)
        self._rules = RulesInForce(self._x, parts.rules, parts.clock)
        self._gaps = Gaps(parts.ledger, self._rules, parts.x_time)
        self._connects = Bucket(CONNECTS, times.window)
        self._ghosts = Ghosts(self._x, Bucket(CLEARS, times.window), parts.clock)
        self._heartbeat = Heartbeat(parts.ledger, times, self._state)
        self._watch = StallDetector(
            parts.stream, parts.reception, parts.clock, times, every=parts.looks.every, late=parts.looks.late
        )
        self._backfill: Worker | None = None
        self._held = False
        self._look_now = asyncio.Event()
        self._unruled = False  # whether the current gap is for rules that X lacked
        # the last connect; an ingester that held the stream before it was first
        self._held_since = parts.x_time.now() - OLD
        self._failures = 0
        self._refused: Token | None = None  # the token that X did not take at the last connect
        self._connections = 0
        self._account = Account()

    async def run(self) -> None:
        """Hold the stream until there is a reason not to: raises Done, StoppedByX, BudgetSpent, ExpectedError."""
        async with asyncio.TaskGroup() as tasks:
            events = await self._begin(tasks)
            reservations = await self._prepare(events)
            self._heartbeat.budget = self._reception.budget = reservations.budget
            tasks.create_task(reservations.keep_ahead())
            tasks.create_task(self._look_after_x(reservations))
            tasks.create_task(self._watch.run())
            tasks.create_task(self._keep_the_lease())
            assert self._backfill is not None
            tasks.create_task(self._backfill.run())
            await self._hold_on(tasks)

    @property
    def holds(self) -> bool:
        """Whether the stream is held now."""
        return self._held

    def held_until(self) -> datetime | None:
        """Return the time (X's) up to which everything is certain to be published; None if the stream is not held.

        It is never later than the moment at which X was last seen to have all rules: posts of a rule that is gone do not come.
        """
        if not self._held:
            return None
        self._watch.notice_a_pause()
        return min(self._published.certain_until(), self._published.until(self._rules.seen_at))

    def totals(self) -> dict[str, int]:
        """Return counts for the log: connections, posts that search gave, gaps that wait, and cents that X will ask for."""
        backfill, budget = self._backfill, self._heartbeat.budget
        return {
            "connections": self._connections,
            "searched": backfill.filled if backfill else 0,
            "open_gaps": (backfill.open if backfill else 0) + (self._gaps.since is not None),
            "billed_today": budget.today() if budget else 0,
            "cents_today": round(budget.today() * DOLLARS * 100) if budget else 0,
            **self._left_at_x(),
        }

    def _left_at_x(self) -> dict[str, int]:
        """Return what is left of the account, as far as X says it: cents of credits, and posts of the period's cap."""
        account = self._account
        credit = {"credit_cents": round(account.credit_dollars * 100)} if account.credit_dollars is not None else {}
        return credit | ({"cap_left": max(0, account.cap - account.used)} if account.cap is not None else {})

    # before the first connection

    async def _begin(self, tasks: asyncio.TaskGroup) -> list[Event]:
        """Announce this ingester, and return the history once no other one is alive."""
        parts = self._parts
        log.event("started", holder=self._ledger.holder, rules=len(parts.rules), x_api_url=parts.settings.x_api_url)
        try:
            await self._ledger.settled(self._ledger.write("started"), _LEDGER_SECONDS)
        except NoLedger as error:
            raise LedgerFailed(f"{error}. {_NO_LEDGER}") from None
        tasks.create_task(self._heartbeat.run())
        return await self._be_the_only_one()

    async def _prepare(self, events: list[Event]) -> Reservations:
        """Learn what must be known before connecting. Raises Done if there is nothing to do."""
        parts, settings, ledger = self._parts, self._parts.settings, self._ledger
        others = tally(await self._read(ledger.store.units), ledger.holder, self._x_time.now())
        budget = Budget(
            settings.max_posts_per_day, settings.max_posts_per_month, others, self._x_time.now, per_run=parts.most_units
        )
        await self._mind_the_last_stop(events, budget)
        ledger.budget = budget
        self._watch.usual_pause = history.usual_pause(
            {day: units.spent for day, units in others.items()}, self._x_time.now().date()
        )
        await self._ask_usage(budget)
        self._heartbeat.budget = budget
        reservations = Reservations(budget, ledger, self._clock, self._x_time, self._times)
        means = Means(
            self._x, parts.searched, ledger.store, reservations, self._times, self._clock, self._x_time, self._x_time.now(),
            settings.expand_authors, settings.expand_referenced, parts.published, self._rules.values,
            delivered=lambda: list(self._reception.recent),
            held_since=lambda: self._held_since if self._held else None,
        )  # fmt: skip
        self._backfill = Worker(means, self._ledger, accounted=history.accounted(events))
        await self._remember_connects(events)
        if not await self._rules.look():
            await self._install()
        for gap in self._gaps.resume(events):
            assert gap.until is not None
            self._backfill.add(gap, (self._x_time.now() - gap.until).total_seconds())
        if await self._ghosts.there():
            # another ingester may have started while we prepared
            await self._be_the_only_one()
            await self._ghosts.clear()
            await self._sleep("X needs a moment to notice", self._times.reap)
        if reached := budget.spent():
            note = f"{reached.setting} is reached: {reached.units:,} of {reached.limit:,} posts."
            raise StoppedByX(Done(note), {"reason": "budget", "retry_after": reached.until, "note": note})
        return reservations

    async def _read(self, question: Callable[[], Awaitable[T]]) -> T:
        """Read the ledger, again and again for two minutes. Raises LedgerFailed."""
        deadline = self._clock.monotonic() + _LEDGER_SECONDS
        while True:
            try:
                return await question()
            except NoLedger as error:
                if self._clock.monotonic() > deadline:
                    raise LedgerFailed(f"{error}. {_NO_LEDGER}") from None
                log.event("ledger_away", "WARNING", message=str(error))
                await asyncio.sleep(min(2.0, self._times.alive))

    async def _be_the_only_one(self) -> list[Event]:
        read = partial(self._read, self._ledger.store.history)
        return await lease.wait_for_others(read, self._ledger, self._x_time, self._times, self._parts.environ)

    async def _mind_the_last_stop(self, events: list[Event], budget: Budget) -> None:
        stop = history.stop_in_force(events, self._x_time.now(), self._conditions(self._tokens.current))
        if stop is not None and stop.reason == "budget" and budget.spent() is None:
            await self._ask_usage(budget)  # X's own count may have been the larger one
        if stop is not None and stop.reason == "budget" and budget.spent() is None:
            log.event("limit_raised", message="The limit that ended the stream is no longer reached: it goes on")
            return
        if stop is not None:
            until = f"until {stop.retry_after:%F %H:%M} UTC" if stop.retry_after else "until something has changed"
            raise Done(f"A stop is in force {until}, and X is not asked: {stop.note or stop.reason}")

    async def _remember_connects(self, events: list[Event]) -> None:
        """Count connects across restarts, as X does."""
        now, monotonic = self._x_time.now().timestamp(), self._clock.monotonic()
        past = [monotonic - max(0.0, now - moment.timestamp()) for moment in history.connects(events)]
        self._connects = Bucket(CONNECTS, self._times.window, past)
        self._failures, last = history.failures(events)
        if last is not None:
            rest = last.timestamp() + self._times.http_first * 2.0 ** min(self._failures, 6) - now
            await self._sleep("the last one was refused by X just now", min(rest, self._times.http_most))

    # while the stream is held

    async def _hold_on(self, tasks: asyncio.TaskGroup) -> None:
        """Hold the stream, connection after connection."""
        while True:
            await self._sleep("X allows 50 connects in 15 minutes", self._connects.pace(self._clock.monotonic()))
            await self._gaps.tell()
            self._connects.take(self._clock.monotonic())
            token = self._tokens.current
            ended = await self._parts.stream.hold(token, self._reception, self._on_connected)
            self._watch.ended()
            await self._after(ended, token, tasks)

    def _on_connected(self) -> None:
        self._held = True
        self._held_since = self._x_time.now()
        self._watch.connected()
        if self._unruled:  # the gap that ends now has all that was posted since the rules were last seen
            self._unruled, self._rules.seen_at = False, self._clock.monotonic()
        self._look_now.set()  # somebody may have taken rules away while nobody held the stream
        gap = self._gaps.ended()
        until = gap.until if gap is not None else self._x_time.now()
        self._ledger.write("connected", rules=self._gaps.rules_as_row(), until=until)
        log.event("connected", connections=self._connections + 1)
        if gap is not None and self._backfill is not None:
            self._backfill.add(gap, 0.0)
        self._connections += 1
        self._refused = None

    async def _after(self, ended: Ended, token: Token, tasks: asyncio.TaskGroup) -> None:
        """Note how a connection ended, and act on it."""
        self._watch.notice_a_pause()
        if reconnect.is_good(ended, self._times):
            self._failures = 0
        action = reconnect.decide(ended, self._failures, self._times)
        if ended.status == _BAD_REQUEST and self._parts.fields.leave_out_refused(ended.problem):
            action = reconnect.Wait(self._times.http_first)
        log.event(
            "disconnected", "WARNING", reason=ended.reason, held=round(ended.held, 1), action=type(action).__name__,
            message=f"The connection to X ended: {ended.reason}",
        )  # fmt: skip
        if self._reception.spent is not None:
            raise BudgetSpent(self._reception.spent)
        if self._held:
            since, heard = self._published.certain_until(), self._published.until(self._reception.heard)
            if ended.how == "unruled":
                since = heard = min(since, self._published.until(self._rules.seen_at))
                self._unruled = True
            elif ended.how == "stalled":
                heard = since
            self._gaps.begin(since, heard, ended.reason)
            self._ledger.write("disconnected", since=since, reason=ended.reason)
            self._held = False
            # Did another ingester take the stream? We reconnect meanwhile, because search never returns retweets of these seconds.
            tasks.create_task(self._yield_to_another())
        else:
            self._ledger.write("refused", reason=ended.reason)
            # another ingester may be clearing our connections, as we would clear its
            if not self._connections and self._failures:
                tasks.create_task(self._give_way())
        await self._do(action, token)
        self._failures += 1

    async def _do(self, action: reconnect.Action, token: Token) -> None:
        match action:
            case Stop():
                self._stop(action, token)
            case reconnect.ReadToken(again, otherwise):
                if not await self._renewed(token):
                    if self._note_refusal(token):
                        self._stop(otherwise, token)
                    await self._sleep(
                        "X may have refused a good token", reconnect.jittered(again, self._parts.random())
                    )
            case reconnect.ClearGhost(seconds):
                # an ingester that has never held the stream gives way to one that was here first
                await (self._yield_to_another() if self._connections else self._be_the_only_one())
                await self._ghosts.clear()
                await self._sleep("X needs a moment to notice", seconds)
            case reconnect.InstallRules(seconds):
                await self._install()
                await self._sleep("X needs up to 20 s to know new rules", seconds)
            case reconnect.Wait():
                await self._sleep("back-off", reconnect.jittered(action, self._parts.random()))

    def _note_refusal(self, token: Token) -> bool:
        """Note that X refuses this token, and return whether it has done so before, since it last took one."""
        before, self._refused = self._refused, token
        return before == token

    def _stop(self, stop: Stop, token: Token) -> None:
        now, retry = self._x_time.now(), None
        if stop.retry_after is not None:
            retry = now + timedelta(seconds=stop.retry_after)
            if stop.until is not None:  # a date that is over does not mean that X is to be asked at once
                retry = min(retry, max(stop.until, now + timedelta(seconds=self._times.stopped)))
        condition = self._conditions(token).get(stop.reason)
        row = {"reason": stop.reason, "retry_after": retry, "condition": condition, "note": stop.message[:900]}
        raise StoppedByX(Refused(stop.message), row)

    def _conditions(self, token: Token) -> dict[str, str]:
        """Return, for each reason of a stop, the value whose change ends the stop."""
        return {
            "token": token.version,
            "forbidden": token.version,
            "parameters": version.code(),
            "rules": version.hash_of([rule.value for rule in self._parts.rules]),
        }

    async def _renewed(self, refused: Token) -> bool:
        """Return whether there is another token. If the secret is out of reach, try again until it can be read."""
        tries = 0
        while True:
            try:
                return await self._tokens.renew(refused)
            except (SecretUnavailable, ConfigurationError) as error:
                log.event("token_unread", "WARNING", message=str(error))
            wait = reconnect.Wait(min(self._times.http_first * 2.0**tries, self._times.http_most))
            tries = min(tries + 1, 30)
            await self._sleep("the token cannot be read", reconnect.jittered(wait, self._parts.random()))

    async def _yield_to_another(self) -> None:
        await lease.yield_to_another(self._ledger, self._x_time, self._times, self._held_since, self._parts.environ)

    async def _give_way(self) -> None:
        await lease.give_way(self._ledger, self._x_time, self._times, self._parts.environ)

    async def _keep_the_lease(self) -> None:
        """Look for another after a time in which no row of ours was stored: it may have taken us for dead."""
        while True:
            await asyncio.sleep(self._times.alive)
            if self._ledger.lapsed(self._times.fresh):
                await self._yield_to_another()

    async def _install(self) -> None:
        try:
            await self._rules.install()
        except Refused as error:
            self._stop(Stop("rules", str(error), self._times.stopped), self._tokens.current)

    async def _look_after_x(self, reservations: Reservations) -> None:
        """Check the rules and a stream of unknown rate each minute, and X's own count every ten. The heartbeat never waits for this."""
        asked = self._clock.monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._times.alive):
                    await self._look_now.wait()
            self._look_now.clear()
            if not await self._rules.look() and self._held and not await self._rules_came_back():
                self._watch.unruled()
            since = self._watch.unknown_since()
            if since is not None and await self._has_x_posts(since, reservations):
                self._watch.counted(since)
            if self._clock.monotonic() - asked >= self._times.usage:
                asked = self._clock.monotonic()
                await self._ask_usage(reservations.budget)

    async def _rules_came_back(self) -> bool:
        """Look once more after some seconds: one list of X's may be incomplete."""
        await asyncio.sleep(self._times.http_first)
        return await self._rules.look()

    async def _ask_usage(self, budget: Budget) -> None:
        """Ask for X's own count of billed posts, and for what is left of the account."""
        rate = budget.units_a_day()
        self._account = replace(self._account, dollars_a_day=rate * DOLLARS if rate is not None else None)
        await self._ask_credits()
        try:
            answer = await self._x.usage()
        except Unavailable as error:
            log.event("usage_unknown", "WARNING", message=str(error))
            return
        usage = read_usage(answer.body) if answer.status == 200 else None
        if usage is None:
            log.event("usage_unknown", "WARNING", message=f"X does not say what it has counted ({answer.said})")
        else:
            self._account = replace(self._account, cap=read_cap(answer.body), used=usage[0], reset_day=usage[1])
            if why := budget.merge_usage(*usage):
                log.event("usage_implausible", "WARNING", message=why)

    async def _ask_credits(self) -> None:
        """Ask for what is left of the credits. Some accounts are not told, which is no reason for a warning every ten minutes."""
        try:
            answer = await self._x.credits()
        except Unavailable as error:
            log.event("credits_unknown", message=str(error))
            return
        credit = read_credits(answer.body) if answer.status == _OK else None
        self._account = replace(self._account, credit_dollars=credit)
        if credit is None:
            log.event("credits_unknown", message=f"X does not say what is left of the credits ({answer.said})")

    async def _has_x_posts(self, since: float, reservations: Reservations) -> bool:
        """Ask X for the number of posts since a moment: one request, which X bills. False where it does not say."""
        rules = [((rule.id, rule.value, rule.tag), RECENT) for rule in self._rules.listed]
        until = self._x_time.of(self._clock.monotonic() - self._times.lag)
        try:
            counted = await search.counts(self._x, rules, self._x_time.of(since), until, reservations.spend_request)
        except (Unavailable, NoLedger, search.QueryRefused) as error:
            log.event("counts_unknown", "WARNING", message=str(error))
            return False
        return bool(counted.total)

    def _state(self) -> State:
        backfill, last = self._backfill, self._reception.last_post
        begins = [moment for moment in (self._gaps.since, backfill and backfill.oldest()) if moment]
        now = self._x_time.now()
        return State(
            self.held_until(),
            self._account.as_row(now),
            self.totals()["open_gaps"],
            (now - min(begins)).total_seconds() if begins else 0.0,
            self._clock.monotonic() - last if last is not None else None,
        )

    async def _sleep(self, why: str, seconds: float) -> None:
        if seconds > 0:
            if seconds >= 1:
                log.event("waiting", seconds=round(seconds, 1), why=why)
            await asyncio.sleep(seconds)


_NO_LEDGER = (
    "Without the ledger an ingester could spend twice or fight another. Is BigQuery up, does the dataset exist, and may this "
    "service account read and write ingester_events (roles/bigquery.dataEditor there, roles/bigquery.jobUser)?"
)
