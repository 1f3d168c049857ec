"""All answers of one report, asked one after the other, as each of the ways to show them takes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from . import ask, charts, questions, regions, savings
from .ask import Rows, Source
from .asked import Asked
from .questions import Question


@dataclass(frozen=True, slots=True)
class Answer:
    """`rows` have the columns in the order of the query; `chart` is a Vega-Lite specification, where there is one to draw."""

    question: Question
    rows: Rows
    chart: dict[str, Any] | None
    empty: str  # what to say where there are no rows
    in_short: str  # a sentence, or ''


@dataclass(frozen=True, slots=True)
class Report:
    """`answers` by the question's name; `rules` are (tag, value) in force when the ingester last told."""

    asked: Asked
    made_at: datetime
    dataset: str  # project.dataset
    answers: dict[str, Answer]
    rules: list[tuple[str, str]]
    held: "Held | None"  # None where the ingester has told nothing


@dataclass(frozen=True, slots=True)
class Held:
    """Of the period, as far as the ingester has told: `share` of the time the stream was held; `away` hours it was not."""

    share: float
    away: float
    since: datetime | None  # when the ingester first told, where that is within the period


# what is asked beside the questions themselves, for the page's head and the shading of charts
BESIDES = ("gaps", "live/rules", "live/held")
_TREND = timedelta(days=7)
_QUIET = timedelta(minutes=5)  # the ingester tells of itself each minute
# what is done to the rows of some questions, with data that BigQuery has not
_AFTERWARDS: dict[str, Callable[[Rows], Rows]] = {
    "posts_by_region": lambda rows: regions.by_country(rows) if rows else rows,
    "dropped": savings.of_this_project,
}
_EMPTY = {
    "top_hashtags": "No hashtag is on at least {minimum} posts of this period.",
    "top_mentions": "No account is mentioned in at least {minimum} posts of this period.",
    "top_links": "No site is linked in at least {minimum} posts of this period.",
    "top_pages": "No page is linked in at least {minimum} posts of this period.",
    "same_texts": "No text was posted by several authors in this period.",
    "top_authors": "No author has at least {minimum} posts in this period.",
    "top_originals": "No post was retweeted at least {minimum} times in this period.",
    "sentiment_extremes": "No post of this period has a sentiment other than zero: VADER knows English only.",
    "dropped": "The filter dropped nothing in this period.",
    "receipt": "Nothing arrived in this period, and no gap is known.",
    "gaps": "No gap is known in this period.",
}


def make(
    source: Source,
    asked: Asked,
    names: Sequence[str],
    told: Callable[[str], None] = lambda name: None,
) -> Report:
    """Asks each question; `told` is called with the name of the one that is being asked. Raises ReportError."""
    found: dict[str, tuple[Question, Rows]] = {}
    for name in dict.fromkeys([*names, "gaps"]):  # the charts shade them
        told(name)
        question = questions.read(name)
        rows = ask.answer(source, question, asked)
        found[name] = (
            question,
            with_offsets(rows, asked) if name == "gaps" else _AFTERWARDS.get(name, _as_they_are)(rows),
        )
    week = replace(asked, since=min(asked.since, asked.until - _TREND))
    gaps = dict.fromkeys(found, found["gaps"][1])
    if "trend" in found and week != asked:  # which looks back further than a shorter period
        gaps["trend"] = ask.answer(source, found["gaps"][0], week)
    end = asked.local(asked.until)
    answers = {
        name: Answer(
            question, rows, charts.chart(name, rows, gaps[name], end), empty(name, asked), _in_short(name, rows)
        )
        for name, (question, rows) in found.items()
        if name in names
    }
    return Report(asked, datetime.now(UTC), source.name, answers, _rules(source, asked), _held(source, asked))


def with_offsets(gaps: Rows, asked: Asked) -> Rows:
    """The rows of gaps.sql, without its offsets: a time in the hour that a clock shows twice gets its zone, and is shown with an offset."""
    zone = ZoneInfo(asked.timezone)
    placed: Rows = []
    for row in gaps:
        told = {column: value for column, value in row.items() if not column.endswith("_offset")}
        for column in ("since", "until"):
            if (moment := row[column]) is not None:
                offset = timedelta(minutes=row[f"{column}_offset"])
                first, second = moment.replace(tzinfo=zone), moment.replace(tzinfo=zone, fold=1)
                if first.utcoffset() != second.utcoffset():
                    told[column] = first if first.utcoffset() == offset else second
        placed.append(told)
    return placed


def _as_they_are(rows: Rows) -> Rows:
    return rows


def _in_short(name: str, rows: Rows) -> str:
    """One sentence, where a question has an answer as short as that."""
    if name != "trend" or not rows:
        return ""
    both = [row for row in rows if row["week_before"] is not None]
    now, before = sum(row["posts"] for row in both), sum(row["week_before"] for row in both)
    bursts = sum(row["burst"] for row in rows)
    change = f"{now / before - 1:+.1%}" if before else "nothing to compare with"
    return f"{now:,} posts this week, {before:,} the week before: {change}. {bursts:,} hours with a burst."


def empty(name: str, asked: Asked) -> str:
    return _EMPTY.get(name, "There are no posts in this period.").format(minimum=asked.minimum)


def _held(source: Source, asked: Asked) -> Held | None:
    """What is after the ingester's last word was not held: an ingester that is dead writes no gap."""
    row = ask.answer(source, questions.read("live/held"), asked)[0]
    first, last = row["first_told"], row["last_told"]
    if first is None:
        return None
    begin = max(asked.since, first)
    silent = max((asked.until - max(last, begin)).total_seconds() - _QUIET.total_seconds(), 0)
    told = (asked.until - begin).total_seconds()
    away = min(row["seconds_not_held"] + silent, told)
    return Held(1 - away / told if told > 0 else 1.0, away / 3_600, first if first > asked.since else None)


def _rules(source: Source, asked: Asked) -> list[tuple[str, str]]:
    question = questions.read("live/rules")
    found = ask.answer(source, question, asked)
    rules = orjson.loads(found[0]["in_force"]) if found else []
    return [(str(rule.get("tag") or ""), str(rule.get("value") or "")) for rule in rules]
