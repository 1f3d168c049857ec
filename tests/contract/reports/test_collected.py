"""A report is of the time in which posts were collected: those that nobody collected are not zero. --search limits what is written."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud import bigquery

from reports import export, narrowing, query, questions, results
from reports.params import Params
from reports.rows import Context
from tests.support.report_rows import asked, fresh

POST = {"id": "1", "created_at": "2026-11-02T09:40:00", "text": "Klimaschutz now", "payload": '{"data": {}}'}
SINCE = datetime.fromisoformat("2026-11-01T00:00:00+00:00")


def told(at: str) -> dict[str, Any]:
    return {"holder": "h", "at": at, "event": "started"}


BEGINNINGS = {
    "at the hour of the first post, where the ingester came later": (
        [POST],
        [told("2026-11-02T12:00:00Z")],
        "2026-11-02T09:00:00+00:00",
    ),
    "where the ingester first told": ([POST], [told("2026-11-01T05:30:00Z")], "2026-11-01T05:00:00+00:00"),
    "as asked, where it was collecting before": ([POST], [told("2026-10-01T00:00:00Z")], "2026-11-01T00:00:00+00:00"),
    "as asked, where nothing is known": ([], [], "2026-11-01T00:00:00+00:00"),
    "as asked, where it began afterwards": ([], [told("2026-12-01T00:00:00Z")], "2026-11-01T00:00:00+00:00"),
    "at the first post, where no ingester has told": ([POST], [], "2026-11-02T09:00:00+00:00"),
}


@pytest.mark.parametrize(("posts", "events", "begin"), BEGINNINGS.values(), ids=BEGINNINGS.keys())
def test_where_a_report_begins(
    session_client: bigquery.Client, posts: list[dict[str, Any]], events: list[dict[str, Any]], begin: str
) -> None:
    rows = {name: of_it for name, of_it in (("tweet_versions", posts), ("ingester_events", events)) if of_it}
    source = fresh(session_client, rows)
    period = asked(since="2026-11-01T00:00:00", until="2026-11-04T00:00:00")
    found = narrowing.collected_period(source, period) or period
    assert found.since.isoformat() == begin


ENDS = {
    "at the hour after the last post, where no ingester has told": ([POST], [], "2026-11-02T10:00:00+00:00"),
    "where the ingester last told": (
        [POST],
        [told("2026-11-01T05:30:00Z"), told("2026-11-03T07:10:00Z")],
        "2026-11-03T08:00:00+00:00",
    ),
    "as asked, where it told a minute before": ([POST], [told("2026-11-03T23:59:00Z")], "2026-11-04T00:00:00+00:00"),
    "as asked, where it goes on afterwards": ([POST], [told("2026-11-20T00:00:00Z")], "2026-11-04T00:00:00+00:00"),
}


@pytest.mark.parametrize(("posts", "events", "end"), ENDS.values(), ids=ENDS.keys())
def test_where_a_report_ends(
    session_client: bigquery.Client, posts: list[dict[str, Any]], events: list[dict[str, Any]], end: str
) -> None:
    rows = {name: of_it for name, of_it in (("tweet_versions", posts), ("ingester_events", events)) if of_it}
    source = fresh(session_client, rows)
    found = narrowing.collected_period(source, asked(since="2026-11-01T00:00:00", until="2026-11-04T00:00:00"))
    assert found
    assert found.until.isoformat() == end


def test_a_quiet_time_at_an_end_of_the_period_is_no_end_of_collecting(session_client: bigquery.Client) -> None:
    posts = [POST | {"id": str(day), "created_at": f"2026-11-{day:02}T09:00:00"} for day in (1, 5, 9)]
    source = fresh(session_client, {"tweet_versions": posts})
    now = datetime(2026, 11, 20, tzinfo=UTC)
    within = asked(since="2026-11-03T00:00:00", until="2026-11-08T00:00:00")
    assert narrowing.collected_part(source, within, now) == within
    before = narrowing.collected_part(source, asked(since="2026-10-20T00:00:00", until="2026-11-20T00:00:00"), now)
    assert (before.since.isoformat(), before.until.isoformat()) == (
        "2026-11-01T09:00:00+00:00",
        "2026-11-09T10:00:00+00:00",
    )


def test_coverage_ends_when_the_ingester_died_and_not_at_the_requested_end(session_client: bigquery.Client) -> None:
    events = [told("2026-11-01T00:00:00Z"), told("2026-11-01T11:55:00Z")]
    source = fresh(
        session_client, {"tweet_versions": [POST | {"created_at": "2026-11-01T09:00:00"}], "ingester_events": events}
    )
    period = asked(since="2026-11-01T00:00:00", until="2026-11-02T00:00:00")
    known = narrowing.collected_period(source, period)
    assert known
    assert known.until.isoformat() == "2026-11-01T12:00:00+00:00"
    held = results.make_report(source, known, ["totals"], covered_until=period.until).coverage
    assert held
    assert (held.share, held.away) == (0.5, 12.0)


def test_a_week_is_compared_with_the_one_before_and_they_share_no_hour(session_client: bigquery.Client) -> None:
    """One post at each half hour: the last 168 hours, of which the last has just begun, and the 168 before."""
    end = datetime.fromisoformat("2026-11-15T17:20:00+00:00")
    moments = [end - timedelta(hours=n, minutes=20) + timedelta(minutes=10) for n in range(400)]
    posts = [{"id": str(n), "created_at": f"{moment:%Y-%m-%dT%H:%M:%S}"} for n, moment in enumerate(moments)]
    source = fresh(session_client, {"tweet_versions": posts})
    rows = query.run(source, questions.load("trend"), Params(end - timedelta(days=2), end))
    compared = [row for row in rows if row["week_before"] is not None]
    assert (len(compared), sum(row["posts"] for row in compared), sum(row["week_before"] for row in compared)) == (
        168,
        168,
        168,
    )


def test_bursts_are_those_of_the_whole_period(session_client: bigquery.Client) -> None:
    end = datetime.fromisoformat("2026-11-29T00:00:00+00:00")
    posts = []
    for day in range(28):
        for number in range(60 if day == 10 else 12):
            moment = end - timedelta(days=28 - day, hours=-18, minutes=-number)
            posts.append({"id": f"{day}{number:03}", "created_at": f"{moment:%Y-%m-%dT%H:%M:%S}"})
    source = fresh(session_client, {"tweet_versions": posts})
    period = Params(end - timedelta(days=28), end)
    rows = query.run(source, questions.load("trend"), period)
    assert [f"{row['hour']:%d %H}" for row in rows if row["burst"]] == ["11 18"]
    assert questions.load("trend").headline(rows, Context([], end, end)) == (
        "84 posts in the last 7 days of the period, +0.0% on the 7 days before (84). 1 hour with a burst in the whole period, "
        "0 of them in these 7 days."
    )


def test_an_export_has_the_posts_that_are_searched_for(session_client: bigquery.Client, tmp_path: Any) -> None:
    source = fresh(session_client, {"tweet_versions": [POST, POST | {"id": "2", "text": "Wetter"}]})
    period = asked(since="2026-11-01T00:00:00", search="klima*")
    for name, kind in (
        ("p.csv", export.Kind.POSTS),
        ("i.csv", export.Kind.IDS),
        ("s.csv", export.Kind.SAMPLE),
        ("m.jsonl", export.Kind.MESSAGES),
    ):
        assert export.write(source, period, tmp_path / name, kind) == 1, kind
