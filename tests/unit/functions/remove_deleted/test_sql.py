"""Every statement of remove_deleted, before GoogleSQL's own analyzer."""

from pathlib import Path

import pytest

from tests.support import ROOT, googlesql

SQL = ROOT / "functions" / "remove_deleted" / "sql"
FILES = sorted(str(path.relative_to(SQL)) for path in SQL.rglob("*.sql"))
PARAMETERS = dict.fromkeys(("after_id", "to_id", "answers", "event", "rows", "ids", "user"), "STRING") | {
    "most": "INT64",
    "now": "TIMESTAMP",
    "since": "TIMESTAMP",
    "before": "TIMESTAMP",
    "undated": "BOOLEAN",
}


@pytest.mark.parametrize("file", FILES)
def test_bigquery_would_take_it(file: str) -> None:
    kind = "DATETIME" if file.startswith("tweet_versions/") else "TIMESTAMP"  # of the column that it is partitioned by
    googlesql.check((SQL / file).read_text(), PARAMETERS | {"from": kind, "to": kind})


def test_the_analyzer_minds_what_a_change_names() -> None:
    with pytest.raises(googlesql.Refused, match="Unrecognized name: nope"):
        googlesql.check("DELETE FROM archive WHERE nope = 1", {})


@pytest.mark.parametrize("file", FILES)
def test_each_begins_with_what_it_does(file: str) -> None:
    assert (SQL / file).read_text().startswith("-- ")


@pytest.mark.parametrize(
    "file", [file for file in FILES if Path(file).name in ("remove.sql", "rewrite.sql", "discard.sql")]
)
def test_whatever_changes_a_table_has_a_range_and_an_age(file: str) -> None:
    sql = (SQL / file).read_text()
    column = {"tweet_versions": "created_at", "archive": "received_at", "rejected": "publish_time"}[Path(file).parts[0]]
    assert f"{column} >= @from AND" in sql
    assert "< @before" in sql
