"""A report begins where collecting began, because posts that nobody collected are not zero. --search limits what is written."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from google.cloud import bigquery

from reports import export, results
from tests.support.report_rows import asked, fresh

POST = {"id": "1", "created_at": "2026-11-02T09:40:00", "text": "Klimaschutz now", "payload": '{"data": {}}'}
SINCE = datetime.fromisoformat("2026-11-01T00:00:00+00:00")


def told(at: str) -> dict[str, Any]:
    return {"holder": "h", "at": at, "event": "started"}


BEGINNINGS = {
    "at the hour of the first post, where the ingester came later": ([POST], [told("2026-11-02T12:00:00Z")], "2026-11-02T09:00:00+00:00"),
    "where the ingester first told": ([POST], [told("2026-11-01T05:30:00Z")], "2026-11-01T05:00:00+00:00"),
    "as asked, where it was collecting before": ([POST], [told("2026-10-01T00:00:00Z")], "2026-11-01T00:00:00+00:00"),
    "as asked, where nothing is known": ([], [], "2026-11-01T00:00:00+00:00"),
    "as asked, where it began afterwards": ([], [told("2026-12-01T00:00:00Z")], "2026-11-01T00:00:00+00:00"),
    "at the first post, where no ingester has told": ([POST], [], "2026-11-02T09:00:00+00:00"),
}  # fmt: skip


@pytest.mark.parametrize(("posts", "events", "begin"), BEGINNINGS.values(), ids=BEGINNINGS.keys())
def test_where_a_report_begins(
    session_client: bigquery.Client, posts: list[dict[str, Any]], events: list[dict[str, Any]], begin: str
) -> None:
    rows = {name: of_it for name, of_it in (("tweet_versions", posts), ("ingester_events", events)) if of_it}
    source = fresh(session_client, rows)
    found = results.begun(source, asked(since="2026-11-01T00:00:00", until="2026-11-04T00:00:00"))
    assert found.since.isoformat() == begin
    assert found.until - SINCE == timedelta(days=3)


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
