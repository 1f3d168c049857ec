"""Runs the ingester in a process: the real outside world, signals, and a good end.

The way of a post: X ─► x/stream ─► x/consumer ─► pubsub/publisher ─► Pub/Sub, in the stream's thread. Everything that decides runs on
one event loop; wire.py builds it. SIGTERM (Cloud Run gives 10 s) closes the connection at once; a post that is in hand is handed over
first, and what was handed over is published before the process ends.
"""

import asyncio
import os
import random
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from runtime import log
from runtime.bearer_token import SecretUnavailable, Token
from runtime.errors import ConfigurationError, ExpectedError

from . import queued_log, wire
from .errors import Done, PublishFailed
from .ledger.events import Stopped, StopReason
from .ledger.store import Store
from .pubsub.publisher import Publisher
from .settings import Settings
from .stops import BudgetExceeded, StopForNow
from .timeouts import Timeouts
from .wire import ExternalServices, Ingester
from .x import rules
from .x.fields import TweetFields
from .x.http import Http
from .x.rate_limit import ServerClock
from .x.stream import Stream
from .x.tokens import Secret, TokenSource

# of the 10 s between Cloud Run's SIGTERM and SIGKILL; a minute if nobody waits
_DRAIN_SECONDS = 6.0
_FLUSH_SECONDS = 2.5
_UNHURRIED_SECONDS = 60.0
_POLL = 0.02


class StopRequested(Exception):
    """A signal asked us to stop."""


class SystemClock:
    """This machine's clock. `monotonic` goes on while the machine sleeps, where the system has such a clock."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def run(
    settings: Settings, rules_file: Path, times: Timeouts, environ: Mapping[str, str] = os.environ, *, posts: int = 0
) -> None:
    """Hold the stream until a signal (returns) or a reason to stop (raises ExpectedError).

    `posts` ends it after so many, or when so many would cost at the most what has been spent (0: no limit).
    """
    asyncio.run(_run(settings, rules_file, times, environ, posts))


async def _run(settings: Settings, rules_file: Path, times: Timeouts, environ: Mapping[str, str], posts: int) -> None:
    file_rules = rules.read(rules_file)
    secret = Secret(settings.secret)
    token = await first_token(secret)
    shutdown = Shutdown()
    outside = _services(settings, times, environ, secret, shutdown)
    ingester = wire.build(outside, settings, file_rules, token, times, posts=posts)

    def stop() -> None:
        outside.publisher.shorten_deadlines()
        outside.search_publisher.shorten_deadlines()
        shutdown.request()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    totals = queued_log.Totals(
        lambda: {
            "received": ingester.consumer.received,
            "published": outside.publisher.published,
            "dead": outside.publisher.dead,
            "read_again": ingester.refresher.read,
            **ingester.status.totals(),
        }
    )
    logging = loop.create_task(totals.keep_logging())
    try:
        await run_to_the_end(ingester, shutdown)
    finally:
        logging.cancel()
        totals.log()


def _services(
    settings: Settings, times: Timeouts, environ: Mapping[str, str], secret: Secret, shutdown: "Shutdown"
) -> ExternalServices:
    clock = SystemClock()
    server_clock = ServerClock(clock)
    fields = TweetFields()
    publisher, search_publisher = (
        Publisher(settings.topic_path, settings.dead_topic_path, shutdown.request_from_thread, clock.monotonic)
        for _ in range(2)
    )
    return ExternalServices(
        clock=clock,
        server_clock=server_clock,
        random=random.random,
        http=Http(settings.x_api_url),
        stream=Stream(
            settings.x_api_url,
            times,
            clock,
            server_clock,
            authors=settings.expand_authors,
            referenced=settings.expand_referenced,
            fields=fields,
        ),
        store=Store(settings.google_cloud_project, settings.bigquery_dataset),
        publisher=publisher,
        search_publisher=search_publisher,
        tokens=secret,
        holder=holder_id(environ),
        environ=environ,
        fields=fields,
    )


async def run_to_the_end(ingester: Ingester, shutdown: "Shutdown") -> None:
    """Run the ingester until it, a signal or Pub/Sub ends it; then publish what is here and write why.

    Raises the ExpectedError that the process ends with, if it is one.
    """
    outside = ingester.outside
    writing = asyncio.get_running_loop().create_task(ingester.ledger.run())
    stopped = Stopped(StopReason.BUG)
    error: ExpectedError | None = None
    try:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(ingester.run())
                tasks.create_task(shutdown.wait())
                tasks.create_task(_raise_failure(writing))
        except BaseExceptionGroup as group:
            raise _first_cause(group) from group
    except StopRequested:
        stopped = Stopped(StopReason.SIGNAL)
        error = outside.publisher.failure or outside.search_publisher.failure
        log.event("stopping", message=str(error) if error else "told to stop")
    except BudgetExceeded as end:
        stopped, error = end.row, Done(str(end))
    except StopForNow as end:
        stopped, error = end.row, end.error
    except ExpectedError as end:
        stopped, error = Stopped(type(end).__name__, note=str(end)[:500]), end
    finally:
        unpublished = await _finish(ingester, shutdown, stopped)
        writing.cancel()
    if unpublished:
        raise PublishFailed(
            f"{unpublished} posts that X delivered were not published in time. {error or ''} Is Pub/Sub reachable? They are in a gap "
            "of the ledger, and the next start fetches them by search."
        )
    if error is not None:
        raise error


def holder_id(environ: Mapping[str, str]) -> str:
    """Return Cloud Run's execution and attempt, or this host; and something that no other run has."""
    where = environ.get("CLOUD_RUN_EXECUTION") or os.uname().nodename
    return f"{where}/{environ.get('CLOUD_RUN_TASK_ATTEMPT', '0')}/{uuid.uuid4().hex[:8]}"


async def first_token(secret: TokenSource) -> Token:
    """Read the token at start: a person waits, so a secret that is out of reach is said at once. Raises ConfigurationError."""
    try:
        return await secret.read()
    except SecretUnavailable as error:
        raise ConfigurationError(str(error)) from None


class Shutdown:
    """A signal, or a Pub/Sub that has refused for good; made on the loop that it ends."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._requested = asyncio.Event()
        self.requested_at: float | None = None  # by the loop's clock

    def request(self) -> None:
        """Note the first signal. Later ones must not interrupt publishing."""
        if self.requested_at is None:
            self.requested_at = self._loop.time()
            self._requested.set()

    def request_from_thread(self) -> None:
        self._loop.call_soon_threadsafe(self.request)

    async def wait(self) -> None:
        await self._requested.wait()
        raise StopRequested


async def _raise_failure(task: "asyncio.Task[None]") -> None:
    await asyncio.wait([task])
    if not task.cancelled() and (problem := task.exception()) is not None:
        raise problem


def _first_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the one error that ends the process: an unforeseen one if there is any, else one from X or a limit, else a signal."""
    problems: list[BaseException] = []
    todo: list[BaseException] = [group]
    while todo:
        problem = todo.pop(0)
        if isinstance(problem, BaseExceptionGroup):
            todo += problem.exceptions
        else:
            problems.append(problem)
    unforeseen = [
        problem
        for problem in problems
        if not isinstance(problem, (StopRequested, BudgetExceeded, StopForNow, ExpectedError))
    ]
    return min(unforeseen or problems, key=lambda problem: isinstance(problem, StopRequested))


async def _finish(ingester: Ingester, shutdown: Shutdown, stopped: Stopped) -> int:
    """Publish what is here and write why it ended. Returns how many posts could not be published: they are a gap then."""
    publisher = ingester.outside.publisher
    await _wait_until(shutdown, _DRAIN_SECONDS, lambda: publisher.waiting == 0 or publisher.failure is not None)
    unpublished = publisher.waiting
    if unpublished:
        # the row names the oldest unpublished post, where the next start's gap begins
        log.event("unpublished", "ERROR", messages=unpublished)
    ingester.budget.release_ahead()
    ingester.watch.detect_suspend()
    row = ingester.ledger.write(replace(stopped, since=ingester.connection.covered_until()))
    # the next start must know of this stop, so that it does not ask X again
    patience = ingester.times.stopped if stopped.retry_after else _UNHURRIED_SECONDS
    if not await _wait_until(shutdown, _FLUSH_SECONDS, row.settled.is_set, patience):
        log.event("ledger_behind", "WARNING", message="BigQuery has not taken the last rows of ingester_events")
    return unpublished


async def _wait_until(
    shutdown: Shutdown, hurried: float, done: Callable[[], bool], unhurried: float = _UNHURRIED_SECONDS
) -> bool:
    """Wait until `done`, and return whether it was in time: `hurried` seconds after a signal, or `unhurried` seconds without one."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not done():
        limit = began + unhurried if shutdown.requested_at is None else max(began, shutdown.requested_at) + hurried
        if loop.time() > limit:
            return False
        await asyncio.sleep(_POLL)
    return True
