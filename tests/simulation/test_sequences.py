"""A thousand random sequences of faults, the same in each run, so that a result depends on the change and not on luck.

The quick tests run the first 50, and scripts/test processes the next 50, so that CI has them.
scripts/test simulate --sequences N --seed S runs others.
"""

import pytest

from . import cases, faults, sequences
from .mistakes import MISTAKES

SEQUENCES = 1_000
_QUICK, _IN_CI = 50, 100
_AT_ONCE = 50
_BLOCKS = [
    pytest.param(
        first,
        id=f"seeds {first} on",
        marks=[] if first <= _QUICK else [pytest.mark.processes if first <= _IN_CI else pytest.mark.slow],
    )
    for first in range(1, SEQUENCES + 1, _AT_ONCE)
]


@pytest.mark.parametrize("first", _BLOCKS)
def test_a_sequence_of_faults_breaks_no_promise(first: int) -> None:
    for seed in map(str, range(first, first + _AT_ONCE)):
        steps = faults.sequence(seed)
        assert len(steps) >= 8
        outcome = sequences.run(seed)
        assert outcome.hours >= 6
        if outcome.broken:
            fewest = sequences.shrink(seed, steps)
            pytest.fail(f"seed {seed}: {outcome.broken}\n{sequences.as_case(seed, fewest, outcome.broken)}")


@pytest.mark.parametrize(("seed", "steps"), cases.FOUND.values(), ids=cases.FOUND.keys())
def test_what_was_found_once_stays_mended(seed: str, steps: list[faults.Step]) -> None:
    assert sequences.run(seed, steps).broken == []


def test_the_same_seed_gives_the_same_night() -> None:
    assert sequences.run("7") == sequences.run("7")
    assert faults.sequence("7") == faults.sequence("7") != faults.sequence("8")


def test_every_fault_is_drawn_and_one_sequence_in_five_has_a_second_ingester() -> None:
    drawn = [{step.what for step in faults.sequence(str(seed))} for seed in range(1, SEQUENCES + 1)]
    assert set.union(*drawn) == set(faults.FAULTS)
    assert 0.15 < sum(faults.SECOND in one for one in drawn) / SEQUENCES < 0.25


def test_a_failing_sequence_is_shrunk_to_the_faults_that_matter() -> None:
    """If keep-alives counted as proof of life, the stall alone would matter; its end comes by itself."""
    steps = [
        faults.Step(3_000.0, "close"),
        faults.Step(4_000.0, "calls_fail", number=2),
        faults.Step(7_160.28, "stall"),
        faults.Step(7_990.679, "refused_503", number=4),
        faults.Step(20_000.0, "refused_503", number=2),
    ]
    with MISTAKES["keep-alives count as proof that nothing was posted"].in_force():
        assert sequences.run("68", steps).broken
        assert [step.what for step in sequences.shrink("68", steps)] == ["stall"]
