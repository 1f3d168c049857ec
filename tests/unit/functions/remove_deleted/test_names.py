"""The name of a job at X, and what can be read from it again."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from functions.remove_deleted.names import JobName, name, read

ids = st.integers(0, 2**63 - 1).map(str)
moments = st.integers(0, 253_402_300_799).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(st.builds(JobName, moments, ids, ids, st.integers(0, 10**7)))
def test_a_name_is_read_again_and_is_short_enough_for_x(asked: JobName) -> None:
    text = name("project.dataset", asked)
    assert len(text) <= 64
    assert read("project.dataset", text) == asked
    assert read("project.other", text) is None


def test_job_names_of_other_programs_and_datasets_are_ignored() -> None:
    assert read("project.dataset", "my job") is None
    assert read("project.dataset", "tds/x/1/2/3/4") is None
