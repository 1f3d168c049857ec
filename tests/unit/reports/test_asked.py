"""What people type as a period, and what it means."""

from datetime import UTC, datetime

import pytest

from reports.errors import UsageError
from reports.params import period

NOW = datetime(2026, 11, 23, 14, 30, 15, 123, tzinfo=UTC)
MEANT = {
    "nothing: four weeks": ((None, None, "UTC"), ("2026-10-26T14:30:15", "2026-11-23T14:30:15")),
    "days before now": (("7d", None, "UTC"), ("2026-11-16T14:30:15", "2026-11-23T14:30:15")),
    "hours before an end": (("36h", "2026-11-20T12:00", "UTC"), ("2026-11-19T00:00:00", "2026-11-20T12:00:00")),
    "weeks before the end of a day": (("2w", "2026-11-20", "UTC"), ("2026-11-07T00:00:00", "2026-11-21T00:00:00")),
    "a day in New York": (
        ("2026-11-01", "2026-11-01", "America/New_York"),
        ("2026-11-01T04:00:00", "2026-11-02T05:00:00"),  # of 25 hours
    ),
    "a time with its own offset": (
        ("2026-11-01T00:00:00+02:00", "2026-11-01T00:00:00Z", "Asia/Tokyo"),
        ("2026-10-31T22:00:00", "2026-11-01T00:00:00"),
    ),
}
MISTAKES = {
    "no time at all": (("yesterday", None, "UTC"), "--from yesterday is no time"),
    "an end before the beginning": (("2026-11-20", "2026-11-10", "UTC"), "is not before --to"),
    "a zone that is none": (("7d", None, "Berlin"), "Did you mean Europe/Berlin"),
    "a zone of nowhere": (("7d", None, ""), "Examples: UTC"),
    "a path for a zone": (("7d", None, "../../etc/passwd"), "There is no time zone"),
    "more than ten years": (("2001-01-01", None, "UTC"), "longer than ten years"),
    "before the calendar": (("99999w", None, "UTC"), "longer than ten years|before the calendar"),
    "a day that is none": (("2026-02-30", None, "UTC"), "is no time"),
    "the last day there is": (("7d", "9999-12-31", "UTC"), "is no time"),
}


@pytest.mark.parametrize(("typed", "meant"), MEANT.values(), ids=MEANT.keys())
def test_a_period_means(typed: tuple[str | None, str | None, str], meant: tuple[str, str]) -> None:
    assert period(*typed, NOW) == tuple(datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in meant)


@pytest.mark.parametrize(("typed", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told(typed: tuple[str | None, str | None, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        period(*typed, NOW)
