"""The way of a post: X ─► Connection ─► wrap ─► Publisher ─► Pub/Sub, until a signal or a reason to stop.

SIGTERM (Cloud Run gives 10 s) stops the reading at once, even inside a blocking read; a post that is in hand is handed
over first, and what was handed over is published before the process ends. What an ingester does in its life is in `holder`.
"""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from . import log, rules, token
from .budget import Budget, Spent
from .errors import Done, IngesterError, PublishFailed
from .holder import Holder, Parts, StoppedByX, holder_id
from .ledger import Ledger
from .message import Line, NotText, wrap
from .publisher import Publisher
from .settings import Settings
from .times import Times

# of the 10 s between Cloud Run's SIGTERM and SIGKILL
_DRAIN_SECONDS = 6.0
_FLUSH_SECONDS = 2.5


class Told(SystemExit):
    """A signal asked us to stop."""


class BudgetSpent(Exception):
    """The user's own limit is reached."""

    def __init__(self, spent: Spent) -> None:
        super().__init__(
            f"MAX_POSTS_PER_{spent.period.upper()} is reached: {spent.units:,} of {spent.limit:,} posts. The stream is left "
            f"until {spent.until:%F %H:%M} UTC. To have more, raise the limit and start again."
        )
        self.spent = spent


class _Hand:
    """Takes each line from the connection to the publisher, and is never interrupted between the two."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._holding = False
        self._told = False
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
                spent = self.budget.add(1, line.authors)
        finally:
            self._holding = False
        if self._told:
            raise Told(0)
        if spent is not None:
            raise BudgetSpent(spent)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        self._told = True
        if not self._holding:
            raise Told(0)


def run(settings: Settings, rules_file: Path, times: Times, environ: Mapping[str, str] = os.environ) -> None:
    """Hold the stream until a signal (returns) or a reason to stop (raises IngesterError)."""
    our_rules = rules.read(rules_file)
    bearer = token.read(settings)
    publisher = Publisher(settings.topic_path, settings.dead_topic_path)
    searched = Publisher(settings.topic_path, settings.dead_topic_path)
    hand = _Hand(publisher)
    signal.signal(signal.SIGTERM, hand.on_signal)
    signal.signal(signal.SIGINT, hand.on_signal)
    ledger = Ledger(settings.google_cloud_project, settings.bigquery_dataset, holder_id(environ))
    holder = Holder(Parts(settings, times, our_rules, bearer, ledger, searched, environ), hand.take)
    totals = log.Totals(lambda: _totals(hand, publisher, holder))
    stopped: dict[str, Any] = {"reason": "told"}
    try:
        hand.budget = holder.prepare()
        holder.hold_on()
    except Told:
        log.event("stopping", message="told to stop")
    except BudgetSpent as end:
        stopped = {"reason": "budget", "retry_after": end.spent.until, "note": str(end)}
        raise Done(str(end)) from None
    except StoppedByX as end:
        stopped = end.row
        raise end.error from None
    except IngesterError as error:
        stopped = {"reason": type(error).__name__, "note": str(error)[:500]}
        raise
    finally:
        left = publisher.drain(_DRAIN_SECONDS)
        ledger.write("stopped", since=holder.held_until(), **stopped)
        if not ledger.flush(_FLUSH_SECONDS):
            log.event("ledger_behind", "WARNING", message="BigQuery has not taken the last rows of ingester_events")
        totals.stop()
        if left:
            log.event("unpublished", "ERROR", messages=left)
    if left:
        raise PublishFailed(
            f"{left} posts that X delivered were not published within {_DRAIN_SECONDS:.0f} s. Is Pub/Sub reachable? "
            "They are missing from the topic; the next start fetches them by search."
        )


def _totals(hand: _Hand, publisher: Publisher, holder: Holder) -> dict[str, int]:
    return {"received": hand.received, "published": publisher.published, "dead": publisher.dead, **holder.totals()}
