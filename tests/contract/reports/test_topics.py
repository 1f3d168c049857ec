"""A report of one topic is of its posts, whichever question is asked."""

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from reports import cli, export, narrowing, options, query, questions, request, results
from reports.errors import UsageError
from reports.params import Params
from reports.query import Source
from reports.questions import Question
from tests.support.report_rows import fresh
from tests.support.themes import compose

UNTIL = datetime(2026, 11, 3, tzinfo=UTC)
ASKED = Params(UNTIL - timedelta(days=2), UNTIL)
THEMES = compose(10)


@pytest.fixture(scope="module")
def source(session_client: bigquery.Client) -> Source:
    rows = [
        {
            "id": str(1_000 + number),
            "created_at": f"2026-11-02T{number % 24:02}:00:00",
            "user_id": f"u{number % 50}",
            "lang": lang,
            "text": text,
        }
        for number, (_, lang, text) in enumerate(THEMES)
    ]
    return fresh(session_client, {"tweet_versions": rows})


def test_the_other_questions_are_asked_of_the_posts_of_the_topic(source: Source) -> None:
    whole = results.make_report(source, ASKED, ["topics", "topic_posts"]).results
    listed = [row for row in whole["topic_posts"].rows if row["topic"].startswith("1: ")]
    limited = narrowing.with_topic(source, ASKED, 1)
    assert sorted(limited.topic_ids) == sorted(row["id"] for row in listed)
    assert limited.filters == {"topic": listed[0]["topic"]}
    report = results.make_report(source, limited, ["totals", "posts_to_read"]).results
    assert report["totals"].rows[0]["total_posts"] == len(listed) == whole["topics"].rows[0]["posts"]
    themes = {THEMES[int(row["id"]) - 1_000][0] for row in report["posts_to_read"].rows}
    assert len(themes) == 1


def test_an_export_has_the_posts_of_the_topic(source: Source, tmp_path: Path) -> None:
    limited = narrowing.with_topic(source, ASKED, 2)
    path = tmp_path / "topic.csv"
    assert export.write(source, limited, path) == len(limited.topic_ids)
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert {row["id"] for row in csv.DictReader(file)} == set(limited.topic_ids)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_beside_a_coding_sheet_are_the_topics_of_its_posts(source: Source, tmp_path: Path) -> None:
    path = tmp_path / "coding.csv"
    asked = replace(ASKED, sample=40)
    assert export.write(source, asked, path, export.Kind.SAMPLE, with_topics=True) == 40
    sheet, beside = read(path), read(tmp_path / "coding-topics.csv")
    assert "topic" not in sheet[0], "it would suggest a code"
    assert [row["id"] for row in beside] == [row["id"] for row in sheet]
    listed = results.make_report(source, ASKED, ["topic_posts"]).results["topic_posts"].rows
    topic_of = {row["id"]: row["topic"] for row in listed}
    assert [row["topic"] for row in beside] == [topic_of[row["id"]] for row in beside]
    assert "`-topics.csv`" in (tmp_path / "coding-codebook.md").read_text()
    export.write(source, asked, tmp_path / "other.csv", export.Kind.SAMPLE)
    assert "topics" not in (tmp_path / "other-codebook.md").read_text()


def test_a_sheet_with_codes_in_it_is_not_replaced(tmp_path: Path) -> None:
    typed = ["--sample", "40", "--export", str(tmp_path / "coding.csv"), "--topics", "auto", "--coders", "ann"]
    arguments = options.parser().parse_args(typed)
    request.check_outputs(arguments)
    (tmp_path / "coding-ann.csv").write_text("id,code\n1,joy\n")
    with pytest.raises(UsageError, match=r"coding-ann\.csv exists and may have codes in it"):
        request.check_outputs(arguments)


@pytest.mark.parametrize(
    ("typed", "times"),
    [
        (["--only", "totals"], 0),
        (["--only", "topics"], 1),
        (["--only", "totals", "--topic", "1"], 1),
        (["--only", "topics", "--topic", "1"], 2),
        (["--export", "x.csv", "--topic", "1"], 1),
        (["--export", "x.csv", "--sample", "9", "--topics", "auto"], 1),
        (["--export", "x.csv", "--sample", "9", "--topics", "auto", "--topic", "1"], 2),
        (["--export", "x.gexf", "--network", "mentions", "--topic", "1"], 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_each_time_that_topics_are_asked_for_is_paid(typed: list[str], times: int) -> None:
    arguments = options.parser().parse_args(typed)
    names = tuple(arguments.only.split(",")) if arguments.only else ()
    paid = request.questions_to_pay(arguments, names)
    assert [question.template for question in paid].count(questions.load("topics").template) == times


@pytest.mark.parametrize(
    "typed",
    [["--only", "topics", "--topic", "1"], ["--only", "totals,topics,topics_over_time", "--compare", "language"]],
    ids=["a topic", "a comparison"],
)
def test_as_many_queries_are_run_as_are_paid(
    source: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: list[str]
) -> None:
    run, ran = query.run, list[Question]()

    def counted(source: Source, question: Question, params: Params) -> Any:
        ran.append(question)
        return run(source, question, params)

    @contextmanager
    def opened(*_: object) -> Iterator[Source]:
        yield source

    monkeypatch.setattr(query, "run", counted)
    monkeypatch.setattr(cli, "_source", opened)
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    period = ["--from", ASKED.since.isoformat(), "--to", ASKED.until.isoformat(), "--results", str(tmp_path / "report")]
    assert cli.main([*period, *typed]) == 0
    assert written.getvalue().startswith(f"{len(ran)} queries ")


def test_without_topics_a_sheet_that_should_have_them_is_not_written(source: Source, tmp_path: Path) -> None:
    german = replace(ASKED, language="de", kind="original", since=UNTIL - timedelta(hours=20), sample=40)
    with pytest.raises(UsageError, match=r"they need 60 different posts.* Leave out --topics"):
        export.write(source, german, tmp_path / "coding.csv", export.Kind.SAMPLE, with_topics=True)
    assert list(tmp_path.iterdir()) == []


def test_a_topic_that_is_not_there_is_named_with_those_that_are(source: Source) -> None:
    with pytest.raises(UsageError, match="--topic 9: the topics of this period are 1 to 4"):
        narrowing.with_topic(source, ASKED, 9)
    early = replace(ASKED, since=ASKED.since - timedelta(days=9), until=ASKED.since)
    with pytest.raises(UsageError, match="this period has no topics"):
        narrowing.with_topic(source, early, 1)
