"""Random sequences of other seeds: scripts/test simulate --sequences N --seed S [--workers W]."""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from . import faults, sequences
from .sequences import Outcome

_SHOWN = 10  # failing sequences that are shrunk and printed


def _run(seed: str) -> tuple[str, Outcome]:
    return seed, sequences.run(seed)


def _outcomes(seeds: list[str], workers: int) -> Iterator[tuple[str, Outcome]]:
    if workers == 1:
        yield from map(_run, seeds)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_run, seeds, chunksize=20)


def main() -> int:
    """Exit code 1 if a promise was broken."""
    parser = argparse.ArgumentParser(
        prog="scripts/test simulate", description="Random sequences of faults in simulated time."
    )
    parser.add_argument("--sequences", type=int, default=1_000, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the first one's seed (%(default)s)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="W", help="processes (%(default)s)")
    arguments = parser.parse_args()
    seeds = [str(number) for number in range(arguments.seed, arguments.seed + arguments.sequences)]
    print(f"seeds {seeds[0]} to {seeds[-1]}", flush=True)
    began, hours, posts, broken = time.monotonic(), 0.0, 0, 0
    for seed, outcome in _outcomes(seeds, arguments.workers):
        hours, posts = hours + outcome.hours, posts + outcome.posts
        if outcome.broken:
            broken += 1
            print(f"seed {seed}: {'; '.join(outcome.broken[:3])}", flush=True)
            if broken <= _SHOWN:
                fewest = sequences.shrink(seed, faults.sequence(seed))
                print(sequences.as_case(seed, fewest, sequences.run(seed, fewest).broken or outcome.broken), flush=True)
    print(
        f"{len(seeds):,} sequences, {hours:,.0f} simulated hours, {posts:,} posts, {time.monotonic() - began:,.0f} s: "
        f"{broken or 'none'} of them broke a promise"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
