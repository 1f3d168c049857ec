"""The simulator must be able to fail: it finds each deliberate mistake.

The quick tests run the one sequence that is known to find it, the slow ones search for it, within a stated number of sequences.
"""

import pytest

from tests.support import ROOT

from . import sequences
from .faults import FAULTS
from .mistakes import MISTAKES, Mistake


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_the_simulator_finds(mistake: Mistake) -> None:
    with mistake.in_force():
        assert sequences.run(str(mistake.seed)).broken, "another sequence may find it: the slow test says which"
    assert not sequences.run(str(mistake.seed)).broken


@pytest.mark.slow
@pytest.mark.timeout(600)  # a second for each ten or twenty sequences
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_the_simulator_finds_it_by_itself(mistake: Mistake) -> None:
    with mistake.in_force():
        found = next((seed for seed in range(1, mistake.within + 1) if sequences.run(str(seed)).broken), None)
    assert found is not None, f"not within {mistake.within} sequences"
    assert found == mistake.seed, "the first sequence that finds it is another one now"


def test_the_docs_have_the_faults_and_the_mistakes() -> None:
    text = (ROOT / "docs" / "simulation.md").read_text()
    for name, mistake in MISTAKES.items():
        assert f"| {name} | {mistake.within} |" in text
    for name in FAULTS:
        assert f"| `{name}` |" in text
