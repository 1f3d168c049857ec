"""Measures the ingester beside what people write with tweepy and beside raw reading of the same socket.

Posts a second, and CPU a post from the socket to the acknowledged publish; the ingester's memory over as many posts as asked for.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from google.cloud import bigquery

from local.emulators.bigquery import create, credentials
from local.processes import Process, wait_until, wait_until_ready

from .instance import read_cost
from .rivals import ROOT

_GIVE_UP_SECONDS = 600.0
_RIVALS = Path(__file__).parent / "rivals"

INGESTER = "ingester"
# who, posts as a multiple of ours, folder and arguments
_OTHERS: list[tuple[str, float, list[str]]] = [
    ("raw reading", 5.0, ["raw_reading"]),
    ("tweepy's objects, not published", 0.2, ["tweepy_default"]),
    ("tweepy's objects, published", 0.2, ["tweepy_publishes"]),
    ("the same, each waited for", 0.02, ["tweepy_publishes", "wait"]),
]


@dataclass(frozen=True, slots=True)
class Measured:
    """One reader after its warm-up. CPU is in microseconds a post, of the process alone; memory in bytes at the end."""

    who: str
    posts: int
    a_second: float
    cpu: float
    memory: int


@dataclass(frozen=True, slots=True)
class Stand:
    """The emulators that all readers share."""

    folder: Path
    bigquery_url: str
    key: Path
    pubsub: str
    say: Callable[[str], None]


@contextmanager
def standing(folder: Path, say: Callable[[str], None]) -> Iterator[Stand]:
    """Run a Pub/Sub that acknowledges at once, and a BigQuery for the ledger."""
    engine = _process("bigquery", folder, "local.emulators.bigquery", "--data", str(folder / "data"), "--port", "0")
    sink = _process("sink", folder, "benchmarks.sink", "--port", "0")
    try:
        url, key = f"http://127.0.0.1:{wait_until_ready(engine)}", folder / "credentials.json"
        credentials.write(key)
        os.environ |= {"BIGQUERY_EMULATOR_HOST": url, "GOOGLE_APPLICATION_CREDENTIALS": str(key)}
        with bigquery.Client(project="local") as client:
            create.create(client, "twitter")
        yield Stand(folder, url, key, f"127.0.0.1:{wait_until_ready(sink)}", say)
    finally:
        sink.stop()
        engine.stop()


def measure_all(stand: Stand, posts: int) -> Iterator[Measured]:
    """Measure each reader, on a firehose of its own."""
    for who, times, (folder, *words) in _OTHERS:
        yield _measure(stand, who, max(round(posts * times), 1_000), _reader(folder, words))
    yield _measure(stand, INGESTER, posts, lambda url, n: ["-m", "ingester", "stream"])


def _reader(folder: str, words: list[str]) -> Callable[[str, int], list[str]]:
    return lambda url, posts: [str(_RIVALS / folder / "main.py"), url, str(posts), *words]


def watch_memory(stand: Stand, posts: int) -> list[Measured]:
    """Return the ingester's memory at ten points on the way."""
    points: list[Measured] = []

    def record_memory(done: int, memory: int) -> None:
        if done >= posts * (len(points) + 1) / 10:
            stand.say(f"memory: {done:,} of {posts:,} posts")
            points.append(Measured(INGESTER, done, 0.0, 0.0, memory))

    _measure(stand, INGESTER, posts, lambda url, n: ["-m", "ingester", "stream"], record_memory)
    return points


def _measure(
    stand: Stand,
    who: str,
    posts: int,
    command: Callable[[str, int], list[str]],
    on_progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """Measure from a fifth of the posts on, which are the warm-up, to the last."""
    stand.say(f"{who}, {posts:,} posts")
    x = _process("firehose", stand.folder, "benchmarks.firehose", "--port", "0")
    name = "".join(letter if letter.isalpha() else "_" for letter in who)
    try:
        url = f"http://127.0.0.1:{wait_until_ready(x)}"
        environment = _environment(stand, url)
        reader = Process(name, [sys.executable, *command(url, posts)], environment, stand.folder / f"{name}.log")
        try:
            return _watch(reader, who, posts, on_progress)
        finally:
            reader.stop()
    finally:
        x.stop()


def _watch(reader: Process, who: str, posts: int, on_progress: Callable[[int, int], None] | None) -> Measured:
    def published() -> int:
        return reader.totals.get("published", 0)

    wait_until(lambda: published() >= posts / 5, reader, _GIVE_UP_SECONDS, "the warm-up is over")
    began, first, before = time.monotonic(), published(), read_cost(reader.pid)
    last = (began, first, before)
    while published() < posts and reader.exit_code is None:
        time.sleep(0.05)
        if published() != last[1]:
            last = (time.monotonic(), published(), read_cost(reader.pid))
            if on_progress is not None:
                on_progress(last[1], last[2].memory)
        if time.monotonic() - began > _GIVE_UP_SECONDS:
            break
    done = max(last[1] - first, 1)
    return Measured(
        who, last[1], done / max(last[0] - began, 1e-9), (last[2].cpu - before.cpu) / done * 1e6, last[2].memory
    )


def _environment(stand: Stand, url: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "GOOGLE_CLOUD_PROJECT": "local",
        "BIGQUERY_EMULATOR_HOST": stand.bigquery_url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(stand.key),
        "PUBSUB_EMULATOR_HOST": stand.pubsub,
        "X_API_URL": url,
        "X_BEARER_TOKEN": "local",
        "MAX_POSTS_PER_DAY": "0",
        "MAX_POSTS_PER_MONTH": "0",
        "NO_PROXY": f"{os.environ.get('NO_PROXY', '')},127.0.0.1,localhost".strip(","),
    }


def _process(name: str, folder: Path, module: str, *arguments: str) -> Process:
    command = [sys.executable, "-m", module, *arguments]
    return Process(name, command, {**os.environ, "PYTHONPATH": str(ROOT)}, folder / f"{name}.log")
