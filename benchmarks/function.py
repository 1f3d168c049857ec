"""Measures load_tweet beside its rivals, in one run on one machine: throughput, latency, CPU, inserts, rows, memory.

The rows that the emulator holds are counted after each measurement: every acknowledged message must have left its row.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from . import load
from .instance import BigQuery, Instance
from .rivals import CEILINGS, LOAD_TWEET, LOADERS, Rival, environment

_WARM_UP_SECONDS = 2.0
_COUNTED = 2_000  # messages of the exact check
_COUNTED_AT_ONCE = 80
_TABLE = "tweet_versions"


@dataclass(frozen=True, slots=True)
class Measured:
    """One rival at one concurrency. Times are in milliseconds, CPU in microseconds a message, of the function alone."""

    rival: str
    concurrency: int
    a_second: float
    p50: float
    p99: float
    cpu: float
    inserts: int
    rows: int
    acknowledged: int
    refused: int
    memory: int  # bytes
    bigquery_busy: float  # share of a CPU that the stand-in took

    @property
    def adds_up(self) -> bool:
        """Return whether every acknowledged message left a row, as far as wrk can tell.

        Messages in flight when wrk stops are stored without an acknowledgement, at most one a connection. `Counted` compares each message.
        """
        return not self.refused and 0 <= self.rows - self.acknowledged <= self.concurrency


@dataclass(frozen=True, slots=True)
class Counted:
    """A fixed number of messages, each delivered until it is acknowledged."""

    rival: str
    messages: int
    acknowledged: int
    deliveries: int
    missing: int  # acknowledged, but not stored
    doubled: int  # stored more than once

    @property
    def adds_up(self) -> bool:
        return self.acknowledged == self.messages and not self.missing and not self.doubled


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of memory after so many messages."""

    messages: int
    memory: int


@contextmanager
def standing(milliseconds: float, folder: Path) -> Iterator[BigQuery]:
    """Run the BigQuery emulator."""
    bigquery = BigQuery(milliseconds, folder)
    try:
        yield bigquery
    finally:
        bigquery.stop()


@dataclass(frozen=True, slots=True)
class Bench:
    """What all measurements share."""

    bigquery: BigQuery
    requests: Path  # the file that wrk posts
    folder: Path
    say: Callable[[str], None]

    @contextmanager
    def serving(self, rival: Rival, concurrency: int) -> Iterator[Instance]:
        """Run a fresh instance of the rival."""
        variables = environment(self.bigquery.url)
        instance = Instance(rival, concurrency, variables, self.folder)
        try:
            yield instance
        finally:
            instance.stop()


def measure_all(bench: Bench, concurrencies: list[int], seconds: float) -> Iterator[Measured]:
    """Rivals side by side at each concurrency; the ceilings at the highest."""
    for concurrency in concurrencies:
        for rival in (*LOADERS, *(CEILINGS if concurrency == max(concurrencies) else ())):
            bench.say(f"{rival.name}, {concurrency} at once")
            with bench.serving(rival, concurrency) as instance:
                yield _measure(bench, instance, concurrency, seconds)


def _measure(bench: Bench, instance: Instance, concurrency: int, seconds: float) -> Measured:
    bigquery, requests = bench.bigquery, bench.requests
    load.wrk(instance.url, requests, concurrency, _WARM_UP_SECONDS)
    bigquery.stored()  # quiet again
    bigquery.forget()
    before, stand_in_before = instance.cost(), bigquery.cost()
    load_result = load.wrk(instance.url, requests, concurrency, seconds)
    cost_at_end, stand_in_at_end = instance.cost(), bigquery.cost()
    stored = bigquery.stored().get(_TABLE, {"inserts": 0, "rows": 0})
    return Measured(
        instance.rival.name,
        concurrency,
        (load_result.requests - load_result.refused) / load_result.seconds,
        load_result.p50,
        load_result.p99,
        (cost_at_end.cpu - before.cpu) / max(load_result.requests, 1) * 1e6,
        stored["inserts"],
        stored["rows"],
        load_result.requests - load_result.refused,
        load_result.refused + load_result.broken,
        cost_at_end.memory,
        (stand_in_at_end.cpu - stand_in_before.cpu) / load_result.seconds,
    )


def count_all(bench: Bench) -> Iterator[Counted]:
    """Each loader once more, message by message."""
    messages = list(load.deliveries(_COUNTED, seed=2))
    for rival in LOADERS:
        bench.say(f"{rival.name}, {_COUNTED:,} messages one by one")
        bench.bigquery.forget()
        with bench.serving(rival, _COUNTED_AT_ONCE) as instance:
            acknowledged, deliveries = asyncio.run(_deliver_all(instance.url, messages))
        rows = Counter(bench.bigquery.stored().get(_TABLE, {"ids": {}})["ids"])
        ids = [load.post_id(body) for event_id, body in messages if event_id in acknowledged]
        yield Counted(
            rival.name,
            len(messages),
            len(acknowledged),
            deliveries,
            sum(1 for post_id in ids if post_id not in rows),
            sum(1 for number in rows.values() if number > 1),
        )


async def _deliver_all(url: str, messages: list[tuple[str, bytes]]) -> tuple[set[str], int]:
    """Return (acknowledged event ids, deliveries). A message is delivered three times at most."""
    acknowledged: set[str] = set()
    deliveries = 0
    slots = asyncio.Semaphore(_COUNTED_AT_ONCE)

    async def deliver(session: aiohttp.ClientSession, event_id: str, body: bytes) -> None:
        nonlocal deliveries
        headers = {"Content-Type": "application/json", **load.headers(event_id)}
        for _ in range(3):
            async with slots:
                deliveries += 1
                async with session.post(url, data=body, headers=headers) as response:
                    if 200 <= response.status < 300:
                        acknowledged.add(event_id)
                        return

    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        await asyncio.gather(*(deliver(session, *message) for message in messages))
    return acknowledged, deliveries


def watch_memory(bench: Bench, messages: int) -> list[Memory]:
    """Return our function's memory over so many messages, measured ten times."""
    points: list[Memory] = []
    done = 0
    with bench.serving(LOAD_TWEET, 400) as instance:
        while done < messages:
            bench.say(f"memory: {done:,} of {messages:,} messages")
            began = time.monotonic()
            while done < messages * (len(points) + 1) / 10:
                done += load.wrk(instance.url, bench.requests, 400, 4).requests
                bench.bigquery.forget()
                if time.monotonic() - began > 300:
                    raise TimeoutError("The function takes no more messages; its log is in the run's folder.")
            points.append(Memory(done, instance.cost().memory))
    return points
