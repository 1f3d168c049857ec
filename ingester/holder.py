"""One ingester's life: look into the ledger, be the only one, hold the stream, account for each gap."""

import os
import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from . import alone, bearer, connects, events, log, policy, rules, version
from .alone import Ghosts
from .api import Unavailable, X
from .bearer import Token
from .budget import Budget
from .connection import Connection
from .errors import ConfigurationError, Done, IngesterError, LedgerFailed, Refused
from .events import Event
from .fill import Means
from .filler import Filler
from .gaps import Gaps
from .heartbeat import Heartbeat, State
from .ledger import Ledger, NoLedger
from .message import Line
from .policy import Ended, Stop
from .prices import DOLLARS
from .publisher import Publisher
from .rules import Plan, Rule
from .settings import Settings
from .times import Times

_LEDGER_SECONDS = 120.0  # as long as BigQuery may be away at start
_ROW_SECONDS = 20.0  # for a row that is to be stored first


class StoppedByX(Exception):
    """A fatal answer of X's: its row in the ledger, and what the process ends with."""

    def __init__(self, error: IngesterError, row: dict[str, Any]) -> None:
        super().__init__(str(error))
        self.error = error
        self.row = row


def holder_id(environ: Mapping[str, str]) -> str:
    """Cloud Run's execution and attempt, or this host; and something that no other run has."""
    where = environ.get("CLOUD_RUN_EXECUTION") or os.uname().nodename
    return f"{where}/{environ.get('CLOUD_RUN_TASK_ATTEMPT', '0')}/{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True)
class Parts:
    """What an ingester is made of."""

    settings: Settings
    times: Times
    rules: list[Rule]  # the file's
    token: Token
    ledger: Ledger
    published: Publisher  # for what the stream gives
    searched: Publisher  # for what search gives
    environ: Mapping[str, str]


class Holder:
    """`prepare`, then `hold_on`, which comes back by an exception only."""

    def __init__(self, parts: Parts, take: Callable[[bytes, Line], None]) -> None:
        settings, times, token = parts.settings, parts.times, parts.token
        self._settings = settings
        self._times = times
        self._our_rules = parts.rules
        self._token = token
        self._ledger = parts.ledger
        self._published = parts.published
        self._searched = parts.searched
        self._environ = parts.environ
        self._x = X(token.value, settings.x_api_url)
        self._connection = Connection(token.value, settings.x_api_url, take, times)
        self._connects = connects.Bucket(connects.CONNECTS, times.window)
        self._ghosts = Ghosts(self._x, connects.Bucket(connects.CLEARS, times.window))
        self._heartbeat = Heartbeat(parts.ledger, self._x, times, self._state)
        self._filler: Filler | None = None
        self._gaps = Gaps(parts.ledger, parts.rules)
        self._differ: Plan | None = None  # how X's rules and the file did at the last look
        self._connected = False
        self._ruled = 0.0  # wall clock: when X was last seen to have rules
        self._failures = 0
        self._connections = 0

    def prepare(self) -> Budget:
        """All that is to be known before the stream is asked for. Raises Done where there is nothing to do."""
        log.event("started", holder=self._ledger.holder, rules=len(self._our_rules), x_api_url=self._settings.x_api_url)
        self._write_first("started")
        self._heartbeat.start()
        diary = self._be_the_only_one()
        settings = self._settings
        budget = Budget(settings.max_posts_per_day, settings.max_posts_per_month, events.spent(diary))
        self._mind_the_last_stop(diary, budget)
        self._ledger.today = budget.today
        self._heartbeat.budget = budget
        self._heartbeat.ask_usage()
        self._filler = Filler(
            Means(
                self._x,
                self._searched,
                self._ledger,
                budget,
                self._times,
                settings.expand_authors,
                settings.expand_referenced,
                self._published,
            ),
            accounted=events.accounted(diary),
            renew=self._renew_token,
        )
        self._remember_connects(diary)
        self._look_at_rules()
        self._heartbeat.look = self._look_again
        for gap in self._gaps.resume(diary):
            self._filler.add(gap)
        if self._ghosts.there():
            # it may be somebody's who came while we made ready
            self._be_the_only_one()
            self._ghosts.clear()
            self._sleep("X needs a moment to notice", self._times.reap)
        if spent := budget.spent():
            note = f"MAX_POSTS_PER_{spent.period.upper()} is reached: {spent.units:,} of {spent.limit:,} posts."
            raise StoppedByX(Done(note), {"reason": "budget", "retry_after": spent.until, "note": note})
        return budget

    def hold_on(self) -> None:
        """Hold the stream, connection after connection."""
        while True:
            self._sleep("X allows 50 connects in 15 minutes", self._connects.wait(time.time()))
            self._gaps.tell()
            self._connects.take(time.time())
            ended = self._connection.hold(
                authors=self._settings.expand_authors,
                referenced=self._settings.expand_referenced,
                connected=self._on_connected,
            )
            self._after(ended)

    def held_until(self) -> datetime | None:
        """Until when all that X sent is published, if the stream is held."""
        return self._published_until(self._connection.heard) if self._connected else None

    def leave_open(self, until: datetime) -> None:
        """What was accepted and could not be published is a gap of its own, which the next start fills."""
        oldest = self._published.oldest()
        if oldest is not None:
            self._gaps.leave(datetime.fromtimestamp(oldest, UTC), until, "unpublished")

    def totals(self) -> dict[str, int]:
        """Counts for the log: connections, posts that search gave, gaps that wait, and cents that X will ask for."""
        filler, budget = self._filler, self._heartbeat.budget
        return {
            "connections": self._connections,
            "searched": filler.filled if filler else 0,
            "open_gaps": (filler.open if filler else 0) + (self._gaps.since is not None),
            "billed_today": budget.today() if budget else 0,
            "cents_today": round(budget.today() * DOLLARS * 100) if budget else 0,
        }

    # before the first connection

    def _read(self) -> list[Event]:
        deadline = time.monotonic() + _LEDGER_SECONDS
        while True:
            try:
                return self._ledger.read()
            except NoLedger as error:
                if time.monotonic() > deadline:
                    raise LedgerFailed(f"{error}. {_NO_LEDGER}") from None
                log.event("ledger_away", "WARNING", message=str(error))
                time.sleep(min(2.0, self._times.alive))

    def _write_first(self, event: str) -> None:
        try:
            self._ledger.write_now(event, _LEDGER_SECONDS)
        except NoLedger as error:
            raise LedgerFailed(f"{error}. {_NO_LEDGER}") from None

    def _be_the_only_one(self) -> list[Event]:
        me, environ = self._ledger.holder, self._environ
        return alone.wait_for_others(self._read, me, environ=environ, times=self._times, sleep=self._sleep)

    def _mind_the_last_stop(self, diary: list[Event], budget: Budget) -> None:
        conditions = _conditions(self._token, self._our_rules)
        stop = events.stop_in_force(diary, datetime.now(UTC), conditions)
        if stop is not None and stop.reason == "budget" and budget.spent() is None:
            log.event("limit_raised", message="The limit that ended the stream is no longer reached: it goes on")
            return
        if stop is not None:
            until = f"until {stop.retry_after:%F %H:%M} UTC" if stop.retry_after else "until something has changed"
            raise Done(f"A stop is in force {until}, and X is not asked: {stop.note or stop.reason}")

    def _remember_connects(self, diary: list[Event]) -> None:
        """X counts connects and refusals across our restarts, so we do."""
        before = [moment.timestamp() for moment in events.connects(diary)]
        self._connects = connects.Bucket(connects.CONNECTS, self._times.window, before)
        self._failures, last = events.failures(diary)
        if last is not None:
            rest = last.timestamp() + self._times.http_first * 2.0 ** min(self._failures, 6) - time.time()
            self._sleep("the last one was refused by X just now", min(rest, self._times.http_most))

    def _look_at_rules(self) -> None:
        try:
            found = rules.there(self._x)
            if not found:
                self._install()
                found = rules.there(self._x)
        except (Refused, Unavailable) as error:
            # the stream's own answer says what to do about it
            log.event("rules_unknown", "WARNING", message=str(error))
            return
        self._gaps.rules = found or self._our_rules
        self._say_how_rules_differ(found)

    def _say_how_rules_differ(self, found: list[Rule]) -> None:
        plan = rules.compare(self._our_rules, found)
        if plan != self._differ and (plan.changes or plan.foreign):
            log.event(
                "rules_differ",
                "WARNING",
                message=f"X's rules are not those of the file: {len(plan.add)} to add, {len(plan.remove)} to change, "
                f"{len(plan.foreign)} that the file does not name. python -m ingester rules plan shows them.",
            )
        self._differ = plan

    # while the stream is held

    def _on_connected(self) -> None:
        self._connected = True
        self._ruled = time.time()  # X refuses who has none
        self._ledger.write("connected", rules=self._gaps.rules_as_row())
        log.event("connected", connections=self._connections + 1)
        gap = self._gaps.ended(self._connection.ahead)
        if gap is not None and self._filler is not None:
            self._filler.add(gap, ended_ago=0.0)
            self._gaps.forget()
        self._connections += 1  # last: whoever reads the totals sees the gap as well

    def _after(self, ended: Ended) -> None:
        """Note the end, and do what it asks for."""
        if policy.is_good(ended, self._times):
            self._failures = 0
        action = policy.decide(ended, self._failures, self._times)
        log.event(
            "disconnected", "WARNING", reason=ended.reason, held=round(ended.held, 1), action=type(action).__name__,
            message=f"The connection to X ended: {ended.reason}",
        )  # fmt: skip
        if self._connected:
            since = self._published_until(self._complete_until(ended))
            self._gaps.begin(since, ended.reason)
            self._ledger.write("disconnected", since=since, reason=ended.reason)
            self._connected = False
            alone.yield_to_another(self._ledger, self._times)
        else:
            self._ledger.write("disconnected", reason=ended.reason, note=events.REFUSED)
            if isinstance(action, policy.ClearGhost):
                alone.yield_to_another(self._ledger, self._times)
        self._do(action)
        self._failures += 1

    def _complete_until(self, ended: Ended) -> float:
        """Wall clock: until when the stream brought all that there was."""
        match ended.how:
            case "stalled":
                return self._connection.last_post
            case "unruled":
                return min(self._ruled, self._connection.heard)
            case _:
                return self._connection.heard

    def _do(self, action: policy.Action) -> None:
        match action:
            case Stop():
                self._stop(action)
            case policy.ReadToken(otherwise):
                if not self._renew_token():
                    self._stop(otherwise)
            case policy.ClearGhost(seconds):
                self._ghosts.clear()
                self._sleep("X needs a moment to notice", seconds)
            case policy.InstallRules(seconds):
                self._reinstall()
                self._sleep("X needs up to 20 s to know new rules", seconds)
            case policy.Wait(seconds):
                self._sleep("back-off", policy.jittered(seconds, random.random()))

    def _stop(self, stop: Stop) -> None:
        retry = datetime.now(UTC) + timedelta(seconds=stop.retry_after) if stop.retry_after is not None else None
        condition = _conditions(self._token, self._our_rules).get(stop.reason)
        note = f"{condition}: {stop.message}" if condition else stop.message
        raise StoppedByX(Refused(stop.message), {"reason": stop.reason, "retry_after": retry, "note": note[:900]})

    def _renew_token(self) -> bool:
        """Whether it has been rotated: then the next request uses the new one."""
        try:
            fresh = bearer.read(self._settings)
        except ConfigurationError as error:
            log.event("token_unread", "WARNING", message=str(error))
            return False
        if fresh.value == self._token.value:
            return False
        log.event("token_renewed", message=f"The token was rotated: version {fresh.version} is used from now on")
        self._token = fresh
        self._x.renew(fresh.value)
        self._connection.renew(fresh.value)
        return True

    def _install(self) -> None:
        """Raises Unavailable, and StoppedByX where X takes one of the rules not."""
        try:
            rules.install(self._x, self._our_rules)
        except Refused as error:
            self._stop(Stop("rules", str(error), self._times.stopped))

    def _reinstall(self) -> None:
        try:
            self._install()
        except Unavailable as error:
            log.event("rules_failed", "WARNING", message=str(error))
        else:
            self._look_at_rules()

    def _look_again(self) -> None:
        """Rules may be changed while the stream is held: a gap is filled by those that were in force before it.

        Where all are gone X goes on with keep-alives, but says so to whoever connects.
        """
        asked = time.time()
        try:
            found = rules.there(self._x)
        except (Refused, Unavailable) as error:
            log.event("rules_unknown", "WARNING", message=str(error))
            return
        if found:
            self._gaps.rules, self._ruled = found, asked
            self._say_how_rules_differ(found)
        elif self._connected:
            self._connection.unruled()

    def _published_until(self, heard: float) -> datetime:
        oldest = self._published.oldest()
        return datetime.fromtimestamp(heard if oldest is None else min(heard, oldest), UTC)

    def _state(self) -> State:
        filler, last = self._filler, self._connection.last_post
        begins = [moment for moment in (self._gaps.since, filler and filler.oldest()) if moment]
        return State(
            self.held_until(),
            self.totals()["open_gaps"],
            (datetime.now(UTC) - min(begins)).total_seconds() if begins else 0.0,
            time.time() - last if last else None,
        )

    def _sleep(self, why: str, seconds: float) -> None:
        if seconds > 0:
            if seconds >= 1:
                log.event("waiting", seconds=round(seconds, 1), why=why)
            time.sleep(seconds)


_NO_LEDGER = (
    "Without the ledger an ingester could spend twice or fight another. Is BigQuery up, does the dataset exist, and may this "
    "service account read and write ingester_events (roles/bigquery.dataEditor there, roles/bigquery.jobUser)?"
)


def _conditions(token: Token, ours: list[Rule]) -> dict[str, str]:
    """What a stop waits for, by its reason: it ends when this has changed."""
    return {
        "token": token.version,
        "forbidden": token.version,
        "parameters": version.code(),
        "rules": version.of([rule.value for rule in ours]),
    }
