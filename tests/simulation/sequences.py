"""Runs a sequence of faults in simulated time, says which promises it broke, and shrinks a failing one."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ingester.x.disconnect import Disconnect, DisconnectKind
from runtime import log

from . import faults, invariants
from .faults import Step
from .world import World

_CALM_SECONDS = 4 * 3_600.0  # of virtual time, in which everything has to come right again
_SETTLE = 240.0  # seconds in which a second connection or a late row may still show itself


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a sequence; `broken` is empty if all promises held."""

    broken: list[str]
    posts: int
    hours: float


@contextmanager
def quiet() -> Iterator[None]:
    """Log nothing: a simulated day has thousands of lines."""
    before = log.event
    log.event = lambda *args, **fields: None
    try:
        yield
    finally:
        log.event = before


@contextmanager
def _uncollected() -> Iterator[None]:
    """Collect garbage once at the end. During a run the collector takes a tenth of the time and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
            gc.collect(1)


def run(seed: str, steps: list[Step] | None = None, prepare: Callable[[World], None] = lambda world: None) -> Outcome:
    """Run one sequence: the seed's own, or the steps given, in the seed's world."""
    with quiet(), _uncollected():
        return _run(seed, faults.sequence(seed) if steps is None else steps, prepare)


def _run(seed: str, steps: list[Step], prepare: Callable[[World], None]) -> Outcome:
    world = World(seed)
    asyncio.set_event_loop(None)
    if world.rng.random() < 0.4:
        world.per_day = world.limit_of_day = world.rng.randint(150, 700)
    prepare(world)
    try:
        return _live(world, steps)
    finally:
        world.close()


def _live(world: World, steps: list[Step]) -> Outcome:
    world.x.begin()
    world.start()
    world.loop.call_later(900.0, world.schedule)
    world.watch_holders()
    for step in steps:
        world.loop.call_later(step.at, faults.FAULTS[step.what], world, step)
    world.run_until(max(faults.LENGTH, *(step.at for step in steps)) if steps else faults.LENGTH, every=600.0)
    _mend(world)
    calm = world.run_until(world.loop.now + _CALM_SECONDS, world.calm)
    if calm:
        world.run_until(world.loop.now + _SETTLE, every=120.0)
        calm = world.run_until(world.loop.now + _CALM_SECONDS, world.calm)
    made = len(world.x.posts)
    world.x.ended = True
    world.x.ended_at = world.x.now()
    world.stopping = True
    for process in world.processes:
        process.tell()
    world.run_until(world.loop.now + 120.0, lambda: not any(process.running for process in world.processes), every=5.0)
    broken = [] if calm else ["calm: nobody holds the stream, or a gap stays open, hours after the last fault"]
    broken += invariants.violations(world)
    return Outcome(broken, made, world.loop.now / 3_600)


def _mend(world: World) -> None:
    """End the last fault."""
    for held in [world.x.connection, *world.x.others]:
        if held is not None and (held.stalled or held.mute):  # nobody could know of it for a long time yet
            world.x.drop(held, Disconnect(DisconnectKind.CLOSED, reason="X closed the connection"))
    world.x.fatal = None
    world.x.wrong.clear()
    world.x.connect_faults.clear()
    world.table.lose = 0
    world.lift_limit()
    for until in ("away_until", "slow_until"):
        setattr(world.table, until, min(getattr(world.table, until), world.loop.now))
    world.topic.away_until = min(world.topic.away_until, world.loop.now)
    world.topic.behind_until = min(world.topic.behind_until, world.loop.now)
    world.vault.away_until = min(world.vault.away_until, world.loop.now)
    for process in world.processes:
        process.skew = 0.0
        if process.frozen:
            world.loop.thaw(process)
    if world.paused:
        world.paused = False


def shrink(seed: str, steps: list[Step], prepare: Callable[[World], None] = lambda world: None) -> list[Step]:
    """Return the fewest faults that still break a promise, by leaving out one after the other."""
    found = True
    while found:
        found = False
        for number in range(len(steps)):
            fewer = steps[:number] + steps[number + 1 :]
            if fewer and run(seed, fewer, prepare).broken:
                steps, found = fewer, True
                break
    return steps


def as_case(seed: str, steps: list[Step], broken: list[str]) -> str:
    """Return a case that can be pasted into tests/simulation/cases.py."""
    lines = [f'    "{broken[0][:90]}": (', f'        "{seed}",', "        ["]
    lines += [f"            {step!r}," for step in steps]
    return "\n".join([*lines, "        ],", "    ),"])
