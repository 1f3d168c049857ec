"""What a question's file may say, and that adding one is adding a file."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reports import charts, questions
from reports.errors import UsageError
from reports.params import Params
from reports.rows import Context
from tests.support import ROOT

ADDED = """-- title: Posts per number of hashtags
-- section: Topics and words
-- order: 621
-- scans: the hashtags of the period's days.
-- finding: {posts:posts} have {hashtags} hashtags.
-- chart: bars hashtags posts
SELECT ARRAY_LENGTH(hashtags) AS hashtags, COUNT(*) AS posts
FROM tweets
WHERE created_at >= DATETIME(@from) AND created_at < DATETIME(@to)
GROUP BY 1
ORDER BY posts DESC, 1
"""


def test_a_question_is_added_by_adding_a_file(tmp_path: Path) -> None:
    for package in ("reports", "posts", "runtime"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "VERSION").write_text("0.0.0\n")
    (tmp_path / "reports" / "questions" / "hashtags_a_post.sql").write_text(ADDED)
    script = """
from datetime import datetime
from reports import charts, questions
from reports.errors import UsageError
from reports.params import Params
from reports.rows import Context
from reports.rows import Context
question = questions.load("hashtags_a_post")
context = Context(gaps=[], end=datetime(2026, 11, 2), begin=datetime(2026, 11, 1))
rows = [{"hashtags": 2, "posts": 1}]
(drawn,) = charts.charts(question, rows, context)
print(questions.sections()["Topics and words"], question.headline(rows, context), drawn.spec["layer"][0]["mark"])
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "'top_hashtags', 'hashtags_a_post', 'top_emoji'" in done.stdout
    assert "1 post have 2 hashtags." in done.stdout
    assert "'type': 'bar'" in done.stdout


@pytest.mark.parametrize("name", [*questions.names(), "search"])
def test_what_a_file_says_is_so(name: str) -> None:
    question = questions.load(name)
    has_own_code = {part for part in ("finding", "chart") if hasattr(question.code, part)}
    assert not (question.finding and "finding" in has_own_code)
    assert not (question.chart and "chart" in has_own_code)
    assert question.chart.partition(" ")[0] in {"", *charts.KINDS}
    assert question.rows in ("", "by time", "the last always")
    assert set(question.needs) <= set(questions.names())
    assert question.scans.endswith(".")


def test_no_two_questions_have_one_place() -> None:
    orders = [questions.load(name).order for name in questions.names()]
    assert len(set(orders)) == len(orders)


def test_a_section_s_questions_stand_together() -> None:
    sections = [questions.load(name).section for name in questions.names(is_compared=True)]
    assert [one for one, before in zip(sections, [None, *sections], strict=False) if one != before] == list(
        questions.sections()
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-- titel: Words\nSELECT 1\n", "'-- titel: Words' is none of title, section"),
        ("SELECT 1\n", "there is no title: a file begins with '-- title: ...'"),
        ("-- Words per day\nSELECT 1\n", "'-- Words per day' is none of"),
        ("-- title: Words\n-- order: first\nSELECT 1\n", "order is 'first', and not a whole number"),
    ],
    ids=["a key that is none", "no title", "no key", "an order that is no number"],
)
def test_a_file_that_says_what_it_may_not_is_refused_with_its_name(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)) as raised:
        questions.parse_head("words_a_day", text)
    assert str(raised.value).startswith("reports/questions/words_a_day.sql: ")


HASHTAGS = questions.load("top_hashtags")
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)
ROW = {"hashtag": "#a", "posts": 1, "authors": 1}
NOTHING = Context(gaps=[], end=MOMENT, begin=MOMENT)


@pytest.mark.parametrize("template", ["{hashtags} leads.", "{posts:people}", "{hashtag} has {", "{0}", "{posts.x}"])
def test_a_sentence_that_cannot_be_filled_names_its_file_and_what_there_is(template: str) -> None:
    with pytest.raises(
        UsageError, match=r"top_hashtags\.sql: finding cannot be filled .*There are: hashtag, posts, authors"
    ):
        replace(HASHTAGS, finding=template).headline([ROW], NOTHING)
    with pytest.raises(UsageError, match=r"top_hashtags\.sql: empty cannot be filled .*There are: minimum, search"):
        replace(HASHTAGS, empty=template).empty_sentence(Params(MOMENT, MOMENT))


@pytest.mark.parametrize("chart", ["pie hashtag posts", "bars hashtag", "network one two three"])
def test_a_chart_that_there_is_not_names_its_file_and_the_kinds(chart: str) -> None:
    with pytest.raises(UsageError, match=r"top_hashtags\.sql: there is no chart .* one of bars, network, ranked"):
        charts.charts(replace(HASHTAGS, chart=chart), [ROW], NOTHING)


def test_a_question_that_another_one_needs_and_nobody_has_written_is_named() -> None:
    with pytest.raises(UsageError, match=r"reports/questions/top_hats\.sql: there is no such file"):
        questions.load("top_hats")
