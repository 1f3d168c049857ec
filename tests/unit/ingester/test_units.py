"""The day's count is the sum of all holders: of each its last row."""

from datetime import UTC, date, datetime, timedelta

from ingester.ledger.model import Event
from ingester.ledger.units import ABANDONED, HolderUnits, Tally, by_holder, tally

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOW.date()


def row(holder: str, seconds: float, own: int, reserved: int, sequence: int) -> Event:
    at = NOW + timedelta(seconds=seconds)
    return Event(holder, at, "alive", own_units=own, reserved_units=reserved, sequence=sequence)


def test_a_holders_last_row_counts_whatever_its_clock_said() -> None:
    events = [row("a", 3_600, 0, 0, 1), row("a", 10, 50, 60, 2), row("a", 20, 70, 40, 3), row("b", 15, 5, 0, 1)]
    assert by_holder(events) == [
        HolderUnits(TODAY, "a", NOW + timedelta(seconds=20), 70, 40),
        HolderUnits(TODAY, "b", NOW + timedelta(seconds=15), 5, 0),
    ]


def test_rows_of_versions_that_wrote_a_total_count_as_one_holder() -> None:
    events = [
        Event("old1", NOW, "alive", delivered_today=100),
        Event("old2", NOW, "searched", delivered_today=90),
        row("new", 0, 7, 0, 1),
    ]
    assert tally(by_holder(events), "me", NOW) == {TODAY: Tally(107)}


def test_others_are_counted_and_a_reservation_that_nobody_corrects_counts_as_spent() -> None:
    units = [
        HolderUnits(TODAY, "me", NOW, 1_000, 1_000),
        HolderUnits(TODAY, "living", NOW, 10, 5),
        HolderUnits(TODAY, "dead", NOW - ABANDONED, 20, 7),
        HolderUnits(date(2026, 11, 21), "dead", NOW - timedelta(hours=13), 30, 8),
    ]
    assert tally(units, "me", NOW) == {TODAY: Tally(37, 5), date(2026, 11, 21): Tally(38)}
