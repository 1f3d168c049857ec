"""The only parts list: builds every object of the ingester, complete. `run.py` passes in the real outside world, tests/simulation another.

X ─► stream ─► consumer ─► publisher ─► Pub/Sub            budget counts each post, watermark says up to when all is published
                  │
connection loop ──┤ watch: stalls, suspends     poller: rules, account     lease: one holder     gaps ─► backfill ─► publisher
                  │
status ─► heartbeat ─► ledger
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from posts import prices
from runtime import log
from runtime.bearer_token import Token

from .backfill.model import BackfillContext
from .backfill.worker import Worker
from .budget import Budget
from .connection_loop import ConnectionLoop, Stream
from .ledger.event_store import EventStore
from .ledger.gaps import Gaps
from .ledger.heartbeat import Heartbeat
from .ledger.lease import Lease, StaleConnections
from .ledger.ledger import Ledger
from .ledger.reservations import Reservations
from .ports import Clock, Http, Random
from .pubsub.publishing import MessagePublisher
from .refresh import Plan, Refresher
from .settings import Settings
from .stall import StallDetector
from .startup import Startup
from .status import StatusView
from .stops import Stops
from .timeouts import Timeouts
from .watermark import PublishWatermark
from .x.client import X
from .x.consumer import StreamConsumer
from .x.fields import TweetFields
from .x.poller import XPoller
from .x.rate_limit import CLEARS, RateLimiter, ServerClock
from .x.rules import Rule
from .x.rules_in_force import RulesInForce
from .x.tokens import Tokens, TokenSource


@dataclass(frozen=True, slots=True)
class CheckIntervals:
    """How often the held stream is looked at, and how late a look may come until this process counts as paused; in seconds."""

    every: float = 0.5
    late: float = 1.5


@dataclass(frozen=True, slots=True)
class ExternalServices:
    """The outside world. `publisher` takes what the stream brings, `search_publisher` what search gives."""

    clock: Clock
    server_clock: ServerClock
    random: Random
    http: Http
    stream: Stream
    store: EventStore
    publisher: MessagePublisher
    search_publisher: MessagePublisher
    tokens: TokenSource
    holder: str  # this run's name in the ledger
    environ: Mapping[str, str]
    intervals: CheckIntervals = CheckIntervals()
    fields: TweetFields = field(default_factory=TweetFields)


@dataclass(frozen=True, slots=True)
class Ingester:
    """The parts that are tasks, or that whoever ends the process needs."""

    outside: ExternalServices
    times: Timeouts
    budget: Budget
    ledger: Ledger
    consumer: StreamConsumer
    watch: StallDetector
    connection: ConnectionLoop
    status: StatusView
    heartbeat: Heartbeat
    startup: Startup
    lease: Lease
    poller: XPoller
    backfill: Worker
    reservations: Reservations
    refresher: Refresher

    async def run(self) -> None:
        """Hold the stream until there is a reason not to: raises Done, StopForNow, BudgetExceeded, ExpectedError."""
        async with asyncio.TaskGroup() as tasks:
            await self.startup.announce()
            tasks.create_task(self.heartbeat.run())
            start = await self.startup.run()
            tasks.create_task(self.reservations.keep_ahead())
            tasks.create_task(self.poller.run())
            tasks.create_task(self.watch.run(start.usual_pause))
            tasks.create_task(self.lease.watch_for_newer(lambda: self.connection.connected_since))
            tasks.create_task(self.backfill.run(start.accounted_until))
            tasks.create_task(self.refresher.run())
            await self.connection.hold(start)


def build(
    outside: ExternalServices,
    settings: Settings,
    rules: Sequence[Rule],
    token: Token,
    times: Timeouts,
    *,
    posts: int = 0,
) -> Ingester:
    """Build the ingester. `rules` are the file's.

    `posts` ends it after so many, or when so many would cost what has been spent (0: never).
    """
    clock, server_clock = outside.clock, outside.server_clock
    most = prices.most(authors=settings.expand_authors, referenced=settings.expand_referenced)
    budget = Budget(
        settings.max_posts_per_day, settings.max_posts_per_month, None, server_clock.now, per_run=posts * most
    )
    ledger = Ledger(outside.store, outside.holder, clock, server_clock, budget)
    reservations = Reservations(budget, ledger, clock, server_clock, times)
    tokens = Tokens(outside.tokens, token)
    x = X(outside.http, tokens, clock, times, server_clock, fields=outside.fields)
    in_force = RulesInForce(x, list(rules), clock)
    gaps = Gaps(ledger, in_force, server_clock)
    lease = Lease(ledger, clock, server_clock, times, outside.environ)
    stale = StaleConnections(x, RateLimiter(CLEARS, times.window), clock)
    consumer = StreamConsumer(outside.publisher, clock, budget, times.silence, most_units=most, most_posts=posts)
    watch = StallDetector(
        outside.stream, consumer, clock, times, every=outside.intervals.every, late=outside.intervals.late
    )
    backfill = Worker(
        BackfillContext(
            x=x,
            publisher=outside.search_publisher,
            store=outside.store,
            reservations=reservations,
            times=times,
            clock=clock,
            server_clock=server_clock,
            began=server_clock.now(),
            authors=settings.expand_authors,
            referenced=settings.expand_referenced,
            stream_publisher=outside.publisher,
            rule_values=in_force.values,
            delivered=lambda: list(consumer.recent),
            connected_since=lambda: server_clock.at(watch.connected_since) if watch.is_connected else None,
        ),
        ledger,
    )
    poller = XPoller(
        x=x, rules=in_force, watch=watch, reservations=reservations, times=times, clock=clock, server_clock=server_clock
    )
    stops = Stops(rules, server_clock, times)
    connection = ConnectionLoop(
        stream=outside.stream,
        consumer=consumer,
        watermark=PublishWatermark(outside.publisher, consumer, server_clock),
        tokens=tokens,
        rules=in_force,
        gaps=gaps,
        ledger=ledger,
        lease=lease,
        stale=stale,
        backfill=backfill,
        watch=watch,
        poller=poller,
        stops=stops,
        fields=outside.fields,
        times=times,
        clock=clock,
        server_clock=server_clock,
        random=outside.random,
    )
    status = StatusView(connection, gaps, backfill, poller, consumer, budget, clock, server_clock)
    startup = Startup(
        ledger=ledger,
        lease=lease,
        budget=budget,
        tokens=tokens,
        rules=in_force,
        gaps=gaps,
        stale=stale,
        poller=poller,
        stops=stops,
        times=times,
        clock=clock,
        server_clock=server_clock,
    )
    log.event("started", holder=ledger.holder, rules=len(rules), x_api_url=settings.x_api_url)
    return Ingester(
        outside=outside,
        times=times,
        budget=budget,
        ledger=ledger,
        consumer=consumer,
        watch=watch,
        connection=connection,
        status=status,
        heartbeat=Heartbeat(ledger, budget, times, watch.detect_suspend, status.status),
        startup=startup,
        lease=lease,
        poller=poller,
        backfill=backfill,
        reservations=reservations,
        refresher=Refresher(
            Plan(settings.refresh_after, settings.refresh_share, settings.refresh_max_per_day),
            x=x,
            ledger=ledger,
            reservations=reservations,
            publisher=outside.search_publisher,
            times=times,
            clock=clock,
            server_clock=server_clock,
        ),
    )
