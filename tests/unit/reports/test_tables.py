"""Cells of tables, as text for people."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from reports import tables
from reports.params import Params
from reports.questions.gaps import with_offsets

BERLIN = ZoneInfo("Europe/Berlin")
ASKED = Params(datetime(2026, 10, 24, tzinfo=BERLIN), datetime(2026, 10, 26, tzinfo=BERLIN), "Europe/Berlin")


@pytest.mark.parametrize(
    ("since", "minutes", "shown"),
    [
        ("2026-10-25T02:50", 120, "2026-10-25 02:50+02:00"),
        ("2026-10-25T02:10", 60, "2026-10-25 02:10+01:00"),
        ("2026-10-25T01:50", 120, "2026-10-25 01:50"),
        ("2026-10-25T03:00", 60, "2026-10-25 03:00"),
        ("2026-03-29T03:10", 120, "2026-03-29 03:10"),
    ],
)
def test_an_hour_that_a_clock_shows_twice_has_its_offset(since: str, minutes: int, shown: str) -> None:
    row = {"since": datetime.fromisoformat(since), "until": None, "since_offset": minutes, "until_offset": None}
    (told,) = with_offsets([row], ASKED.timezone)
    assert list(told) == ["since", "until"]
    assert tables.cell("since", told["since"]) == shown
