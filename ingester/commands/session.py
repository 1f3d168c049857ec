"""What a command works with: one server clock, X, the ledger, the budget. Failures are errors for a person, who waits for no retries."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from google.auth.exceptions import GoogleAuthError

from posts.prices import most

from ..budget import Budget
from ..errors import Denied, LedgerFailed, NoLedger, PublishFailed, Refused, Unavailable
from ..ledger.ledger import Ledger
from ..ledger.reservations import Reservations
from ..ledger.store import Store
from ..ledger.units import tally
from ..ports import Clock
from ..pubsub.publisher import Publisher
from ..run import SystemClock, first_token, holder_id
from ..settings import Settings
from ..threads import in_thread
from ..timeouts import Timeouts
from ..x import search
from ..x.client import X
from ..x.http import Http
from ..x.rate_limit import ServerClock
from ..x.tokens import Secret, Tokens

T = TypeVar("T")

_DRAIN_SECONDS = 60.0
_LEDGER_SECONDS = 30.0


class Interrupted(Exception):
    """The person pressed Ctrl-C, or the process was told to end."""


@dataclass(frozen=True, slots=True)
class Session:
    """The parts of one command. X's Date, in any of its answers, decides which day it is."""

    settings: Settings
    times: Timeouts
    clock: Clock
    server_clock: ServerClock

    async def connect_x(self) -> X:
        """Read the token, and return X. Raises ConfigurationError."""
        secret = Secret(self.settings.secret)
        tokens = Tokens(secret, await first_token(secret))
        return X(Http(self.settings.x_api_url), tokens, self.clock, self.times, self.server_clock)

    def store(self) -> Store:
        return Store(self.settings.google_cloud_project, self.settings.bigquery_dataset)

    def ledger(self, budget: Budget | None = None) -> Ledger:
        return Ledger(self.store(), holder_id(os.environ), self.clock, self.server_clock, budget)

    async def open_budget(self) -> tuple[Ledger, Reservations]:
        """Return the ledger, whose rows carry this program's part from now on, and what may be spent. Raises LedgerFailed."""
        limits = self.settings.max_posts_per_day, self.settings.max_posts_per_month
        budget = Budget(*limits, None, self.server_clock.now)
        try:
            ledger = self.ledger(budget)
            budget.merge(tally(await ledger.store.units(), ledger.holder, self.server_clock.now()))
        except GoogleAuthError as error:
            raise LedgerFailed(f"Google gives no credentials: {error}") from None
        except NoLedger as error:
            raise LedgerFailed(_no_ledger(error)) from None
        return ledger, Reservations(budget, ledger, self.clock, self.server_clock, self.times)

    @property
    def most_units(self) -> int:
        """Return the most units that one post can cost."""
        return most(authors=self.settings.expand_authors, referenced=self.settings.expand_referenced)


def open_session(settings: Settings, times: Timeouts) -> Session:
    clock = SystemClock()
    return Session(settings, times, clock, ServerClock(clock))


def run(command: Coroutine[Any, Any, int]) -> int:
    """Run a command, and return its exit code. Raises ExpectedError."""
    return asyncio.run(_as_refused(command))


async def _as_refused(command: Awaitable[int]) -> int:
    try:
        return await command
    except Denied as error:
        raise Refused(f"X refuses: {error}") from None
    except Unavailable as error:
        wait = f" in {error.reset_in:.0f} s" if error.reset_in else " in a minute"
        raise Refused(f"X does not answer: {error}. Try again{wait}.") from None
    except search.QueryRefused as error:
        raise Refused(f"X does not take the query: {error}.") from None
    except search.NoArchive as error:
        raise Refused(
            f"X does not let this app search the full archive: {error}. Pay-per-use apps may; recent search knows the last seven days."
        ) from None
    except NoLedger as error:
        raise LedgerFailed(_no_ledger(error)) from None


def _no_ledger(error: NoLedger) -> str:
    return f"{error}. Does the dataset exist, and may this account query it?"


@asynccontextmanager
async def writing_ledger(ledger: Ledger) -> AsyncIterator[None]:
    """Write the ledger's rows within the block; at its end those that wait, for half a minute at most."""
    task = asyncio.get_running_loop().create_task(ledger.run())
    try:
        yield
    finally:
        await ledger.flush(_LEDGER_SECONDS)
        task.cancel()


async def until_interrupted(work: Coroutine[Any, Any, T]) -> T:
    """Return what the work returns. Raises Interrupted on Ctrl-C and SIGTERM; what the command does after that is not interrupted."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise Interrupted from None


async def drain(publisher: Publisher) -> None:
    """Wait until all is published. Raises PublishFailed."""
    if unpublished := await in_thread(publisher.drain, _DRAIN_SECONDS, seconds=2 * _DRAIN_SECONDS):
        raise PublishFailed(
            f"{unpublished} messages were not published within {_DRAIN_SECONDS:.0f} s. Is Pub/Sub reachable?"
        )
