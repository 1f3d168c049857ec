"""Random sequences of faults. The seed is in the test's name: the same seed, the same sequence.

scripts/test faults --sequences 200 [--sequence-seed N]
"""

from pathlib import Path

import pytest

from tests.support import sequences
from tests.support.pipeline import Rest
from tests.support.trial import Trial


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    first = metafunc.config.getoption("--sequence-seed")
    metafunc.parametrize("seed", [str(first + number) for number in range(metafunc.config.getoption("--sequences"))])


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_sequence_of_faults_loses_and_doubles_nothing(rest: Rest, tmp_path: Path, seed: str) -> None:
    """Real processes throughout: the function, Pub/Sub and BigQuery fail as well as X and the ingester."""
    steps = sequences.sequence(seed)
    print(f"seed {seed}: {'; '.join(map(str, steps))}")
    one = Trial(rest, tmp_path, posts=400, rate=80.0)
    try:
        one.start()
        assert one.sent(40)
        sequences.run(one, steps)
        one.keep_running(120)
    finally:
        rest.mend()
        one.stop()
    one.check(90)
