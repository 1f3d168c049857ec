"""What is logged: lines that log-based metrics can count, and never a word of a post."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from functions.load_tweet.commit import Entry
from functions.load_tweet.outcomes import Outcomes
from posts.rows import Result
from runtime import log
from warehouse.errors import BadMoment

TRACE = "0af7651916cd43dd8448eb211c80319c"


Make = Callable[[], Entry]  # inside the event loop that the entry's answer belongs to


def lines_of(capsys: pytest.CaptureFixture[str], *makes: Make, error: str = "", busy: int = 0) -> list[dict[str, Any]]:
    async def main() -> None:
        counts = Outcomes("p")
        entries = [make() for make in makes]
        counts.on_failed(entries, BadMoment(error)) if error else counts.on_stored(entries)
        for _ in range(busy):
            counts.count_busy()
        counts.log_totals()
        counts.log_totals()

    asyncio.run(main())
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def entry(message_id: str, outcome: str = "loaded", reason: str = "", *unknown: str, trace: str = "") -> Make:
    rows = [("t", message_id, {"text": "what a person wrote"})]
    result = Result(outcome, rows, reason, unknown)
    return lambda: Entry(message_id, result, 1, trace, asyncio.get_running_loop().create_future())


def without_time(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in ("time", "part")}


def test_one_line_a_group_and_outcome_with_what_a_metric_needs(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(
        capsys,
        entry("m1"),
        entry("m2", trace=f"00-{TRACE}-b7ad6b7169203331-01"),
        entry("m3", "filtered", "no_keyword"),
        entry("m4", "filtered", "language"),
        entry("m5", "filtered", "no_keyword"),
        entry("m6", "rejected", "not_json"),
    )
    assert [without_time(line) for line in lines[:3]] == [
        {
            "severity": "INFO",
            "event": "stored",
            "outcome": "loaded",
            "count": 2,
            "messages": ["m1", "m2"],
            "logging.googleapis.com/trace": f"projects/p/traces/{TRACE}",
        },
        {
            "severity": "INFO",
            "event": "stored",
            "outcome": "filtered",
            "count": 3,
            "messages": ["m3", "m4", "m5"],
            "reasons": {"no_keyword": 2, "language": 1},
        },
        {
            "severity": "WARNING",
            "event": "stored",
            "outcome": "rejected",
            "count": 1,
            "messages": ["m6"],
            "reasons": {"not_json": 1},
        },
    ]
    totals = {
        "loaded": 2,
        "filtered": 3,
        "rejected": 1,
        "failed": 0,
        "busy": 0,
        "unknown_fields": 0,
        "payload_numbers_as_text": 0,
    }
    assert without_time(lines[3]) == {"severity": "INFO", "event": "totals", **totals}
    assert len(lines) == 4, "the same totals are told once"


def test_a_failure_names_its_messages_once(capsys: pytest.CaptureFixture[str]) -> None:
    line = lines_of(capsys, entry("m1"), entry("m2"), error="BigQuery is down")[0]
    assert without_time(line) == {
        "severity": "ERROR",
        "event": "insert_failed",
        "outcome": "failed",
        "count": 2,
        "messages": ["m1", "m2"],
        "message": "BigQuery is down",
    }


def test_refusals_are_counted_and_told_together(capsys: pytest.CaptureFixture[str]) -> None:
    line = lines_of(capsys, busy=7)[0]
    assert without_time(line) == {"severity": "WARNING", "event": "refused", "outcome": "busy", "count": 7}


def test_an_unknown_field_is_told_once_and_counted_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(capsys, *(entry(f"m{n}", "loaded", "", "data.mood") for n in range(5)))
    assert [line["field"] for line in lines if line["event"] == "unknown_field"] == ["data.mood"]
    assert lines[-1]["unknown_fields"] == 5


def test_no_text_of_a_post_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    everything = json.dumps(
        lines_of(capsys, entry("m1"), entry("m2", "rejected", "no_post"), entry("m3", "filtered", "retweet"))
    )
    failed = json.dumps(lines_of(capsys, entry("m1"), error="down"))
    assert "what a person wrote" not in everything + failed


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (f"00-{TRACE}-b7ad6b7169203331-01", TRACE),
        (f"{TRACE}/123;o=1", TRACE),
        ("", None),
        ("00-short-1-01", None),
        ("x" * 1000, None),
    ],
    ids=["W3C", "Google's older one", "none", "malformed", "nonsense"],
)
def test_the_trace_is_taken_from_either_header(header: str, trace: str | None) -> None:
    assert log.trace("p", header) == ({"logging.googleapis.com/trace": f"projects/p/traces/{trace}"} if trace else {})
