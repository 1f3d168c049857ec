"""Each fault has a pipeline of its own, started for it: nothing of one test is left for the next. X's faults share one (test_x.py)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.trial import Rest, rest_of_the_pipeline


@pytest.fixture
def rest(tmp_path: Path) -> Iterator[Rest]:
    with rest_of_the_pipeline(tmp_path / "pipeline") as running:
        yield running
