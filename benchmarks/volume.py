"""Many messages at once: files to tables by a plain loop, a pool of processes and Beam, beside a replay through Pub/Sub."""

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import orjson
from google.cloud import bigquery

from dataflow import batch, convert, files, staging
from dataflow.convert import Options
from dataflow.files import Part
from dataflow.staging import Staging
from local.emulators.bigquery import create as tables
from local.emulators.x import posts, writer
from local.errors import LocalError
from local.pipeline import DATASET, PROJECT, Pipeline, Plan
from posts import sentiment
from posts.filter import Filter
from posts.sentiment import Scorer
from warehouse.settings import Settings

from .rivals import ROOT

_FILES = 8
_REPLAYED = 6_000  # messages: half a minute at the replay's 200 a second
_SECONDS = 3_600.0
_OPTIONS = Options(Filter(), Settings(PROJECT, DATASET, frozenset(), keep_retweets=True, sentiment="english"), 1)


@dataclass(frozen=True, slots=True)
class Volume:
    """`messages` in so many seconds, from the program's start to its end. `what` says what is done: rows in files, or in tables."""

    name: str
    what: str
    messages: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.messages / self.seconds


def write(folder: Path, count: int) -> list[str]:
    """Write synthetic messages to some files, and return their paths."""
    clock = posts.spread(count, datetime.now(UTC), timedelta(days=300))
    synthetic = writer.write(1, clock, tuple)
    paths = []
    for number in range(_FILES):
        path = folder / f"posts{number}.jsonl"
        with path.open("wb") as file:
            for post in islice(synthetic, count // _FILES):
                file.write(post.as_json([{"id": "1", "tag": "music"}]) + b"\n")
        paths.append(str(path))
    return paths


def convert_all(folder: Path, paths: Sequence[str], say: Callable[[str], None]) -> Iterator[Volume]:
    """Make rows in files in several ways; sentiment is the lexicon's where nothing else is said."""
    parts = files.divide(files.find(paths))
    works = list(zip(staging.part_names(len(parts)), parts, strict=True))
    ways: dict[str, Callable[[Staging], object]] = {
        "a plain loop": lambda place: _in_turn([(place, *work) for work in works]),
        "a plain loop, no sentiment": lambda place: _in_turn([(place, *work) for work in works], "off"),
        "a plain loop, multilingual": lambda place: _in_turn([(place, *work) for work in works], "multilingual"),
        "a pool of 2 processes": lambda place: _in_a_pool([(place, *work) for work in works]),
        "Beam, 1 worker": lambda place: batch.run(parts, _OPTIONS, place, batch.local_options(1)),
        "Beam, 2 workers": lambda place: batch.run(parts, _OPTIONS, place, batch.local_options(2)),
    }
    for number, (name, way) in enumerate(ways.items()):
        say(name)
        place = Staging(str(folder / "staging"), f"way{number}")
        began = time.monotonic()
        way(place)
        seconds = time.monotonic() - began
        yield Volume(name, "rows in files", sum(totals.read for totals, _ in place.read_parts()), seconds)


def _convert(work: tuple[Staging, str, Part], scorer: Scorer | None = None) -> None:
    place, name, part = work
    scorer = scorer or sentiment.scorer(_OPTIONS.settings.sentiment)
    convert.convert(convert.file_records(part, ""), _OPTIONS, place, name, scorer)


def _in_turn(works: list[tuple[Staging, str, Part]], choice: str = "english") -> None:
    scorer = sentiment.scorer(choice)
    for work in works:
        _convert(work, scorer)


def _in_a_pool(works: list[tuple[Staging, str, Part]]) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(_convert, works, chunksize=1)


def upload_all(client: bigquery.Client, folder: Path, paths: Sequence[str], count: int) -> Volume:
    """Run the command as a person does, from its start to the last load job. BigQuery gets the rows by upload, as Google's does."""
    tables.create(client, DATASET)
    seconds = _import([*paths, "--staging", str(folder / "uploaded")])
    check(client, count)
    return Volume("python -m dataflow files", "rows in tables, uploaded", count, seconds)


def load_all(data: Path, paths: Sequence[str], count: int) -> Volume:
    """Run the command into an embedded BigQuery in the folder `data`, which it starts and stops itself."""
    seconds = _import([*paths, "--staging", str(data.with_name("read")), "--data", str(data)])
    return Volume("python -m dataflow files --data", "rows in tables", count, seconds)


def check(client: bigquery.Client, count: int) -> None:
    """Raise LocalError unless there is one row for each message."""
    stored = _count(client, "tweet_versions")
    if stored != count:
        raise LocalError(f"{stored:,} rows of {count:,} messages were stored.")


def _import(arguments: Sequence[str]) -> float:
    command = [sys.executable, "-m", "dataflow", "files", *arguments, "--no-filter"]
    environment = {**os.environ, "GOOGLE_CLOUD_PROJECT": PROJECT, "BIGQUERY_DATASET": DATASET, "SENTIMENT": "english"}
    began = time.monotonic()
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if ran.returncode:
        raise LocalError(f"The import ended with code {ran.returncode}: {ran.stderr[-500:]}")
    return time.monotonic() - began


def replay_all(folder: Path, paths: Sequence[str]) -> Volume:
    """Run `python -m ingester archive`: the same messages through Pub/Sub and the function, at its default rate."""
    pipeline = Pipeline(Plan(folder=folder / "replay", posts=1, rate=1.0, seed=1))
    (folder / "replay" / "logs").mkdir(parents=True)
    try:
        pipeline.start()
        with pipeline.client() as client:
            count = _fill_archive(client, paths)
            command = [sys.executable, "-m", "ingester", "archive", "--from", "2020-01-01"]
            began = time.monotonic()
            subprocess.run(
                command, cwd=ROOT, env=pipeline.environment, capture_output=True, timeout=_SECONDS, check=True
            )
            while _count(client, "tweet_versions") < count and time.monotonic() - began < _SECONDS:
                time.sleep(0.2)
            return Volume("python -m ingester archive", "rows in tables", count, time.monotonic() - began)
    finally:
        pipeline.stop()


def _fill_archive(client: bigquery.Client, paths: Sequence[str]) -> int:
    """Return how many messages it has: at most _REPLAYED, of the first file."""
    now = datetime.now(UTC).isoformat()
    rows = []
    with Path(paths[0]).open(encoding="utf-8") as file:
        for line in islice(file, _REPLAYED):
            post_id = orjson.loads(line)["data"]["id"]
            rows.append(
                {
                    "id": post_id,
                    "payload": line.strip(),
                    "received_at": now,
                    "source": "stream",
                    "message_id": post_id,
                    "subscription_name": "s",
                    "publish_time": now,
                    "attributes": "{}",
                }
            )
    for first in range(0, len(rows), 500):
        if errors := client.insert_rows_json(f"{PROJECT}.{DATASET}.archive", rows[first : first + 500]):
            raise LocalError(f"The archive could not be filled: {errors[:1]}")
    return len(rows)


def _count(client: bigquery.Client, table: str) -> int:
    (row,) = client.query(f"SELECT COUNT(*) AS n FROM `{PROJECT}.{DATASET}.{table}`", timeout=60).result(timeout=60)
    return int(row["n"])
