"""The way of a post: X ─► Connection ─► wrap ─► Publisher ─► Pub/Sub, until a signal or a reason to stop.

SIGTERM (Cloud Run gives 10 s) stops the reading at once, even inside a blocking read; a post that is in hand is handed
over first, and what was handed over is published before the process ends. What an ingester does in its life is in `holder`.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from . import bearer, log, rules
from .budget import Budget, Spent
from .errors import Done, IngesterError, PublishFailed
from .holder import Holder, Parts, StoppedByX, holder_id
from .ledger import Ledger
from .message import Line, NotText, wrap
from .publisher import NoRoom, Publisher
from .settings import Settings
from .times import Times

# of the 10 s between Cloud Run's SIGTERM and SIGKILL, or a minute where nobody waits for us
_DRAIN_SECONDS = 6.0
_FLUSH_SECONDS = 2.5
_UNHURRIED_SECONDS = 60.0


class Told(SystemExit):
    """A signal asked us to stop."""


class BudgetSpent(Exception):
    """The user's own limit is reached."""

    def __init__(self, spent: Spent) -> None:
        super().__init__(
            f"MAX_POSTS_PER_{spent.period.upper()} is reached: {spent.units:,} of {spent.limit:,} units, each a post's price. The "
            f"stream is left until {spent.until:%F %H:%M} UTC. To have more, raise the limit and start again."
        )
        self.spent = spent


class _Hand:
    """Takes each line from the connection to the publisher, and is never interrupted between the two."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._holding = False
        self.told_at: float | None = None  # when a signal came
        self.closing = False  # what is here is being published: nothing may interrupt that
        self.budget: Budget | None = None
        self.received = 0

    def take(self, raw: bytes, line: Line) -> None:
        self._holding = True
        spent = None
        try:
            self.received += 1
            try:
                self._publisher.publish(wrap(raw, line.id, time.time_ns() // 1_000, "stream"))
            except NotText as error:
                self._publisher.bury(raw, "stream", f"not UTF-8: {error}")
            if line.id and self.budget is not None:
                spent = self.budget.add(line.billed)
        except NoRoom:
            pass  # only after a signal; the post that is in hand lies in the gap that begins with the oldest unpublished one
        finally:
            self._holding = False
        if self.told_at is not None:
            raise Told(0)
        if spent is not None:
            raise BudgetSpent(spent)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.told_at is not None:
            return  # a second one must not interrupt the publishing of what is here
        self.told_at = time.monotonic()
        self._publisher.hurry()
        if not self._holding and not self.closing:
            raise Told(0)


def run(settings: Settings, rules_file: Path, times: Times, environ: Mapping[str, str] = os.environ) -> None:
    """Hold the stream until a signal (returns) or a reason to stop (raises IngesterError)."""
    our_rules = rules.read(rules_file)
    token = bearer.read(settings)
    # whoever reads a quiet stream would not notice that Pub/Sub has refused for good
    published, searched = (
        Publisher(settings.topic_path, settings.dead_topic_path, failed=_end_reading) for _ in range(2)
    )
    hand = _Hand(published)
    signal.signal(signal.SIGTERM, hand.on_signal)
    signal.signal(signal.SIGINT, hand.on_signal)
    ledger = Ledger(settings.google_cloud_project, settings.bigquery_dataset, holder_id(environ))
    holder = Holder(Parts(settings, times, our_rules, token, ledger, published, searched, environ), hand.take)
    totals = log.Totals(lambda: _totals(hand, published, holder))
    stopped: dict[str, Any] = {"reason": "bug"}
    error: IngesterError | None = None
    try:
        hand.budget = holder.prepare()
        holder.hold_on()
    except Told:
        stopped = {"reason": "told"}
        error = published.failure or searched.failure
        log.event("stopping", message=str(error) if error else "told to stop")
    except BudgetSpent as end:
        stopped = {"reason": "budget", "retry_after": end.spent.until, "note": str(end)}
        error = Done(str(end))
    except StoppedByX as end:
        stopped, error = end.row, end.error
    except IngesterError as end:
        stopped, error = {"reason": type(end).__name__, "note": str(end)[:500]}, end
    finally:
        hand.closing = True
        left = _finish(hand, published, ledger, holder, stopped)
        totals.stop()
    if left:
        raise PublishFailed(
            f"{left} posts that X delivered were not published in time. {error or ''} Is Pub/Sub reachable? They are in a gap "
            "of the ledger, and the next start fetches them by search."
        )
    if error is not None:
        raise error


def _finish(hand: _Hand, publisher: Publisher, ledger: Ledger, holder: Holder, stopped: dict[str, Any]) -> int:
    """Publish what is here and write why it ended. Returns how many posts could not be published: they are a gap then."""
    _within(hand, _DRAIN_SECONDS, lambda: publisher.drain(0.1) == 0 or publisher.failure is not None)
    left = publisher.drain(0.0)
    if left:
        log.event("unpublished", "ERROR", messages=left)
        holder.leave_open(datetime.now(UTC))
    ledger.write("stopped", since=holder.held_until(), **stopped)
    if not _within(hand, _FLUSH_SECONDS, lambda: ledger.flush(0.1)):
        log.event("ledger_behind", "WARNING", message="BigQuery has not taken the last rows of ingester_events")
    return left


def _within(hand: _Hand, hurried: float, done: Callable[[], bool]) -> bool:
    """Whether it is done in so many seconds after a signal came, or in a minute where none does."""
    began = time.monotonic()
    while not done():
        limit = began + _UNHURRIED_SECONDS if hand.told_at is None else max(began, hand.told_at) + hurried
        if time.monotonic() > limit:
            return False
    return True


def _end_reading() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _totals(hand: _Hand, publisher: Publisher, holder: Holder) -> dict[str, int]:
    return {"received": hand.received, "published": publisher.published, "dead": publisher.dead, **holder.totals()}
