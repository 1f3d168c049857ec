"""The way of a post: X ─► Connection ─► wrap ─► Publisher ─► Pub/Sub, until a signal or a reason to stop.

SIGTERM (Cloud Run gives 10 s) stops the reading at once, even inside a blocking read; a post that is in hand is handed
over first, and what was handed over is published before the process exits 0.
"""

import os
import signal
import time
from pathlib import Path
from types import FrameType

import requests
import tweepy

from . import log, policy, rules, token
from .connection import Connection
from .errors import PublishFailed, Refused
from .message import NotText, wrap
from .publisher import Publisher
from .settings import Settings

DRAIN_SECONDS = 8.0  # of the 10 s between Cloud Run's SIGTERM and SIGKILL


class Told(SystemExit):
    """A signal asked us to stop."""


class _Hand:
    """Takes each line from the connection to the publisher, and is never interrupted between the two."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._holding = False
        self._told = False
        self.received = 0

    def take(self, raw: bytes, post_id: str) -> None:
        self._holding = True
        try:
            self.received += 1
            try:
                self._publisher.publish(wrap(raw, post_id, time.time_ns() // 1_000, "stream"))
            except NotText as error:
                self._publisher.bury(raw, "stream", f"not UTF-8: {error}")
        finally:
            self._holding = False
        if self._told:
            raise Told(0)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        self._told = True
        if not self._holding:
            raise Told(0)


def run(settings: Settings, rules_file: Path) -> None:
    """Hold the stream until a signal (returns) or a reason to stop (raises IngesterError)."""
    our_rules = rules.read(rules_file)
    bearer = token.read(settings)
    publisher = Publisher(settings.topic_path, settings.dead_topic_path)
    hand = _Hand(publisher)
    totals = log.Totals(lambda: {"received": hand.received, "published": publisher.published, "dead": publisher.dead})
    connection = Connection(bearer, settings.x_api_url, hand.take)
    signal.signal(signal.SIGTERM, hand.on_signal)
    signal.signal(signal.SIGINT, hand.on_signal)
    log.event("started", rules=len(our_rules), x_api_url=settings.x_api_url, pid=os.getpid())
    try:
        _hold_on(connection, our_rules, settings)
    except Told:
        log.event("stopping", message="told to stop")
    finally:
        left = publisher.drain(DRAIN_SECONDS)
        totals.stop()
        if left:
            log.event("unpublished", "ERROR", messages=left)
    if left:
        raise PublishFailed(
            f"{left} posts that X delivered were not published within {DRAIN_SECONDS:.0f} s. Is Pub/Sub reachable? "
            "They are missing from the topic; recent search has them for 7 days."
        )


def _hold_on(connection: Connection, our_rules: list[tweepy.StreamRule], settings: Settings) -> None:
    failures = 0
    while True:
        ended = connection.hold(expand_authors=settings.expand_authors, connected=lambda: log.event("connected"))
        failures = 0 if policy.is_good(ended) else failures
        action = policy.decide(ended, failures)
        told = {"reason": ended.reason, "held": round(ended.held, 1), "action": type(action).__name__}
        log.event("disconnected", "WARNING", message=f"The connection to X ended: {ended.reason}", **told)
        match action:
            case policy.Stop(message):
                raise Refused(message)
            case policy.InstallRules():
                _install(connection, our_rules, failures)
            case policy.Wait(seconds):
                time.sleep(seconds)
        failures += 1


def _install(connection: Connection, our_rules: list[tweepy.StreamRule], failures: int) -> None:
    """X is slow to see new rules (20 s), so a second 409 may follow: wait longer each time."""
    try:
        rules.install(connection, our_rules)
    except requests.RequestException as error:
        log.event("rules_failed", "WARNING", message=f"{type(error).__name__}: {error}"[:300])
    time.sleep(min(20.0, 1.0 * 2.0**failures) if failures else 0.0)
