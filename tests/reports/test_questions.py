"""Each question: what it is asked of (rows.yaml) and the whole answer (questions/<name>.yaml), on a real SQL engine; and every
statement of the reports and views by Google's own analyzer, which minds what the embedded engine does not.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.bigquery.create import INFRA, VIEWS
from reports import ask, questions
from reports.ask import Source
from reports.asked import Asked
from tests import googlesql

HERE = Path(__file__).parent / "questions"
CASES = [
    pytest.param(file.stem, case, id=f"{file.stem}: {case['name']}")
    for file in sorted(HERE.glob("*.yaml"))
    for case in yaml.safe_load(file.read_text())
]
TYPES = {
    "from": "TIMESTAMP", "to": "TIMESTAMP", "timezone": "STRING", "keyword": "STRING", "rule": "STRING", "minimum": "INT64",
    "now": "TIMESTAMP", "seconds": "INT64",
}  # fmt: skip
FILES = sorted(file.relative_to(questions.FOLDER).with_suffix("").as_posix() for file in questions.FOLDER.rglob("*.sql"))


def asked(**more: Any) -> Asked:
    """From Saturday to Tuesday in New York, over the night in which the clocks went back."""
    base: dict[str, Any] = {"since": "2026-10-31T04:00:00", "until": "2026-11-03T05:00:00", "timezone": "America/New_York", "minimum": 1}
    given = base | more
    times = {name: datetime.fromisoformat(str(given[name])).replace(tzinfo=UTC) for name in ("since", "until")}
    return Asked(**(given | times))


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_question_is_answered_with_these_rows(source: Source, name: str, case: dict[str, Any]) -> None:
    rows = ask.answer(source, questions.read(name), asked(**case.get("asked", {})))
    if case.get("only_rows_with"):
        rows = [row for row in rows if row[case["only_rows_with"]]]
    columns = list(case["rows"][0]) if case["rows"] else []
    shown = [{name: plain(row[name]) for name in columns} for row in rows] if columns else rows
    assert shown == case["rows"]
    if not case.get("some_columns"):
        assert not rows or list(rows[0]) == columns
    if "count" in case:
        assert len(ask.answer(source, questions.read(name), asked(**case.get("asked", {})))) == case["count"]


def test_every_question_has_a_case() -> None:
    assert {file.stem for file in HERE.glob("*.yaml")} == set(questions.NAMES)
    assert {name for name in FILES if "/" not in name} == set(questions.NAMES)


@pytest.mark.parametrize("name", FILES)
def test_google_s_own_analyzer_takes_the_query(name: str) -> None:
    question = questions.read(name)
    found = googlesql.columns(question.sql, {parameter: TYPES[parameter] for parameter in question.parameters})
    assert found
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("name", questions.NAMES)
def test_the_query_to_paste_is_the_same_query(source: Source, name: str) -> None:
    """With values in place of parameters, and with whole names in place of a default dataset."""
    question = questions.read(name)
    pasted = questions.pasteable(question, asked(keyword="mu'sic\\"), f"{googlesql.PROJECT}.{googlesql.DATASET}")
    assert googlesql.columns(pasted, {}) == googlesql.columns(
        question.sql, {parameter: TYPES[parameter] for parameter in question.parameters}
    )
    here = questions.pasteable(question, asked(), source.name)
    rows, _ = ask.query(source, here, {})
    assert rows == ask.answer(source, question, asked())


@pytest.mark.parametrize("view", VIEWS)
def test_google_s_own_analyzer_takes_the_view(view: str) -> None:
    assert (INFRA / "views" / f"{view}.sql").is_file()
    assert googlesql.columns(f"SELECT * FROM {view}", {})


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
