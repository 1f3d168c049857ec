"""The rest of the simulated world: processes, Pub/Sub with its archive, the ledger's table, the secret, and what starts processes again."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from ingester.backfill import by_hand, manual
from ingester.backfill.model import BackfillContext
from ingester.budget import Budget
from ingester.errors import NoLedger, PublishFailed, Refused, Unavailable
from ingester.ledger.events import EventKind
from ingester.ledger.ledger import Ledger
from ingester.ledger.model import Event
from ingester.ledger.reservations import Reservations
from ingester.ledger.units import HolderUnits, by_holder, tally
from ingester.pubsub.envelope import DeadLetter, OutgoingMessage
from ingester.run import Shutdown, run_to_the_end
from ingester.settings import Settings, read
from ingester.timeouts import Timeouts
from ingester.wire import CheckIntervals, ExternalServices, Ingester, build
from ingester.x.client import X as Client
from ingester.x.rate_limit import ServerClock
from ingester.x.rules import Rule
from ingester.x.search import QueryRefused, counts, created_at
from ingester.x.tokens import Tokens
from posts.prices import most
from runtime.bearer_token import SecretUnavailable, Token
from runtime.errors import ConfigurationError, ExpectedError

from . import x as simulated
from .virtual_loop import Owner, VirtualLoop
from .x import T0, X

TIMES = Timeouts()
LOOKS = CheckIntervals(every=60.0, late=5.0)
MOST_UNITS = most(authors=True, referenced=False)
_ROOM = 200  # messages that wait for Pub/Sub until reading from X waits
_SCHEDULER = 900.0  # Cloud Scheduler's rhythm
_ENVIRONMENT = {"GOOGLE_CLOUD_PROJECT": "p", "X_BEARER_TOKEN_SECRET": "projects/p/secrets/x"}


class Topic:
    """Pub/Sub and the archive behind it."""

    def __init__(self, loop: VirtualLoop, rng: random.Random) -> None:
        self._loop = loop
        self._rng = rng
        self.messages: list[tuple[float, OutgoingMessage]] = []  # (when the archive has it, the message)
        self.received: list[float] = []  # when each was taken
        self.ids: set[str] = set()
        self.away_until = 0.0
        self.behind_until = 0.0

    def add(self, message: OutgoingMessage) -> None:
        there = max(self._loop.now + self._rng.uniform(0.5, 3.0), self.behind_until)
        self.messages.append((there, message))
        self.received.append(self._loop.now)
        self.ids.add(message.id)


class Publisher:
    """One process's publisher: messages reach the topic a moment later, and are acknowledged a moment after that."""

    def __init__(self, process: "Process | Search") -> None:
        self._process = process
        self._loop = process.world.loop
        self._topic = process.world.topic
        self._rng = process.world.rng
        self._open: dict[int, tuple[float, OutgoingMessage]] = {}
        self._taken: deque[str] = deque(maxlen=100_000)
        self._room: list[asyncio.Future[None]] = []
        self._hurried = False
        self.published = 0
        self.dead = 0
        self.failure: ExpectedError | None = None

    @property
    def waiting(self) -> int:
        return len(self._open)

    def publish(self, message: OutgoingMessage) -> None:
        self._open[id(message)] = (self._loop.now, message)
        self._loop.call_later(self._rng.uniform(0.03, 0.2), self._send, message)

    def dead_letter(self, letter: DeadLetter) -> None:
        self.publish(OutgoingMessage(b"", letter.raw, letter.source))

    def _send(self, message: OutgoingMessage) -> None:
        wait = self._topic.away_until - self._loop.now
        if wait > 0:
            self._loop.call_later(wait + self._rng.uniform(0.0, 1.0), self._send, message)
            return
        self._topic.add(message)
        self._loop.call_later(self._rng.uniform(0.01, 0.1), self._acknowledged, message)

    def _acknowledged(self, message: OutgoingMessage) -> None:
        del self._open[id(message)]
        self.published += 1
        if message.id.isdigit():
            self._taken.append(message.id)
        for future in self._room:
            if not future.done():
                future.set_result(None)
        self._room.clear()

    def has_room(self) -> bool:
        return len(self._open) < _ROOM or self._hurried

    async def room(self) -> None:
        future = self._loop.create_future()
        self._room.append(future)
        await future

    def shorten_deadlines(self) -> None:
        self._hurried = True
        for future in self._room:
            if not future.done():
                future.set_result(None)

    def oldest(self) -> float | None:
        return next((moment for moment, _ in self._open.values()), None)

    def first_id(self) -> int | None:
        return min((int(message.id) for _, message in self._open.values() if message.id.isdecimal()), default=None)

    def acknowledged_ids(self, first: int, last: int) -> set[str]:
        return {one for one in self._taken if first <= int(one) <= last}

    def has_unpublished(self, first: int, last: int) -> bool:
        return any(message.id.isdigit() and first <= int(message.id) <= last for _, message in self._open.values())

    async def publish_all(self, messages: Sequence[OutgoingMessage | DeadLetter], seconds: float) -> None:
        for message in messages:
            if isinstance(message, DeadLetter):
                self.dead_letter(message)
            else:
                self.publish(message)
        deadline = self._loop.now + seconds
        while self._open and self._loop.now < deadline:
            await asyncio.sleep(0.25)
        if self._open:
            raise PublishFailed("not published in time")


@dataclass
class Table:
    """ingester_events."""

    # by row id: (when stored, the row, by whom)
    rows: dict[str, tuple[float, Event, Any]] = field(default_factory=dict)
    away_until: float = 0.0
    slow_until: float = 0.0
    outages: list[tuple[float, float]] = field(default_factory=list)  # times in which rows take long, or are not taken
    lose: int = 0  # answers that are lost after the rows were stored


class Store:
    """One process's view of the table and the archive."""

    def __init__(self, process: "Process | Search") -> None:
        self._process = process
        self._world = process.world

    async def insert(self, rows: Sequence[tuple[str, Event]]) -> dict[str, str]:
        table = self._world.table
        await self._travel("insert")
        for row_id, event in rows:
            table.rows.setdefault(row_id, (self._world.loop.now, event, self._process))
        if table.lose:
            table.lose -= 1
            await asyncio.sleep(10.0)
            raise NoLedger("the answer was lost")
        await asyncio.sleep(self._world.rng.uniform(0.02, 0.2))
        return {}

    async def history(self) -> list[Event]:
        await self._travel("query")
        return self._events()

    async def units(self) -> list[HolderUnits]:
        await self._travel("query")
        return by_holder(self._events())

    async def since(self, moment: datetime) -> list[Event]:
        await self._travel("query")
        return [event for event in self._events() if event.at >= moment]

    async def searched(self, gap_id: str) -> Event | None:
        await self._travel("query")
        rows = [event for event in self._events() if event.gap_id == gap_id and event.event == EventKind.SEARCHED]
        return rows[-1] if rows else None

    async def arrived(self, since: datetime, first: int, last: int) -> dict[str, set[str]]:
        await self._travel("query")
        now = self._world.loop.now
        return {
            message.id: {one["id"] for one in orjson.loads(orjson.loads(message.data)["payload"])["matching_rules"]}
            for (there, message), received in zip(self._world.topic.messages, self._world.topic.received, strict=True)
            if message.source in ("stream", "search")
            and since.timestamp() - T0 <= received
            and there <= now
            and message.id.isdigit()
            and first <= int(message.id) <= last
        }

    async def due(
        self, since: datetime, until: datetime, share: float, unread_since: datetime, age: timedelta
    ) -> list[str]:
        await self._travel("query")
        assert share == 1.0, "the simulator reads all"
        stored, read = set[str](), set[str]()
        for (there, message), received in zip(self._world.topic.messages, self._world.topic.received, strict=True):
            if there > self._world.loop.now or not message.id.isdigit() or not since <= created_at(message.id) < until:
                continue
            if message.source != "refresh":
                stored.add(message.id)
            elif (
                received >= max(unread_since.timestamp(), created_at(message.id).timestamp() + age.total_seconds()) - T0
            ):
                read.add(message.id)
        retweets = {str(post.number) for post in self._world.x.posts if post.is_retweet}
        return sorted(stored - read - retweets)

    async def readings(self, since: datetime, made_since: datetime) -> int:
        await self._travel("query")
        topic = self._world.topic
        return sum(
            message.source == "refresh" and received >= since.timestamp() - T0 and created_at(message.id) >= made_since
            for (_, message), received in zip(topic.messages, topic.received, strict=True)
        )

    def _events(self) -> list[Event]:
        return sorted((event for _, event, _ in self._world.table.rows.values()), key=lambda event: event.at)

    async def _travel(self, kind: str) -> None:
        table, loop, rng = self._world.table, self._world.loop, self._world.rng
        if loop.now < table.away_until:
            await asyncio.sleep(rng.uniform(0.1, 5.0))
            raise NoLedger("BigQuery is away")
        slow = loop.now < table.slow_until
        await asyncio.sleep(rng.uniform(3.0, 12.0) if slow else rng.uniform(0.05, 0.4 if kind == "insert" else 1.5))


@dataclass
class Vault:
    """Secret Manager."""

    token: Token = field(default_factory=lambda: Token("t1", "1"))
    away_until: float = 0.0


class Secret:
    def __init__(self, world: "World") -> None:
        self._world = world

    async def read(self) -> Token:
        await asyncio.sleep(self._world.rng.uniform(0.05, 0.3))
        if self._world.loop.now < self._world.vault.away_until:
            await asyncio.sleep(self._world.rng.uniform(0.0, 10.0))
            raise SecretUnavailable("Secret Manager is away")
        return self._world.vault.token


class Process(Owner):
    """One run of the ingester. `skew` is how far its clock is ahead of X's, in seconds."""

    def __init__(self, world: "World", name: str, attempt: int) -> None:
        super().__init__()
        self.world = world
        self.name = f"{name}/{attempt}/{len(world.processes)}"
        self.skew = 0.0
        self.started_at = world.loop.now
        self.ended_at: float | None = None
        self.end: BaseException | None = None
        self.requested_at: float | None = None
        self.was_frozen = False
        self.server_clock = ServerClock(self)
        self.publisher = Publisher(self)
        self.searched = Publisher(self)
        self.ingester: Ingester | None = None
        self.shutdown: Shutdown | None = None
        self.environ = {
            "CLOUD_RUN_JOB": "ingester",
            "CLOUD_RUN_EXECUTION": name,
            "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
        }

    def time(self) -> float:
        return T0 + self.world.loop.now + self.skew

    def monotonic(self) -> float:
        return self.world.loop.now

    def running_at(self, moment: float) -> bool:
        """Return whether the process ran then and was never frozen."""
        return self.started_at <= moment and (self.ended_at is None or self.ended_at > moment) and not self.was_frozen

    @property
    def running(self) -> bool:
        return not self.dead and self.ended_at is None

    async def run(self) -> None:
        world = self.world
        secret = Secret(world)
        try:
            try:
                token = await secret.read()
            except SecretUnavailable as error:
                raise ConfigurationError(str(error)) from None
            self.shutdown = Shutdown()
            outside = ExternalServices(
                clock=self,
                server_clock=self.server_clock,
                random=world.rng.random,
                http=simulated.Http(world.x, self),
                stream=simulated.Stream(world.x, self),
                store=Store(self),
                publisher=self.publisher,
                search_publisher=self.searched,
                tokens=secret,
                holder=self.name,
                environ=self.environ,
                intervals=LOOKS,
            )
            self.ingester = build(outside, world.settings(), world.our_rules, token, TIMES)
            await run_to_the_end(self.ingester, self.shutdown)
        except BaseException as error:
            if self.dead:
                raise
            self.end = error
        self.ended_at = world.loop.now
        world.x.gone(self)
        world.ended(self)
        self.over = True

    def tell(self) -> None:
        """SIGTERM."""
        if self.requested_at is None and self.running:
            self.requested_at = self.world.loop.now
            if self.shutdown is None:
                self.world.kill(self)  # before it listens to signals
                return
            self.publisher.shorten_deadlines()
            self.searched.shorten_deadlines()
            self.shutdown.request()

    @property
    def holds(self) -> bool:
        return self.running and self.ingester is not None and self.ingester.connection.is_connected


class Search(Owner):
    """A search by hand over the last `hours`, beside the stream or other searches: `python -m ingester search --yes`."""

    def __init__(self, world: "World", hours: float) -> None:
        super().__init__()
        self.world = world
        self.name = f"search/{len(world.searches)}"
        self.hours = hours
        self.skew = 0.0
        self.started_at = world.loop.now
        self.ended_at: float | None = None
        self.end: BaseException | None = None
        self.server_clock = ServerClock(self)
        self.publisher = Publisher(self)

    def time(self) -> float:
        return T0 + self.world.loop.now

    def monotonic(self) -> float:
        return self.world.loop.now

    @property
    def running(self) -> bool:
        return not self.dead and self.ended_at is None

    async def run(self) -> None:
        settings = self.world.settings()
        budget = Budget(settings.max_posts_per_day, settings.max_posts_per_month, None, self.server_clock.now)
        ledger = Ledger(Store(self), self.name, self, self.server_clock, budget)
        writing = asyncio.get_running_loop().create_task(ledger.run())
        try:
            await self._fetch(ledger, budget, settings)
        except (Unavailable, NoLedger, PublishFailed, SecretUnavailable, QueryRefused) as error:
            self.end = error
        except BaseException as error:
            if self.dead:
                raise
            self.end = error
        await ledger.flush(30.0)
        writing.cancel()
        self.ended_at = self.world.loop.now
        self.over = True

    async def _fetch(self, ledger: Ledger, budget: Budget, settings: Settings) -> None:
        world = self.world
        secret = Secret(world)
        x = Client(simulated.Http(world.x, self), Tokens(secret, await secret.read()), self, TIMES, self.server_clock)
        budget.merge(tally(await ledger.store.units(), ledger.holder, self.server_clock.now()))
        reservations = Reservations(budget, ledger, self, self.server_clock, TIMES)
        until = self.server_clock.now() - timedelta(seconds=TIMES.lag)
        since = until - timedelta(hours=self.hours)
        listed = [(rule["id"], rule["value"], rule["tag"]) for rule in world.x.rules]
        rules = listed or [("", rule.value, rule.tag) for rule in world.our_rules]
        asked = by_hand.searchable(rules, is_old=False, say=lambda sentence: None)
        gap = by_hand.gap(asked, since, None, until, None)
        counted = await counts(x, by_hand.without_retweets(asked), since, until, reservations.spend_request)
        plan = by_hand.Plan(gap, asked, since, counted, None, None, MOST_UNITS)
        context = BackfillContext(
            x=x,
            publisher=self.publisher,
            store=ledger.store,
            reservations=reservations,
            times=TIMES,
            clock=self,
            server_clock=self.server_clock,
            began=self.server_clock.now(),
            authors=True,
            referenced=False,
        )
        await manual.fetch(context, ledger, plan, plan.start_progress(), lambda progress: None)


class World:
    """One sequence: a seeded X, and the processes that run against it."""

    def __init__(self, seed: str, *, rate: float = 45.0, per_day: int = 0) -> None:
        self.rng = random.Random(seed)
        self.loop = VirtualLoop()
        self.x = X(self.loop, self.rng, rate)
        self.topic = Topic(self.loop, self.rng)
        self.table = Table()
        self.vault = Vault()
        self.our_rules = [Rule("music", "m"), Rule("dance", "d")]
        self.processes: list[Process] = []
        self.searches: list[Search] = []
        self.limit_lifted_at = float("inf")
        self.per_day = self.limit_of_day = per_day
        self.more_settings: dict[str, str] = {}
        self.stopping = False
        self.paused = False
        self.held_together = 0.0  # seconds, the longest time at a stretch in which two processes held streams
        self._together_since: float | None = None
        self.stopped_for_nothing: list[Process] = []  # for a token, while the secret had a good one
        self._executions = 0

    def watch_holders(self) -> None:
        """Measure how long two processes hold streams at once, each minute."""
        two = sum(process.holds and not process.frozen for process in self.processes) > 1
        if not two:
            self._together_since = None
        elif self._together_since is None:
            self._together_since = self.loop.now
        if self._together_since is not None:
            self.held_together = max(self.held_together, self.loop.now - self._together_since)
        if not self.stopping:
            self.loop.call_later(60.0, self.watch_holders)

    def settings(self) -> Settings:
        return read(
            _ENVIRONMENT
            | {"MAX_POSTS_PER_DAY": str(self.per_day), "MAX_POSTS_PER_MONTH": "50000", "EXPAND_REFERENCED": "false"}
            | self.more_settings
        )

    def start(self, name: str | None = None, attempt: int = 0) -> Process:
        if name is None:
            self._executions += 1
            name = f"e{self._executions}"
        process = Process(self, name, attempt)
        self.processes.append(process)
        self.loop.spawn(process.run(), process)
        return process

    def search(self, hours: float) -> Search:
        search = Search(self, hours)
        self.searches.append(search)
        self.loop.spawn(search.run(), search)
        return search

    def lift_limit(self) -> None:
        self.per_day = 0
        self.limit_lifted_at = min(self.limit_lifted_at, self.loop.now)

    def kill(self, process: Process, *, ghost: bool = False) -> None:
        if not process.running:
            return
        process.dead = True
        process.ended_at = self.loop.now
        self.x.gone(process, ghost=ghost)
        self.ended(process)

    def ended(self, process: Process) -> None:
        """Cloud Run starts a failed attempt again, three times at the most; Cloud Scheduler starts an execution every 15 minutes."""
        name, attempt, _ = process.name.split("/")
        if isinstance(process.end, Refused) and "bearer token" in str(process.end) and self._secret_is_good():
            self.stopped_for_nothing.append(process)
        failed = process.dead or (process.end is not None and getattr(process.end, "exit_code", 1) != 0)
        if failed and int(attempt) < 3:
            self.loop.call_later(self.rng.uniform(2.0, 20.0), self._again, name, int(attempt) + 1)

    def _secret_is_good(self) -> bool:
        """Return whether the secret's token is X's, and has been for more than a moment."""
        return self.vault.token.value == self.x.token and self.loop.now - self.x.token_since > 3.0

    def schedule(self) -> None:
        """Cloud Scheduler."""
        if not self.stopping:
            if not self.paused and not any(process.running for process in self.processes):
                self.start()
            self.loop.call_later(_SCHEDULER, self.schedule)

    def _again(self, name: str, attempt: int) -> None:
        if not self.stopping and not self.paused:
            self.start(name, attempt)

    def pause_by_person(self) -> None:
        """`./deploy.sh pause`: a row that says so, and SIGTERM."""
        self.paused = True
        at = datetime.fromtimestamp(self.x.now(), UTC)
        self.table.rows[f"pause-{at}"] = (self.loop.now, Event("deploy.sh", at, "stopped", reason="pause"), None)
        for process in self.processes:
            process.tell()

    def fatal_changed(self, before: float, after: float) -> bool:
        """Return whether something that a stop waits for changed between two moments."""
        return any(before < at <= after for at in self.x.mended)

    def holder(self) -> Process | None:
        return next((process for process in self.processes if process.holds), None)

    def current(self) -> Process | None:
        return next((process for process in reversed(self.processes) if process.running), None)

    def calm(self) -> bool:
        """Return whether the stream is held and no gap is open."""
        holder = self.holder()
        if holder is None or holder.ingester is None or holder.publisher.waiting or holder.searched.waiting:
            return False
        return holder.ingester.status.open_gaps == 0

    def run_until(self, moment: float, done: Callable[[], bool] = lambda: False, every: float = 20.0) -> bool:
        """Let virtual time pass up to a moment, or until a condition holds."""

        async def wait() -> bool:
            while self.loop.now < moment:
                if done():
                    return True
                await asyncio.sleep(min(every, moment - self.loop.now))
            return done()

        return self.loop.run_until_complete(wait())

    def close(self) -> None:
        """Take the processes off the loop without running them once more."""
        for owner in [*self.processes, *self.searches]:
            owner.dead = True
        self.loop.close()
