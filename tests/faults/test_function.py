"""Whatever BigQuery or the platform does: acknowledged = shown + rejected, none lost, none shown twice."""

from pathlib import Path

import pytest
from google.cloud import bigquery

from benchmarks import failures
from benchmarks.failures import CASES, POISON, Case

_MESSAGES = 120
_QUICK = {"poison of 20 kinds", "the function is told to stop while it inserts"}


def test_there_are_twenty_kinds_of_poison() -> None:
    """Real messages: the table that the next test takes its poison from."""
    assert len(POISON) == 20


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.name, marks=[] if case.name in _QUICK else [pytest.mark.slow]) for case in CASES],
)
def test_no_message_is_lost_and_none_is_shown_twice(
    case: Case, client: bigquery.Client, dataset: str, tmp_path: Path
) -> None:
    """Real sockets: the function between Pub/Sub and a BigQuery that fails."""
    became = failures.run(case, _MESSAGES, tmp_path, client, dataset)
    assert became.lost == []
    assert became.twice == 0
    assert became.acknowledged == became.messages == became.stored + became.rejected
    bad = {"one row in ten is invalid, the others stopped", "poison of 20 kinds"}
    assert (became.rejected > 0) == (case.name in bad)
