"""X, the ledger and Pub/Sub for a command: one event loop, and failures as errors for a person."""

import asyncio
import os
from collections.abc import Coroutine
from typing import Any, TypeVar

from google.auth.exceptions import GoogleAuthError

from posts.prices import most

from ..backfill import manual
from ..errors import Denied, LedgerFailed, NoLedger, PublishFailed, Refused, Unavailable
from ..ledger.ledger import Ledger
from ..ledger.reservations import Reservations
from ..ledger.store import Store
from ..pubsub.publisher import Publisher
from ..run import SystemClock, first_token, holder_id
from ..settings import Settings
from ..timeouts import Timeouts
from ..x import search
from ..x.bearer import Secret, Tokens
from ..x.client import X
from ..x.http import Http
from ..x.rate_limit import XTime

T = TypeVar("T")

_DRAIN_SECONDS = 60.0
_LEDGER_SECONDS = 30.0
_TIMES = Timeouts()

loop = asyncio.Runner()
clock = SystemClock()
x_time = XTime(clock)  # one for all: X's Date decides which day it is


def connect_x(settings: Settings, times: Timeouts = _TIMES) -> X:
    secret = Secret(settings.secret)
    token = loop.run(first_token(secret))
    return X(Http(settings.x_api_url), Tokens(secret, token), clock, times, x_time)


def answer(question: Coroutine[Any, Any, T]) -> T:
    """Run a request and turn failures into errors for a person, who should not wait for retries."""
    try:
        return loop.run(question)
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
        raise LedgerFailed(f"{error}. Does the dataset exist, and may this account query it?") from None


def open_store(settings: Settings) -> Store:
    return Store(settings.google_cloud_project, settings.bigquery_dataset)


def open_ledger(settings: Settings) -> Ledger:
    return Ledger(open_store(settings), holder_id(os.environ), clock, x_time)


def open_budget(settings: Settings, times: Timeouts = _TIMES) -> tuple[Ledger, Reservations]:
    """Return the ledger, and what may be spent by it. Raises LedgerFailed, also where Google gives no credentials."""
    try:
        ledger = open_ledger(settings)
        return ledger, answer(manual.open_budget(settings, ledger, clock, x_time, times))
    except GoogleAuthError as error:
        raise LedgerFailed(f"Google gives no credentials: {error}") from None


async def with_ledger(ledger: Ledger, work: Coroutine[Any, Any, T]) -> T:
    """Write the ledger's rows while the work goes on."""
    writing = asyncio.get_running_loop().create_task(ledger.run())
    try:
        return await work
    finally:
        writing.cancel()


async def flush(ledger: Ledger) -> None:
    """Write the rows that wait, for half a minute at most."""
    writing = asyncio.get_running_loop().create_task(ledger.run())
    try:
        await ledger.flush(_LEDGER_SECONDS)
    finally:
        writing.cancel()


def drain(publisher: Publisher) -> None:
    """Wait until all is published. Raises PublishFailed."""
    if left := publisher.drain(_DRAIN_SECONDS):
        raise PublishFailed(f"{left} messages were not published within {_DRAIN_SECONDS:.0f} s. Is Pub/Sub reachable?")


def most_units(settings: Settings) -> int:
    return most(authors=settings.expand_authors, referenced=settings.expand_referenced)
