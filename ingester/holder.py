"""One ingester's life: look into the ledger, be the only one, hold the stream, mind the money, account for each gap."""

import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from . import connects, events, fill, log, policy, rules, token, version
from .api import Unavailable, X
from .budget import DOLLARS, Budget
from .connection import Connection
from .errors import ConfigurationError, Done, IngesterError, LedgerFailed, Refused
from .events import Event, Gap
from .fill import Filler
from .ledger import Ledger, NoLedger
from .message import Line
from .policy import Ended, Stop
from .publisher import Publisher
from .rules import Rule
from .settings import Settings
from .times import Times
from .token import Token

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
    bearer: Token
    ledger: Ledger
    searched: Publisher  # for what search gives
    environ: Mapping[str, str]


class Holder:
    """`prepare`, then `hold_on`, which comes back by an exception only."""

    def __init__(self, parts: Parts, take: Callable[[bytes, Line], None]) -> None:
        settings, times, bearer = parts.settings, parts.times, parts.bearer
        self._settings = settings
        self._times = times
        self._our_rules = parts.rules
        self._bearer = bearer
        self._ledger = parts.ledger
        self._searched = parts.searched
        self._environ = parts.environ
        self._x = X(bearer.value, settings.x_api_url)
        self._connection = Connection(bearer.value, settings.x_api_url, take, times)
        self._connects = connects.Bucket(connects.CONNECTS, times.window)
        self._clears = connects.Bucket(connects.CLEARS, times.window)
        self._budget: Budget | None = None
        self._filler: Filler | None = None
        self._gap: Gap | None = None  # the one that goes on
        self._gap_told = False
        self._in_force: list[Rule] = parts.rules
        self._connected = False
        self._failures = 0
        self._connections = 0

    def prepare(self) -> Budget:
        """All that is to be known before the stream is asked for. Raises Done where there is nothing to do."""
        log.event("started", holder=self._ledger.holder, rules=len(self._our_rules), x_api_url=self._settings.x_api_url)
        self._write_first("started")
        diary = self._be_the_only_one(self._read())
        settings = self._settings
        self._budget = Budget(settings.max_posts_per_day, settings.max_posts_per_month, events.spent(diary))
        self._mind_the_last_stop(diary, self._budget)
        self._ledger.today = self._budget.today
        self._ask_usage()
        self._filler = Filler(
            fill.Parts(self._x, self._searched, self._ledger, self._budget, self._times),
            authors=settings.expand_authors,
            accounted=events.accounted(diary),
        )
        now = time.time()
        self._connects = connects.Bucket(
            connects.CONNECTS, self._times.window, [moment.timestamp() for moment in events.connects(diary)]
        )
        self._failures = events.failures(diary)
        if self._failures:
            last = diary_end(diary)
            rest = last + self._times.http_first * 2.0 ** min(self._failures, 6) - now
            self._sleep("the last one was refused by X just now", min(rest, self._times.http_most))
        self._clear_ghost()
        self._look_at_rules()
        self._resume_gaps(diary)
        threading.Thread(target=self._heartbeat, name="heartbeat", daemon=True).start()
        return self._budget

    def hold_on(self) -> None:
        """Hold the stream, connection after connection."""
        assert self._budget is not None
        if spent := self._budget.spent():
            note = f"MAX_POSTS_PER_{spent.period.upper()} is reached: {spent.units:,} of {spent.limit:,} posts."
            raise StoppedByX(Done(note), {"reason": "budget", "retry_after": spent.until, "note": note})
        while True:
            self._sleep("X allows 50 connects in 15 minutes", self._connects.wait(time.time()))
            self._open_gap()
            self._connects.take(time.time())
            ended = self._connection.hold(expand_authors=self._settings.expand_authors, connected=self._on_connected)
            self._after(ended)

    def held_until(self) -> datetime | None:
        """When the stream was last heard, if it is held."""
        return datetime.fromtimestamp(self._connection.last_byte, UTC) if self._connected else None

    def totals(self) -> dict[str, int]:
        """Counts for the log: connections, posts that search gave, gaps that wait, and cents that X will ask for."""
        filler, budget = self._filler, self._budget
        return {
            "connections": self._connections,
            "searched": filler.filled if filler else 0,
            "open_gaps": (filler.open if filler else 0) + (self._gap is not None),
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

    def _be_the_only_one(self, diary: list[Event]) -> list[Event]:
        """Return when nobody else lives. Raises Done if somebody does."""
        seen: datetime | None = None
        while other := events.rival(diary, self._ledger.holder, datetime.now(UTC), self._times.fresh):
            if self._is_earlier_attempt(other.holder):
                return diary
            seen = seen or other.at
            age = (datetime.now(UTC) - other.at).total_seconds()
            # a job's Scheduler comes again in 15 minutes; whoever is started once has to find out now
            if "CLOUD_RUN_JOB" in self._environ or other.at > seen:
                raise Done(f"{other.holder} holds the stream: it was heard of {age:.0f} s ago. Nothing to do here.")
            self._sleep(f"{other.holder} was alive {age:.0f} s ago: it may still be", self._times.alive / 12)
            diary = self._read()
        return diary

    def _is_earlier_attempt(self, holder: str) -> bool:
        """Cloud Run starts the next attempt of an execution only when the one before is over."""
        execution = self._environ.get("CLOUD_RUN_EXECUTION")
        return execution is not None and holder.split("/", maxsplit=1)[0] == execution

    def _mind_the_last_stop(self, diary: list[Event], budget: Budget) -> None:
        stop = events.stop_in_force(diary, datetime.now(UTC), self._bearer.version, version.code())
        if stop is not None and stop.reason == "budget" and budget.spent() is None:
            log.event("limit_raised", message="The limit that ended the stream is no longer reached: it goes on")
            return
        if stop is not None:
            until = f"until {stop.retry_after:%F %H:%M} UTC" if stop.retry_after else "until something has changed"
            raise Done(f"A stop is in force {until}, and X is not asked: {stop.note or stop.reason}")

    def _clear_ghost(self) -> None:
        """Nobody of ours lives, so whom X still counts is a connection that is gone."""
        try:
            answer = self._x.connections()
            if answer.status == 200 and answer.body.get("data"):
                log.event("ghost", "WARNING", message="X counts a connection that nobody holds; it is cleared")
                self._clear()
                self._sleep("X needs a moment to notice", self._times.reap)
        except Unavailable as error:
            log.event("connections_unknown", "WARNING", message=str(error))

    def _look_at_rules(self) -> None:
        try:
            found = rules.there(self._x)
            if not found:
                rules.install(self._x, self._our_rules)
                found = rules.there(self._x)
        except (Refused, Unavailable) as error:
            # the stream's own answer says what to do about it
            log.event("rules_unknown", "WARNING", message=str(error))
            return
        self._in_force = found or self._our_rules
        plan = rules.compare(self._our_rules, found)
        if plan.changes or plan.foreign:
            log.event(
                "rules_differ",
                "WARNING",
                message=f"X's rules are not those of the file: {len(plan.add)} to add, {len(plan.remove)} to change, "
                f"{len(plan.foreign)} that the file does not name. python -m ingester rules plan shows them.",
            )

    def _resume_gaps(self, diary: list[Event]) -> None:
        """What earlier runs left open, and the time since the stream was last held."""
        assert self._filler is not None
        for gap in events.open_gaps(diary):
            if gap.until is not None:
                self._filler.add(gap)
            else:
                self._gap, self._gap_told = gap, True
        if self._gap is None and (held := events.last_held(diary)):
            since, reason = held
            self._gap = self._new_gap(since, reason)

    # while the stream is held

    def _open_gap(self) -> None:
        """Before the stream is held again: whatever happens then, the gap is known."""
        if self._gap is None or self._gap_told:
            return
        gap = self._gap
        named = [{"id": rule_id, "value": value, "tag": tag} for rule_id, value, tag in gap.rules]
        try:
            self._ledger.write_now(
                "gap_opened",
                _ROW_SECONDS,
                gap_id=gap.id,
                since=gap.since,
                reason=gap.reason,
                rules=named,
                status="open",
            )
        except NoLedger as error:
            # the row waits in the queue; should it be lost with us, the last heartbeat that was stored opens a wider one
            log.event("ledger_behind", "WARNING", message=f"The gap is not in the ledger yet: {error}")
        self._gap_told = True

    def _on_connected(self) -> None:
        self._connected = True
        self._ledger.write("connected")
        log.event("connected", connections=self._connections + 1)
        if self._gap is not None and self._filler is not None:
            ended = replace(self._gap, until=datetime.now(UTC))
            log.event(
                "gap", "WARNING", gap_id=ended.id, since=ended.since, until=ended.until, reason=ended.reason,
                message=f"The stream was not held for {(datetime.now(UTC) - ended.since).total_seconds():.1f} s "
                f"({ended.reason}); search is asked for what was posted.",
            )  # fmt: skip
            self._filler.add(ended)
        self._gap, self._gap_told = None, False
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
            heard = self._connection.last_post if ended.how == "stalled" else self._connection.last_byte
            since = datetime.fromtimestamp(heard, UTC)
            self._ledger.write("disconnected", since=since, reason=ended.reason)
            self._gap = self._new_gap(since, ended.reason)
            self._connected = False
            self._yield_to_another()
        else:
            self._ledger.write("disconnected", reason=ended.reason, note=events.REFUSED)
            if isinstance(action, policy.ClearGhost):
                self._yield_to_another()
        self._do(action)
        self._failures += 1

    def _do(self, action: policy.Action) -> None:
        match action:
            case Stop():
                self._stop(action)
            case policy.ReadToken(otherwise):
                self._read_token(otherwise)
            case policy.ClearGhost(seconds):
                self._clear()
                self._sleep("X needs a moment to notice", seconds)
            case policy.InstallRules(seconds):
                self._install()
                self._sleep("X needs up to 20 s to know new rules", seconds)
            case policy.Wait(seconds):
                self._sleep("back-off", policy.jittered(seconds, random.random()))

    def _stop(self, stop: Stop) -> None:
        retry = datetime.now(UTC) + timedelta(seconds=stop.retry_after) if stop.retry_after is not None else None
        condition = {"token": self._bearer.version, "forbidden": self._bearer.version, "parameters": version.code()}
        note = f"{condition[stop.reason]}: {stop.message}" if stop.reason in condition else stop.message
        raise StoppedByX(Refused(stop.message), {"reason": stop.reason, "retry_after": retry, "note": note[:900]})

    def _read_token(self, otherwise: Stop) -> None:
        """It may have been rotated: then the next connection uses the new one."""
        try:
            fresh = token.read(self._settings)
        except ConfigurationError as error:
            log.event("token_unread", "WARNING", message=str(error))
            fresh = self._bearer
        if fresh.value == self._bearer.value:
            self._stop(otherwise)
        log.event("token_renewed", message=f"The token was rotated: version {fresh.version} is used from now on")
        self._bearer = fresh
        self._x.renew(fresh.value)
        self._connection.renew(fresh.value)

    def _install(self) -> None:
        try:
            rules.install(self._x, self._our_rules)
        except Unavailable as error:
            log.event("rules_failed", "WARNING", message=str(error))
        else:
            self._look_at_rules()

    def _clear(self) -> None:
        if self._clears.wait(time.time()) > 0:
            log.event("ghost", "WARNING", message="X allows 25 clearings in 15 minutes: not cleared again")
            return
        self._clears.take(time.time())
        try:
            self._x.clear_connections()
        except Unavailable as error:
            log.event("ghost", "WARNING", message=f"The old connection was not cleared: {error}")

    def _yield_to_another(self) -> None:
        """Thrown out because another took over? Then it is not for us to fight."""
        try:
            other = events.newer_holder(self._ledger.read(), self._ledger.holder)
        except NoLedger as error:
            log.event("ledger_away", "WARNING", message=str(error))
            return
        if other is not None:
            self._gap = None  # the other's
            raise Done(f"{other.holder} has taken over the stream at {other.at:%T} UTC. Nothing to do here.")

    def _new_gap(self, since: datetime, reason: str) -> Gap:
        self._gap_told = False
        in_force = tuple((rule.id, rule.value, rule.tag) for rule in self._in_force)
        return Gap(f"{since:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}", since, reason, None, in_force)

    def _sleep(self, why: str, seconds: float) -> None:
        if seconds > 0:
            if seconds >= 1:
                log.event("waiting", seconds=round(seconds, 1), why=why)
            time.sleep(seconds)

    # beside it

    def _heartbeat(self) -> None:
        assert self._budget is not None
        asked = time.monotonic()
        while True:
            time.sleep(self._times.alive)
            self._ledger.write("alive")
            if time.monotonic() - asked >= self._times.usage:
                asked = time.monotonic()
                self._ask_usage()
            for warning in self._budget.warnings():
                log.event("budget", "WARNING", message=warning, dollars_today=round(self._budget.today() * DOLLARS, 2))

    def _ask_usage(self) -> None:
        """X's own count for the month, which is what it bills."""
        assert self._budget is not None
        try:
            answer = self._x.usage()
            used = str((answer.body.get("data") or {}).get("project_usage") or "")
        except Unavailable as error:
            log.event("usage_unknown", "WARNING", message=str(error))
            return
        if answer.status == 200 and used.isdigit():
            self._budget.billed(int(used))


_NO_LEDGER = (
    "Without the ledger an ingester could spend twice or fight another. Is BigQuery up, does the dataset exist, and may this "
    "service account read and write ingester_events (roles/bigquery.dataEditor there, roles/bigquery.jobUser)?"
)


def diary_end(diary: list[Event]) -> float:
    """When the last 'disconnected' was, in seconds since 1970."""
    return next((e.at.timestamp() for e in reversed(diary) if e.event == "disconnected"), 0.0)
