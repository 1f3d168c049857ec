"""The reports on many rows in the embedded BigQuery: seconds a question, and what the whole program takes and needs."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from google.cloud import bigquery

from local.emulators.bigquery import create as tables
from local.pipeline import DATASET
from reports import demo, query, questions
from reports.params import Params
from reports.query import Source

from .rivals import ROOT

_DAYS = 28
_MADE = 20_000  # posts that are different; the rest are these with other ids and authors
_LOOKS = 5  # refreshes of the live page
_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Answered:
    """Seconds of one question, and its rows."""

    name: str
    seconds: float
    rows: int


@dataclass(frozen=True, slots=True)
class Whole:
    """`python -m reports` from its start to its files; memory is its own, not the engine's."""

    seconds: float
    mebibytes: float


@contextmanager
def filled(client: bigquery.Client, rows: int, say: Callable[[str], None]) -> Iterator[Source]:
    """A dataset with about as many rows in tweet_versions, and in archive and filtered what belongs to them."""
    tables.create(client, DATASET)
    source = Source(client, DATASET)
    say("making posts")
    demo.fill(source, demo.make(_MADE, _DAYS, datetime.now(UTC)))
    made = _count(source, "SELECT COUNT(*) AS n FROM tweet_versions")
    copies = max(rows // made - 1, 0)
    # another id of the same millisecond, so that ids and times still agree
    shifted = "CAST(CAST(t.id AS INT64) + n AS STRING) AS id"
    changed = {
        "tweet_versions": f"{shifted}, CONCAT(user_id, CAST(n AS STRING)) AS user_id",
        "archive": f"{shifted}, CONCAT(message_id, '-', CAST(n AS STRING)) AS message_id",
        "filtered": shifted,
    }
    for table, columns in changed.items() if copies else ():
        say(f"{copies + 1} times the rows of {table}")
        numbers = f"UNNEST(GENERATE_ARRAY(1, {copies})) AS n"
        query.query(
            source, f"INSERT INTO {table} SELECT t.* REPLACE ({columns}) FROM {table} AS t CROSS JOIN {numbers}", {}
        )
    yield source


def count(source: Source) -> int:
    return _count(source, "SELECT COUNT(*) AS n FROM tweet_versions")


def answer_all(source: Source, say: Callable[[str], None]) -> Iterator[Answered]:
    now = datetime.now(UTC)
    asked = Params(now - timedelta(days=_DAYS), now, "America/New_York")
    for name in questions.NAMES:
        say(name)
        began = time.monotonic()
        rows = query.answer(source, questions.read(name), asked)
        yield Answered(name, time.monotonic() - began, len(rows))


def look(source: Source) -> list[float]:
    """Seconds of each refresh of the live page."""
    question, seconds = questions.read("live/now"), []
    for _ in range(_LOOKS):
        began = time.monotonic()
        query.query(source, question.sql, {"now": ("TIMESTAMP", datetime.now(UTC)), "seconds": ("INT64", 60)})
        seconds.append(time.monotonic() - began)
    return seconds


def run_whole(folder: Path) -> Whole:
    """The program as a person runs it. Raises CalledProcessError."""
    command = [sys.executable, "-m", "reports", "--timezone", "America/New_York", "--results", str(folder / "results")]
    began = time.monotonic()
    with (folder / "reports.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise subprocess.CalledProcessError(code, command, output=(folder / "reports.log").read_text()[-2_000:])
    return Whole(time.monotonic() - began, used.ru_maxrss / 1024)


def _count(source: Source, sql: str) -> int:
    rows, _ = query.query(source, sql, {})
    return int(rows[0]["n"])
