"""Sequences of faults on a real pipeline, drawn from a seed or given, and carried out."""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.support.pipeline import PARTS
from tests.support.trial import Trial
from tests.support.waiting import let_last

AT_X = (
    "close",
    "reset",
    "partial",
    "disconnect",
    "disconnect-open",
    "silence",
    "duplicates",
    "unknown",
    "503",
    "500",
    "html",
    "refuse",
    "429-rate",
    "429-connections",
    "rules-gone",
)
AT_BIGQUERY = ("500x6", "503x9", "429x6", "403x3", "404x3", "partialx9", "garbledx4", "slowx3", "lostx6", "hangx2")


@dataclass(frozen=True, slots=True)
class Step:
    """A fault; `at` is in seconds after the first posts came."""

    at: float
    what: str
    whom: str
    seconds: float = 0.0

    def __str__(self) -> str:
        lasts = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at:.1f} s: {self.what} {self.whom}{lasts}"


def sequence(seed: str) -> list[Step]:
    """Draw three to six faults within five seconds. A frozen or killed part is not hit again before it is back."""
    rng = random.Random(seed)
    busy: dict[str, float] = {}
    steps: list[Step] = []
    for at in sorted(rng.uniform(0.0, 5.0) for _ in range(rng.randint(3, 6))):
        kind = rng.choices(("process", "bigquery", "x"), (4, 3, 3))[0]
        if kind == "bigquery":
            steps.append(Step(at, "tell bigquery", rng.choice(AT_BIGQUERY)))
        elif kind == "x":
            steps.append(Step(at, "tell x", rng.choice(AT_X)))
        else:
            part = rng.choice([*PARTS, "ingester"])
            if busy.get(part, -1.0) > at:
                continue
            what = rng.choice(("kill", "end", "freeze"))
            seconds = rng.choice((1.0, 4.0, 14.0)) if what == "freeze" else 1.0
            busy[part] = at + seconds + 1.5
            steps.append(Step(at, what, part, seconds))
    return steps


def run(one: Trial, steps: list[Step]) -> None:
    """Carry out each step at its time, and bring back what was killed or frozen."""
    began = time.monotonic()
    todo: list[tuple[float, Callable[[], None]]] = []

    def later(seconds: float, do: Callable[[], None]) -> None:
        todo.append((time.monotonic() - began + seconds, do))

    todo += [(step.at, partial(_do, one, step, later)) for step in steps]
    while todo:
        todo.sort(key=lambda entry: entry[0])
        at, do = todo.pop(0)
        let_last(max(0.0, began + at - time.monotonic()))
        do()


def _do(one: Trial, step: Step, later: Callable[[float, Callable[[], None]], None]) -> None:
    rest = one.rest
    if step.what == "tell bigquery":
        if rest.pipeline.processes["bigquery"].exit_code is None:
            rest.try_to_go_wrong(step.whom)
    elif step.what == "tell x":
        one.go_wrong(step.whom)
    elif step.what == "freeze":
        process = one.process(step.whom)
        process.signal(signal.SIGSTOP)
        later(step.seconds, lambda: process.signal(signal.SIGCONT))
    else:
        process = one.process(step.whom)
        process.signal(signal.SIGKILL if step.what == "kill" else signal.SIGTERM)
        later(step.seconds, lambda: one.bring_back(step.whom))
