"""Each question: what it is asked of (rows.yaml) and the whole answer (questions/<name>.yaml), on a real SQL engine; and every
statement of the reports and views by Google's own analyzer, which minds what the embedded engine does not.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.cloud import bigquery

from local.emulators.bigquery.create import INFRA, VIEWS
from reports import query, questions, results
from reports.params import COMPARED, Params
from reports.query import Source
from tests.support import ROOT, googlesql
from tests.support.report_rows import asked, fresh
from tests.support.searches import FOUND

HERE = Path(__file__).parent / "questions"
CASES = [
    pytest.param(file.stem, case, id=f"{file.stem}: {case['name']}")
    for file in sorted(HERE.glob("*.yaml"))
    for case in yaml.safe_load(file.read_text())
]
TYPES = {
    "topic_ids": "STRING",
    "from": "TIMESTAMP",
    "to": "TIMESTAMP",
    "timezone": "STRING",
    "keyword": "STRING",
    "rule": "STRING",
    "minimum": "INT64",
    "sample": "INT64",
    "by": "STRING",
    "strata": "STRING",
    "seed": "INT64",
    "week_start": "INT64",
    "unit": "STRING",
    "language": "STRING",
    "source": "STRING",
    "kind": "STRING",
    "parts": "STRING",
    "has_1": "STRING",
    "has_2": "STRING",
    "not_1": "STRING",
    "now": "TIMESTAMP",
    "seconds": "INT64",
}
# what a query may hold besides its file: each condition and each kind of parts
EVERY_FILTER = {
    "keyword": "music",
    "rule": "artist",
    "language": "en",
    "source": "stream",
    "kind": "original",
    "search": "love* this -awful",
    "topic": "1: music",
    "topic_ids": ("101", "104"),
}
SHAPES = [asked(), *(asked(compare=what, parts=("one", "another"), **EVERY_FILTER) for what in COMPARED)]
FILES = sorted(
    file.relative_to(questions.FOLDER).with_suffix("").as_posix()
    for file in questions.FOLDER.rglob("*.sql")
    if "shared" not in file.parts  # asked through those that fill them in
)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_question_is_answered_with_these_rows(source: Source, name: str, case: dict[str, Any]) -> None:
    rows = query.run(source, questions.load(name), asked(**case.get("asked", {})))
    if case.get("only_rows_with"):
        rows = [row for row in rows if row[case["only_rows_with"]]]
    columns = list(case["rows"][0]) if case["rows"] else []
    shown = [{name: plain(row[name]) for name in columns} for row in rows] if columns else rows
    assert shown == case["rows"]
    if not case.get("some_columns"):
        assert not rows or list(rows[0]) == columns
    if "count" in case:
        assert len(query.run(source, questions.load(name), asked(**case.get("asked", {})))) == case["count"]


def test_a_burst_is_told_from_the_daily_round_and_from_a_beginning(session_client: bigquery.Client) -> None:
    """Twelve posts at each 18:00 of two weeks, sixty at the last but one; an outage; a second stream that is two days old."""
    end = datetime(2026, 11, 15, tzinfo=UTC)
    rows = []
    for day in range(1, 15):
        for number in range(60 if day == 13 else 0 if day == 10 else 12):
            moment = f"2026-11-{day:02}T18:{number % 60:02}:00"
            rows.append(
                {"id": f"{day}{number:03}", "created_at": moment, "rules": ["old", *(["new"] if day >= 13 else [])]}
            )
            # always much, never a burst: it began with as much
            rows.append({"id": f"9{day}{number:03}", "created_at": moment.replace("T18", "T06"), "rules": ["old"]})
    gap = {
        "holder": "h",
        "gap_id": "g",
        "reason": "killed",
        "since": "2026-11-10T00:00:00Z",
        "until": "2026-11-11T00:00:00Z",
    }
    events = [{**gap, "at": "2026-11-11T00:00:00Z", "event": "gap_filled", "status": "skipped"}]
    source = fresh(session_client, {"tweet_versions": rows, "ingester_events": events})

    def bursts(rule: str) -> list[tuple[str, float]]:
        answer = query.run(source, questions.load("trend"), Params(end - timedelta(days=7), end, rule=rule))
        assert len(answer) == 168
        return [(f"{row['hour']:%d %H}", row["usual"]) for row in answer if row["burst"]]

    assert bursts("old") == [("13 06", 12.0), ("13 18", 12.0)]  # the day of the gap is none to compare with
    assert bursts("new") == []


def test_the_search_of_the_sql_engine_finds_what_is_then_shown(session_client: bigquery.Client) -> None:
    posts = [
        {"id": str(number), "created_at": "2026-11-01T12:00:00", "text": text}
        for number, (_, text, _) in enumerate(FOUND.values())
    ]
    source = fresh(session_client, {"tweet_versions": posts})
    for number, (wanted, _, match) in enumerate(FOUND.values()):
        found = {row["id"] for row in query.run(source, questions.load("search"), asked(search=wanted))}
        assert (str(number) in found) == (match is not None), wanted


@pytest.mark.parametrize(
    ("events", "share", "away"),
    [
        pytest.param([], None, None, id="nothing was told"),
        pytest.param([("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")], 1.0, 0.0, id="held all the time"),
        pytest.param([("2026-11-01T12:00:00Z", "2026-11-02T00:00:00Z")], 1.0, 0.0, id="since it began"),
        pytest.param([("2026-11-01T00:00:00Z", "2026-11-01T11:55:00Z")], 0.5, 12.0, id="dead since noon"),
        pytest.param(
            [
                ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"),
                ("g1", "2026-11-01T01:00:00Z", "2026-11-01T04:00:00Z"),
                ("g2", "2026-11-01T02:00:00Z", "2026-11-01T03:00:00Z"),
                ("g3", "2026-11-01T03:30:00Z", "2026-11-01T07:00:00Z"),
            ],
            0.75,
            6.0,
            id="gaps that overlap",
        ),
    ],
)
def test_the_share_of_the_time_that_was_held(
    session_client: bigquery.Client, events: list[tuple[str, ...]], share: float | None, away: float | None
) -> None:
    rows: list[dict[str, Any]] = []
    for event in events:
        if len(event) == 2:
            rows += [{"holder": "h", "at": moment, "event": "alive"} for moment in event]
        else:
            gap, since, until = event
            rows.append(
                {
                    "holder": "h",
                    "at": until,
                    "event": "gap_filled",
                    "gap_id": gap,
                    "since": since,
                    "until": until,
                    "status": "filled",
                }
            )
    source = fresh(session_client, {"ingester_events": rows})
    held = results.make_report(
        source, asked(since="2026-11-01T00:00:00", until="2026-11-02T00:00:00"), ["totals"]
    ).coverage
    assert (held and held.share, held and held.away) == (share, away)


def test_every_question_has_a_case() -> None:
    alone = {"search"}  # asked with --search, and in no report
    assert {file.stem for file in HERE.glob("*.yaml")} == {*questions.names(is_compared=True), *alone}
    assert {name for name in FILES if "/" not in name} == {*questions.names(is_compared=True), *alone}


@pytest.mark.parametrize("name", FILES)
def test_google_s_own_analyzer_takes_the_query(name: str) -> None:
    for sql in {questions.load(name).sql(shape) for shape in SHAPES}:
        found = columns_of(sql)
        assert found
        assert len(set(found)) == len(found)


def columns_of(sql: str) -> list[str]:
    return googlesql.columns(sql, {parameter: TYPES[parameter] for parameter in questions.parameters(sql)})


# each kind of parameter and of clause is in one of these
_PASTED = frozenset(
    {
        "totals",
        "trend",
        "posts_by_hour",
        "languages_over_time",
        "posts_to_read",
        "network_of_mentions",
        "receipt",
        "gaps",
    }
)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in _PASTED else [pytest.mark.slow]) for name in questions.names()]
)
def test_the_query_to_paste_is_the_same_query(source: Source, name: str) -> None:
    """With values in place of parameters, and with whole names in place of a default dataset."""
    question = questions.load(name)
    strange = asked(keyword="mu'sic\\")
    pasted = questions.pasteable(question, strange, f"{googlesql.PROJECT}.{googlesql.DATASET}")
    assert googlesql.columns(pasted, {}) == columns_of(question.sql(strange))
    here = questions.pasteable(question, asked(), source.name)
    rows, _ = query.query(source, here, {})
    assert rows == query.run(source, question, asked())


@pytest.mark.parametrize("view", VIEWS)
def test_google_s_own_analyzer_takes_the_view(view: str) -> None:
    assert (INFRA / "views" / f"{view}.sql").is_file()
    assert googlesql.columns(f"SELECT * FROM {view}", {})


def test_google_s_own_analyzer_takes_the_daily_table_of_the_docs() -> None:
    page = (ROOT / "docs" / "how-to" / "daily-table.md").read_text()
    _, _, query = page.partition("\nAS SELECT")
    select = "SELECT" + query.partition("```")[0].replace("twitter.tweets", "tweets")
    assert {"day", "id", "lang"} <= set(googlesql.columns(select, {}))


def test_google_s_own_analyzer_refuses_what_bigquery_would() -> None:
    with pytest.raises(googlesql.Refused, match="Unexpected keyword AT"):
        googlesql.columns("SELECT at FROM ingester_events", {})
    with pytest.raises(googlesql.Refused, match="Unrecognized name: texte"):
        googlesql.columns("SELECT texte FROM tweets", {})


def plain(value: Any) -> Any:
    """As YAML writes it."""
    if isinstance(value, float):
        return round(value, 4)
    return value.isoformat() if hasattr(value, "isoformat") else value
