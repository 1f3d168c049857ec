"""The reports on many rows in the embedded BigQuery: seconds for each question, and time and memory of the whole program."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from google.cloud import bigquery

from demo import load, posts
from local.emulators.bigquery import create as tables
from local.pipeline import DATASET
from reports import query, questions
from reports.errors import ReportError
from reports.params import Params
from reports.query import Source

from .rivals import ROOT

_DAYS = 28
_DISTINCT_POSTS = 20_000  # posts that are different; the rest are these with other ids and authors
_COPIES_AT_ONCE = 50  # a million rows, so that the engine's memory suffices
_REFRESHES = 5  # refreshes of the live page
_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Answered:
    """Seconds of one question, and its rows, or why it failed: at many rows for want of time or memory."""

    name: str
    seconds: float
    rows: int
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """`python -m reports` from its start to its files; memory is its own, not the engine's. `failed` is why it made none."""

    seconds: float
    mebibytes: float
    failed: str = ""


@contextmanager
def filled(client: bigquery.Client, rows: int, say: Callable[[str], None]) -> Iterator[Source]:
    """Yield a dataset with about so many rows in tweet_versions, and what belongs to them in archive and filtered."""
    tables.create(client, DATASET)
    source = Source(client, DATASET)
    say("making posts")
    load.fill(client, DATASET, posts.make(_DISTINCT_POSTS, _DAYS, datetime.now(UTC)))
    generated = _count(source, "SELECT COUNT(*) AS n FROM tweet_versions")
    copies = max(rows // generated - 1, 0)
    # another id of the same millisecond, so that ids and times still agree
    shifted = "CAST(CAST(t.id AS INT64) + n AS STRING) AS id"
    changed = {
        "tweet_versions": f"{shifted}, CONCAT(user_id, CAST(n AS STRING)) AS user_id",
        "archive": f"{shifted}, CONCAT(message_id, '-', CAST(n AS STRING)) AS message_id",
        "filtered": shifted,
    }
    for table, columns in changed.items() if copies else ():
        say(f"{copies + 1} times the rows of {table}")
        _execute(source, f"CREATE TABLE {table}_made AS SELECT * FROM {table}")
        for first in range(1, copies + 1, _COPIES_AT_ONCE):
            numbers = f"UNNEST(GENERATE_ARRAY({first}, {min(first + _COPIES_AT_ONCE - 1, copies)})) AS n"
            copied = f"SELECT t.* REPLACE ({columns}) FROM {table}_made AS t CROSS JOIN {numbers}"
            _execute(source, f"INSERT INTO {table} {copied}")
        _execute(source, f"DROP TABLE {table}_made")
    yield source


def count(source: Source) -> int:
    return _count(source, "SELECT COUNT(*) AS n FROM tweet_versions")


def ask_all(source: Source, say: Callable[[str], None]) -> Iterator[Answered]:
    now = datetime.now(UTC)
    params = Params(now - timedelta(days=_DAYS), now, "America/New_York")
    for name in questions.names():
        say(name)
        began = time.monotonic()
        rows, failed = 0, ""
        try:
            rows = len(query.run(source, questions.load(name), params))
        except ReportError as error:
            failed = str(error)
        yield Answered(name, time.monotonic() - began, rows, failed)


def time_live_page(source: Source) -> list[float]:
    """Return the seconds of each refresh of the live page that was answered."""
    question, seconds = questions.load("live/now"), []
    for _ in range(_REFRESHES):
        began = time.monotonic()
        with suppress(ReportError):
            query.query(source, question.template, {"now": ("TIMESTAMP", datetime.now(UTC)), "seconds": ("INT64", 60)})
            seconds.append(time.monotonic() - began)
    return seconds


def run_whole(source: Source, folder: Path) -> Whole:
    """Run the program as a person does."""
    command = [sys.executable, "-m", "reports", "--timezone", "America/New_York", "--results", str(folder / "results")]
    began = time.monotonic()
    with (folder / "reports.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "GOOGLE_CLOUD_PROJECT": source.client.project}, stdout=log, stderr=log
        )
        _, status, used = os.wait4(process.pid, 0)
    code, lines = os.waitstatus_to_exitcode(status), (folder / "reports.log").read_text().split("\n")
    failed = f"exit code {code}: {' '.join(lines[-5:])[-300:]}" if code else ""
    return Whole(time.monotonic() - began, used.ru_maxrss / 1024, failed)


def _execute(source: Source, sql: str) -> None:
    """Run a statement that may take minutes, which the reports' own deadlines do not allow."""
    config = bigquery.QueryJobConfig(default_dataset=source.name)
    source.client.query(sql, job_config=config, timeout=_SECONDS).result(timeout=_SECONDS)


def _count(source: Source, sql: str) -> int:
    rows, _ = query.query(source, sql, {})
    return int(rows[0]["n"])
