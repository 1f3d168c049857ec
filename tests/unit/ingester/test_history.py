"""What a start concludes from the ledger: who is alive, which intervals nobody held, what was spent, which stop is in force."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ingester.ledger import history
from ingester.ledger.model import Event, Gap, as_now

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def row(seconds: float, event: str, holder: str = "a", **more: Any) -> Event:
    return Event(holder, at(seconds), event, **more)


RIVALS = {
    "nobody": ([row(0, "started", "me")], None),
    "one who lives": ([row(-100, "started"), row(-10, "alive"), row(0, "started", "me")], "a"),
    "one who has been quiet for too long": ([row(-500, "started"), row(-91, "alive"), row(0, "started", "me")], None),
    "one who has stopped": ([row(-50, "started"), row(-10, "stopped"), row(0, "started", "me")], None),
    "one who came after us": ([row(0, "started", "me"), row(1, "started")], None),
    "one who came at the same moment and is before us by name": ([row(0, "started"), row(0, "started", "me")], "a"),
    "one who came after us and holds the stream": (
        [row(0, "started", "me"), row(0.5, "started"), row(0.8, "connected")],
        "a",
    ),
    "somebody who searched by hand": ([row(-5, "gap_filled"), row(0, "started", "me")], None),
    "an earlier attempt of our execution": ([row(-5, "started", "e2/0/x"), row(0, "started", "me")], None),
    "an earlier attempt of our execution, and another one": (
        [row(-100, "started"), row(-40, "alive"), row(-5, "started", "e2/0/x"), row(0, "started", "me")],
        "a",
    ),
}


@pytest.mark.parametrize(("diary", "holder"), RIVALS.values(), ids=RIVALS.keys())
def test_find_rival_returns_another_live_ingester_or_none(diary: list[Event], holder: str | None) -> None:
    found = history.find_rival(diary, "me", at(1), fresh=90, execution="e2")
    assert (found.holder if found else None) == holder


REPLACED = {
    "by nobody": ([row(0, "connected", "me")], None),
    "by one who holds": ([row(0, "connected", "me"), row(5, "connected")], "a"),
    "by one who is between two connections": (
        [row(0, "connected", "me"), row(5, "connected"), row(6, "disconnected")],
        "a",
    ),
    "by one who has stopped": ([row(0, "connected", "me"), row(5, "connected"), row(6, "stopped")], None),
    "by one before us": ([row(-5, "connected"), row(0, "connected", "me")], None),
    "not by one who was killed before we came": (
        [row(-300, "connected"), row(-20, "alive"), row(-10, "started", "me")],
        None,
    ),
    "by one who came while we tried": ([row(-10, "started", "me"), row(5, "connected")], "a"),
    "by one who connected before what is read, as its heartbeat says": (
        [row(-2_000, "connected", "me"), row(-20, "alive", since=at(-40))],
        "a",
    ),
    "not by one who was frozen and still believes that it holds": (
        [row(-100, "connected", "me"), row(-20, "alive", since=at(-500))],
        None,
    ),
    "not by one who has been quiet for too long": ([row(-200, "started", "me"), row(-150, "connected")], None),
}


@pytest.mark.parametrize(("diary", "holder"), REPLACED.values(), ids=REPLACED.keys())
def test_who_has_replaced_us(diary: list[Event], holder: str | None) -> None:
    last = max(event.at for event in diary if event.holder == "me")
    found = history.newer_holder(diary, "me", since=last, now=at(10), fresh=90)
    assert (found.holder if found else None) == holder


def stop(reason: str, condition: str | None = None, retry: float | None = 3600) -> Event:
    return row(0, "stopped", reason=reason, condition=condition, retry_after=at(retry) if retry is not None else None)


STOPS = {
    "no stop": ([row(0, "stopped", reason="told")], False),
    "no credits": ([stop("credits")], True),
    "no credits, an hour ago": ([stop("credits", retry=-1)], False),
    "somebody has connected since": ([stop("credits"), row(1, "connected", "b")], False),
    "a start that found it in force does not end it": ([stop("credits"), row(1, "stopped", "b", reason="Done")], True),
    "the budget": ([stop("budget")], True),
    "the token": ([stop("token", "7")], True),
    "another token since": ([stop("token", "6")], False),
    "a parameter": ([stop("parameters", "abc", retry=None)], True),
    "a rule that X refuses": ([stop("rules", "r1")], True),
    "other rules since": ([stop("rules", "r0")], False),
    "other code since": ([stop("parameters", "abd", retry=None)], False),
}


@pytest.mark.parametrize(("diary", "in_force"), STOPS.values(), ids=STOPS.keys())
def test_which_stop_is_in_force(diary: list[Event], in_force: bool) -> None:
    conditions = {"token": "7", "parameters": "abc", "rules": "r1"}
    assert (history.stop_in_force(diary, at(10), conditions) is not None) == in_force


HELD = {
    "never": ([row(0, "started"), row(1, "alive")], None),
    "until the last heartbeat of one that was killed": ([row(0, "connected"), row(60, "alive")], (at(60), "killed")),
    "until all was published, as its last heartbeat says": (
        [row(0, "connected"), row(60, "alive", since=at(20))],
        (at(20), "killed"),
    ),
    "until it was paused, told before it stopped": (
        [
            row(0, "connected"),
            row(8, "stopped", "deploy", reason="pause"),
            row(9, "stopped", since=at(8), reason="told"),
        ],
        (at(8), "pause"),
    ),
    "until it was paused, told after it stopped": (
        [
            row(0, "connected"),
            row(9, "stopped", since=at(8), reason="told"),
            row(10, "stopped", "deploy", reason="pause"),
        ],
        (at(8), "pause"),
    ),
    "until it was told to stop": (
        [row(0, "connected"), row(9, "stopped", since=at(8), reason="told")],
        (at(8), "told"),
    ),
    "until X closed": ([row(0, "connected"), row(9, "disconnected", since=at(7), reason="closed")], (at(7), "closed")),
    "not while it waited to connect again": (
        [row(0, "connected"), row(9, "disconnected", since=at(7), reason="closed"), row(60, "alive")],
        (at(7), "closed"),
    ),
    "one after the other": (
        [row(0, "connected"), row(60, "alive"), row(70, "connected", "b"), row(80, "stopped", "b", reason="budget")],
        (at(80), "budget"),
    ),
}


@pytest.mark.parametrize(("diary", "held"), HELD.values(), ids=HELD.keys())
def test_until_when_the_stream_was_held(diary: list[Event], held: tuple[datetime, str] | None) -> None:
    assert history.last_coverage(diary) == held


def opened(seconds: float, gap_id: str, **more: Any) -> Event:
    rules = [{"id": "1", "value": "music", "tag": "t"}]
    return row(seconds, "gap_opened", gap_id=gap_id, since=at(seconds - 1), reason="closed", rules=rules, **more)


def test_open_gaps_end_with_the_next_connection_whoever_made_it() -> None:
    rules = (("1", "music", "t"),)
    diary = [
        opened(10, "g1"),
        row(11, "connected"),
        opened(20, "g2"),
        row(21, "gap_filled", gap_id="g1", status="partial"),
        row(22, "connected", "b"),
        opened(30, "g3"),
    ]
    assert history.open_gaps(diary) == [
        Gap("g2", at(19), "closed", at(22), rules),
        Gap("g3", at(29), "closed", None, rules),
    ]


@pytest.mark.parametrize("reason", ["budget", "pause"])
def test_gaps_that_the_user_wanted_are_not_filled(reason: str) -> None:
    assert Gap("g", NOON, reason).skipped
    assert not Gap("g", NOON, "killed").skipped


def test_connects_and_failures_survive_a_restart() -> None:
    diary = [
        row(0, "connected"),
        row(5, "disconnected", reason="closed"),
        row(6, "refused", reason="HTTP 503"),
        row(12, "refused", reason="HTTP 503"),
    ]
    assert history.connects(diary) == [at(0), at(6), at(12)]
    assert history.failures(diary) == (2, at(12))
    assert history.failures([*diary, row(20, "connected")]) == (0, None)


OLD = {
    "a refused connect": (
        row(0, "disconnected", reason="HTTP 503", note="X did not give the stream"),
        row(0, "refused", reason="HTTP 503"),
    ),
    "a stop that waits for another token": (
        row(0, "stopped", reason="token", note="7: X does not take it"),
        row(0, "stopped", reason="token", condition="7", note="7: X does not take it"),
    ),
    "a stop without a condition": (
        row(0, "stopped", reason="credits", note="402: none left"),
        row(0, "stopped", reason="credits", note="402: none left"),
    ),
    "a row of today": (row(0, "disconnected", reason="closed"), row(0, "disconnected", reason="closed")),
}


@pytest.mark.parametrize(("old", "now"), OLD.values(), ids=OLD.keys())
def test_rows_of_earlier_versions_are_understood(old: Event, now: Event) -> None:
    assert as_now(old) == now


def test_a_row_from_the_future_says_nothing_of_when_the_stream_was_held() -> None:
    diary = [row(0, "connected"), row(60, "alive", since=at(55)), row(3_600, "alive", since=at(3_590))]
    assert history.last_coverage(diary, at(120)) == (at(55), "killed")


def test_a_gap_ends_by_x_s_clock_where_the_connection_says_so() -> None:
    diary = [opened(10, "g1"), row(3_611, "connected", until=at(11))]
    assert [gap.until for gap in history.open_gaps(diary)] == [at(11)]


def test_the_usual_pause_is_rather_too_long_than_too_short() -> None:
    """A post that comes with its author, an original and its author counts as six units."""
    spent = {date(2026, 11, 20): 600, date(2026, 11, 21): 1_200, date(2026, 11, 22): 5}
    assert history.usual_pause(spent, date(2026, 11, 22)) == 86_400 / (900 / 6)
    assert history.usual_pause({date(2026, 11, 22): 5}, date(2026, 11, 22)) is None
    assert history.usual_pause({date(2026, 11, 1): 5}, date(2026, 11, 22)) is None


def test_what_was_fetched_by_hand_does_not_stand_for_the_gaps_before_it() -> None:
    gap = row(
        5, "gap_filled", gap_id="g", since=at(1), until=at(4), reason="closed", status="partial", posts_expected=3
    )
    manual = row(
        6, "gap_filled", gap_id="m", since=at(1), until=at(60), reason="manual", status="filled", posts_expected=9
    )
    uncounted = row(7, "gap_filled", gap_id="u", since=at(5), until=at(8), reason="closed", status="partial")
    assert history.accounted_until([gap, manual, uncounted]) == at(4)


def test_a_search_by_hand_closes_the_gaps_whose_rules_it_has_asked_for() -> None:
    opened = row(4, "gap_opened", gap_id="g", since=at(1), reason="budget", rules=[{"value": "a  b"}, {"value": "c"}])
    skipped = row(5, "gap_filled", gap_id="g", since=at(1), until=at(4), reason="budget", status="skipped")
    filled = row(6, "gap_filled", gap_id="g", status="filled")
    past = [opened, skipped]
    assert history.gaps_covered_by_search(past, at(0), at(9), ["a b", "c", "d"]) == [skipped]
    assert history.gaps_covered_by_search(past, at(2), at(9), ["a b", "c"]) == []
    assert history.gaps_covered_by_search(past, at(0), at(9), ["a b"]) == [], (
        "the posts of the other rule are still missing"
    )
    assert history.gaps_covered_by_search([*past, filled], at(0), at(9), ["a b", "c"]) == []
