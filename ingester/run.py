"""Wires the parts, and ends the process well.

The way of a post: X ─► x/stream ─► x/reception ─► pubsub/publisher ─► Pub/Sub, in the stream's thread. Everything that decides runs on
one event loop. SIGTERM (Cloud Run gives 10 s) closes the connection at once; a post that is in hand is handed over first, and what was
handed over is published before the process ends.
"""

import asyncio
import os
import random
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from posts import prices
from runtime import log
from runtime.bearer_token import SecretUnavailable, Token
from runtime.errors import ConfigurationError, ExpectedError

from . import queued_log
from .errors import Done, PublishFailed
from .ledger.ledger import Ledger
from .ledger.store import Store
from .parts import BudgetSpent, Parts, StoppedByX
from .pubsub.publisher import Publisher
from .settings import Settings
from .supervisor import Supervisor
from .timeouts import Timeouts
from .x import rules
from .x.bearer import Secret
from .x.fields import TweetFields
from .x.http import Http
from .x.rate_limit import XTime
from .x.reception import Reception
from .x.stream import Stream

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
    ours = rules.read(rules_file)
    secret = Secret(settings.secret)
    token = await first_token(secret)
    ending = Ending()
    clock = SystemClock()
    x_time = XTime(clock)
    published, searched = (
        Publisher(settings.topic_path, settings.dead_topic_path, ending.from_thread, clock.monotonic) for _ in range(2)
    )
    fields = TweetFields()
    most = prices.most(authors=settings.expand_authors, referenced=settings.expand_referenced)
    reception = Reception(published, clock.time, clock.monotonic, times.silence, most_units=most, most_posts=posts)
    parts = Parts(
        settings=settings,
        times=times,
        rules=ours,
        token=token,
        environ=environ,
        clock=clock,
        random=random.random,
        x_time=x_time,
        http=Http(settings.x_api_url),
        stream=Stream(
            settings.x_api_url,
            times,
            clock,
            x_time,
            authors=settings.expand_authors,
            referenced=settings.expand_referenced,
            fields=fields,
        ),
        fields=fields,
        reception=reception,
        published=published,
        searched=searched,
        ledger=Ledger(
            Store(settings.google_cloud_project, settings.bigquery_dataset), holder_id(environ), clock, x_time
        ),
        secret=secret,
        most_units=posts * most,
    )

    def hurry() -> None:
        published.hurry()
        searched.hurry()
        ending.tell()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, hurry)
    supervisor = Supervisor(parts)
    totals = queued_log.Totals(
        lambda: {
            "received": reception.received,
            "published": published.published,
            "dead": published.dead,
            **supervisor.totals(),
        }
    )
    telling = loop.create_task(totals.keep_telling())
    try:
        await live(supervisor, parts, ending)
    finally:
        telling.cancel()
        totals.tell()


async def live(supervisor: Supervisor, parts: Parts, ending: "Ending") -> None:
    """Run the supervisor until it, a signal or Pub/Sub ends it; then publish what is here and write why.

    Raises the ExpectedError that the process ends with, if it is one.
    """
    writing = asyncio.get_running_loop().create_task(parts.ledger.run())
    stopped: dict[str, Any] = {"reason": "bug"}
    error: ExpectedError | None = None
    try:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(supervisor.run())
                tasks.create_task(ending.wait())
                tasks.create_task(_unless_it_fails(writing))
        except BaseExceptionGroup as group:
            raise _reason(group) from group
    except StopRequested:
        stopped = {"reason": "told"}
        error = parts.published.failure or parts.searched.failure
        log.event("stopping", message=str(error) if error else "told to stop")
    except BudgetSpent as end:
        reason = "posts" if end.spent.period == "run" else "budget"
        stopped = {"reason": reason, "retry_after": end.spent.until, "note": str(end)}
        error = Done(str(end))
    except StoppedByX as end:
        stopped, error = end.row, end.error
    except ExpectedError as end:
        stopped, error = {"reason": type(end).__name__, "note": str(end)[:500]}, end
    finally:
        left = await _finish(supervisor, parts, ending, stopped)
        writing.cancel()
    if left:
        raise PublishFailed(
            f"{left} posts that X delivered were not published in time. {error or ''} Is Pub/Sub reachable? They are in a gap "
            "of the ledger, and the next start fetches them by search."
        )
    if error is not None:
        raise error


def holder_id(environ: Mapping[str, str]) -> str:
    """Return Cloud Run's execution and attempt, or this host; and something that no other run has."""
    where = environ.get("CLOUD_RUN_EXECUTION") or os.uname().nodename
    return f"{where}/{environ.get('CLOUD_RUN_TASK_ATTEMPT', '0')}/{uuid.uuid4().hex[:8]}"


async def first_token(secret: Secret) -> Token:
    """Read the token at start: a person waits, so a secret that is out of reach is said at once. Raises ConfigurationError."""
    try:
        return await secret.read()
    except SecretUnavailable as error:
        raise ConfigurationError(str(error)) from None


class Ending:
    """A signal, or a Pub/Sub that has refused for good; made on the loop that it ends."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()
        self.told_at: float | None = None  # by the loop's clock

    def tell(self) -> None:
        """Note the first signal. Later ones must not interrupt publishing."""
        if self.told_at is None:
            self.told_at = self._loop.time()
            self._told.set()

    def from_thread(self) -> None:
        self._loop.call_soon_threadsafe(self.tell)

    async def wait(self) -> None:
        await self._told.wait()
        raise StopRequested


async def _unless_it_fails(task: "asyncio.Task[None]") -> None:
    await asyncio.wait([task])
    if not task.cancelled() and (problem := task.exception()) is not None:
        raise problem


def _reason(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the one error that ends the process. Several at once: what X or a person said counts before what nobody foresaw."""
    found: list[BaseException] = []
    todo: list[BaseException] = [group]
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseExceptionGroup):
            todo += one.exceptions
        else:
            found.append(one)
    unforeseen = [one for one in found if not isinstance(one, (StopRequested, BudgetSpent, StoppedByX, ExpectedError))]
    return min(unforeseen or found, key=lambda one: isinstance(one, StopRequested))


async def _finish(supervisor: Supervisor, parts: Parts, ending: Ending, stopped: dict[str, Any]) -> int:
    """Publish what is here and write why it ended. Returns how many posts could not be published: they are a gap then."""
    published = parts.published
    await _within(ending, _DRAIN_SECONDS, lambda: published.waiting == 0 or published.failure is not None)
    left = published.waiting
    if left:
        # the row names the oldest unpublished post, where the next start's gap begins
        log.event("unpublished", "ERROR", messages=left)
    if parts.ledger.budget is not None:
        parts.ledger.budget.release_ahead()
    row = parts.ledger.write("stopped", since=supervisor.held_until(), **stopped)
    # the next start must know of this stop, so that it does not ask X again
    patience = parts.times.stopped if stopped.get("retry_after") else _UNHURRIED_SECONDS
    if not await _within(ending, _FLUSH_SECONDS, row.settled.is_set, patience):
        log.event("ledger_behind", "WARNING", message="BigQuery has not taken the last rows of ingester_events")
    return left


async def _within(
    ending: Ending, hurried: float, done: Callable[[], bool], unhurried: float = _UNHURRIED_SECONDS
) -> bool:
    """Return whether it is done in so many seconds after a signal came, or in a minute or more where none does."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not done():
        limit = began + unhurried if ending.told_at is None else max(began, ending.told_at) + hurried
        if loop.time() > limit:
            return False
        await asyncio.sleep(_POLL)
    return True
