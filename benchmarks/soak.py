"""The whole pipeline for minutes with a fault every so often: memory, open files, latency from X to the view, and the faults' invariant.

scripts/bench soak --seconds 600 --rate 200 --fault-every 20 --seed 1
"""

import random
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import requests
from google.api_core.exceptions import GoogleAPIError

from ingester.x import search
from tests.support.pipeline import PARTS, Rest, rest_of_the_pipeline
from tests.support.sequences import AT_BIGQUERY, AT_X
from tests.support.trial import Trial

SETTLED = 12.0  # seconds after a fault whose latency is caused by it
_BEFORE = 1.0  # and for a post that is on its way when the next fault comes
_SAMPLE_SECONDS = 1.0
_MEMORY_SECONDS = 5.0
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Fault:
    """`at` in seconds since the first post."""

    at: float
    what: str
    whom: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Grown:
    """One process: MiB after its warm-up and at most, the most open files, and how often it was started."""

    name: str
    first: float
    most: float
    last: float
    files: int
    starts: int


@dataclass(slots=True)
class Soaked:
    """What was measured. Latencies are in seconds, from the post's own time to the first look at the view that showed it."""

    posts: int
    faults: list[Fault]
    quiet: list[float]  # of posts made outside of faults
    all: list[float]
    grown: list[Grown]
    missing: int = 0  # retweets in gaps, by the ledger's count
    wrong: str = ""  # violations of the invariant


def plan(seed: int, seconds: float, every: float) -> Iterator[Fault]:
    """Draw the faults: each kind in turn at random; the last leaves time to recover."""
    rng = random.Random(seed)
    at = every
    while at < seconds - every / 2:
        kind = rng.choice(("process", "bigquery", "x"))
        if kind == "process":
            what = rng.choice(("kill", "end", "freeze"))
            yield Fault(at, what, rng.choice([*PARTS, "ingester"]), rng.choice((1.0, 4.0)) if what == "freeze" else 0.5)
        else:
            yield Fault(at, f"tell {kind}", rng.choice(AT_X if kind == "x" else AT_BIGQUERY), 0.0)
        at += every


@dataclass(slots=True)
class _Watch:
    """Looks at the view and at the processes while the run goes on."""

    trial: Trial
    shown: dict[str, float] = field(default_factory=dict)  # id: wall clock at the first look that showed it
    # pid, MiB, files
    memory: dict[str, list[tuple[int, float, int]]] = field(default_factory=lambda: defaultdict(list))

    def run(self, over: threading.Event) -> None:
        since, measured = "1970-01-01", 0.0
        while not over.wait(_SAMPLE_SECONDS):
            if time.monotonic() - measured > _MEMORY_SECONDS:
                measured = time.monotonic()
                self.measure()
            try:
                rows = self.trial.rest.ask(f"SELECT id, loaded_at FROM tweets WHERE loaded_at > TIMESTAMP '{since}'")
            except (GoogleAPIError, requests.RequestException, OSError):
                continue  # BigQuery may be away, as part of the run
            now = time.time()
            for row in rows:
                self.shown.setdefault(row["id"], now)
            if rows:
                since = max(row["loaded_at"] for row in rows).isoformat()

    def measure(self) -> None:
        processes = {**self.trial.rest.pipeline.processes, "x": self.trial.x}
        if self.trial.ingester is not None:
            processes["ingester"] = self.trial.ingester
        for name, process in processes.items():
            try:
                family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
                size = sum(member.memory_info().rss for member in family) / _MIB
                self.memory[name].append((process.pid, size, sum(member.num_fds() for member in family)))
            except psutil.Error:
                continue  # it has just been killed

    def grown(self) -> Iterator[Grown]:
        for name, seen in self.memory.items():
            sizes = [size for _, size, _ in seen]
            warm = sizes[min(len(sizes) - 1, 4) :]
            files = max(files for _, _, files in seen)
            yield Grown(name, warm[0], max(sizes), sizes[-1], files, len({pid for pid, _, _ in seen}))


def run(folder: Path, *, seconds: float, rate: float, every: float, seed: int, say: Callable[[str], None]) -> Soaked:
    """Run the soak. Raises LocalError if a part does not start."""
    faults = list(plan(seed, seconds, every)) if every else []
    with rest_of_the_pipeline(folder / "pipeline") as pipeline:
        trial = Trial(pipeline, folder, posts=int(seconds * rate), rate=rate)
        watch, over = _Watch(trial), threading.Event()
        watcher = threading.Thread(target=watch.run, args=(over,))
        trial.start()
        try:
            assert trial.sent(1)
            began = time.time()
            watcher.start()
            _go_through(trial, faults, say)
            say("until all is calm")
            trial.keep_running(seconds + 300)
        finally:
            over.set()
            trial.stop()
            _forget(pipeline)
        watcher.join(30)
        soaked = Soaked(trial.posts, faults, *_latencies(watch, faults, began), list(watch.grown()))
        say("the invariant")
        try:
            soaked.missing = len(trial.check(120))
        except AssertionError as error:
            soaked.wrong = str(error)[:2_000] or "the invariant does not hold"
        return soaked


def _go_through(trial: Trial, faults: list[Fault], say: Callable[[str], None]) -> None:
    began = time.monotonic()
    for number, fault in enumerate(faults):
        while time.monotonic() < began + fault.at:
            _revive(trial)
            time.sleep(0.2)
        say(f"fault {number + 1} of {len(faults)}: {fault.what} {fault.whom}")
        if fault.what == "tell bigquery":
            trial.rest.try_to_go_wrong(fault.whom)
        elif fault.what == "tell x":
            trial.go_wrong(fault.whom)
        elif fault.what == "freeze":
            process = trial.process(fault.whom)
            process.signal(signal.SIGSTOP)
            time.sleep(fault.seconds)
            process.signal(signal.SIGCONT)
        else:
            trial.process(fault.whom).signal(signal.SIGKILL if fault.what == "kill" else signal.SIGTERM)
            trial.bring_back(fault.whom)


def _revive(trial: Trial) -> None:
    """Start a part again, as Cloud Run does."""
    if trial.ingester is not None and trial.ingester.exit_code is not None:
        trial.bring_back("ingester")


def _forget(pipeline: Rest) -> None:
    pipeline.try_to_go_wrong()


def _latencies(watch: _Watch, faults: list[Fault], began: float) -> tuple[list[float], list[float]]:
    """Return latencies of posts outside of faults, and of all, in ascending order."""
    quiet, everything = [], []
    for post_id, seen in watch.shown.items():
        created_at = search.created_at(post_id).timestamp()
        everything.append(seen - created_at)
        since_faults = [
            created_at - began - fault.at - fault.seconds for fault in faults if fault.at <= created_at - began
        ]
        before = [fault.at - (created_at - began) for fault in faults if fault.at > created_at - began]
        if min(since_faults, default=SETTLED) >= SETTLED and min(before, default=_BEFORE) >= _BEFORE:
            quiet.append(seen - created_at)
    return sorted(quiet), sorted(everything)


def share(sorted_values: list[float], part: float) -> float:
    """Return the value below which that share of them lies."""
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * part))] if sorted_values else float("nan")
