"""Collects all answers of one report, in the form that every kind of output uses."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from . import bursts, charts, findings, query, questions, reading, regions, sanitize, savings, words
from .params import Params
from .query import Rows, Source
from .questions import Question


@dataclass(frozen=True, slots=True)
class Answer:
    """`rows` have the columns in the order of the query; `chart` is a Vega-Lite specification, where there is one to draw."""

    question: Question
    rows: Rows
    chart: dict[str, Any] | None
    empty: str  # what to say where there are no rows
    finding: str  # the answer in one sentence, or ''
    columns: tuple[str, ...] = ()  # of the rows, also where there are none


@dataclass(frozen=True, slots=True)
class Report:
    """`answers` by the question's name; `rules` are (tag, value) in force when the ingester last told."""

    asked: Params
    made_at: datetime
    dataset: str  # project.dataset
    answers: dict[str, Answer]
    rules: list[tuple[str, str]]
    held: "Held | None"  # None if the ingester has written nothing
    is_synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """For the part of the period since the ingester's first row: the `share` of time the stream was held, the `away` hours it was not."""

    share: float
    away: float
    since: datetime | None  # the ingester's first row, if it lies within the period


# further queries, for the page's head and the shading of charts
BESIDES = ("gaps", "live/rules", "live/held")
_NEEDS = {"trend": ("words",), "distinctive_words": ("words", "trend"), "posts_by_region": ("points",)}
# columns of the rows that this code makes of BigQuery's; a test holds them to the rows
_COMPLETED = {
    "words": ("lang", "word", "posts", "authors", "share"),
    "phrases": ("lang", "phrase", "posts", "authors", "share"),
    "distinctive_words": ("part", "word", "posts", "elsewhere", "log_odds", "z"),
    "posts_by_region": ("region", "code", "posts", "share", "tagged_with_a_place", "by_the_authors_words"),
    "search": ("posted_at", "user_username", "lang", "id", "before", "match", "after", "found"),
}
_AT_ONCE = 3  # queries: BigQuery takes a hundred; the embedded engine answers one while it translates another
_TREND = timedelta(days=7)
_HOUR = timedelta(hours=1)
_QUIET = timedelta(minutes=5)  # the ingester writes a heartbeat each minute
_EMPTY = {
    "top_hashtags": "No hashtag is on at least {minimum} posts of this period.",
    "top_mentions": "No account is mentioned in at least {minimum} posts of this period.",
    "top_links": "No site is linked in at least {minimum} posts of this period.",
    "top_pages": "No page is linked in at least {minimum} posts of this period.",
    "top_emoji": "No emoji is on at least {minimum} posts of this period.",
    "conversations": "No conversation has at least {minimum} posts in this period.",
    "words": "No word is in more than one post of this period.",
    "phrases": "No phrase is in more than one post of this period.",
    "distinctive_words": "No word sets the last seven days, a burst or a rule apart from the rest.",
    "points": "No post of this period carries coordinates.",
    "rules_over_time": "No post of this period has a rule.",
    "keywords_over_time": "No post of this period has a keyword.",
    "network_of_hashtags": "No two hashtags are together on at least {minimum} posts of this period.",
    "network_of_mentions": "Nobody mentions another in at least {minimum} posts of this period.",
    "network_of_retweets": "Nobody retweets another at least {minimum} times in this period.",
    "network_of_quotes": "Nobody quotes another at least {minimum} times in this period.",
    "posts_to_read": "No post of this period is anything but a retweet.",
    "search": "No post of this period but retweets says '{search}'. A * finds beginnings of words: klima*.",
    "same_texts": "No text was posted by several authors in this period.",
    "top_authors": "No author has at least {minimum} posts in this period.",
    "top_originals": "No post was retweeted at least {minimum} times in this period.",
    "sentiment_extremes": "No post of this period has a sentiment other than zero: VADER knows English only.",
    "dropped": "The filter dropped nothing in this period.",
    "cost_by_day": "Nothing was spent in this period, as far as the ledger of this dataset says.",
    "receipt": "Nothing arrived in this period, and no gap is known.",
    "gaps": "No gap is known in this period.",
}


def make(
    source: Source,
    asked: Params,
    names: Sequence[str],
    told: Callable[[str], None] = lambda name: None,
    *,
    held_until: datetime | None = None,
) -> Report:
    """Asks each question; `told` is called with the name of the one that is being asked. Raises ReportError.

    The share of the time that the stream was held goes to `held_until`, which is later than the period's end if the ingester died.
    """
    pool = ThreadPoolExecutor(_AT_ONCE, "ask")
    try:
        wanted = {question.sql: question for question in needed(names)}
        asking = {sql: pool.submit(query.answer, source, question, asked) for sql, question in wanted.items()}
        found = _Found(source, asked, told, asking)
        return Report(
            asked,
            datetime.now(UTC),
            source.name,
            {name: _answer(found, name) for name in names},
            _rules(found.query("live/rules")),
            _held(found.query("live/held"), replace(asked, until=max(held_until or asked.until, asked.until))),
            source.is_synthetic,
        )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after an error nothing more is queried and paid for


def collected(source: Source, asked: Params) -> Params | None:
    """Return `asked` for the hours in which posts were collected; None where nothing is stored. Raises ReportError.

    Before and after them posts are unknown, not zero. Collecting began with the ingester's first row, or with the first post if that is
    earlier; it ended with the last row or post.
    """
    (row,) = query.answer(source, questions.read("live/collected"), asked)
    begins = [moment for moment in (row["first_told"], row["first_post"]) if moment is not None]
    ends = [moment for moment in (row["last_told"], row["last_post"]) if moment is not None]
    if not begins:
        return None
    first, last = min(begins), max(ends)
    if first >= asked.until or last < asked.since:
        return asked
    since = max(_hour(first), asked.since)
    until = min(_hour(last) + _HOUR, asked.until) if asked.until - last > _QUIET else asked.until
    return replace(asked, since=since, until=until)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def needed(names: Sequence[str]) -> list[Question]:
    """All that a report with these questions asks BigQuery, each query once."""
    more = [other for name in names for other in _NEEDS.get(name, ())]
    asked = [questions.read(name) for name in dict.fromkeys((*names, *more, *BESIDES))]
    return list({question.sql: question for question in asked}.values())


def _answer(found: "_Found", name: str) -> Answer:
    rows, asked = found.rows(name), found.asked
    beside = charts.Beside(
        gaps=found.gaps_of_the_trend if name == "trend" else found.rows("gaps"),
        end=asked.local(asked.until).replace(tzinfo=None),
        begin=asked.local(asked.since).replace(tzinfo=None),
        week_start=asked.week_start,
        words=found.words_of_bursts if name == "trend" else {},
        points=found.rows("points") if name == "posts_by_region" else [],
    )
    finding = sanitize.for_terminal(findings.of(name, rows, found.words_of_bursts if name == "trend" else {}))
    columns = tuple(rows[0]) if rows else _COMPLETED.get(name) or _columns(found.query(name))
    return Answer(questions.read(name), rows, charts.chart(name, rows, beside), empty(name, asked), finding, columns)


def _columns(fetched: Rows) -> tuple[str, ...]:
    columns = fetched.columns if isinstance(fetched, query.Fetched) else ()
    return tuple(column for column in columns if not column.endswith("_offset"))  # with_offsets takes these away


@dataclass
class _Found:
    """Answers so far. Questions that share a query, and those that look at each other's answers, ask BigQuery once."""

    source: Source
    asked: Params
    told: Callable[[str], None]
    asking: dict[str, Future[Rows]]  # by the query's text
    _rows: dict[str, Rows] = field(default_factory=dict)

    def rows(self, name: str) -> Rows:
        if name not in self._rows:
            self.told(name)
            self._rows[name] = self._afterwards(name)
        return self._rows[name]

    def _afterwards(self, name: str) -> Rows:
        """Return BigQuery's rows, completed with what only this code knows."""
        match name:
            case "words":
                return words.by_language(self.texts)
            case "phrases":
                return words.phrases_by_language(self.texts)
            case "distinctive_words":
                return words.distinctive(self.texts, self._parts(), self.asked.minimum)
        rows = self.query(name)
        match name:
            case "gaps":
                return with_offsets(rows, self.asked)
            case "posts_by_region" if rows:
                return regions.by_country(rows)
            case "dropped":
                return savings.of_this_project(rows)
            case "search" if self.asked.search is not None:
                return reading.in_context(rows, self.asked.search)
        return rows

    def query(self, name: str) -> Rows:
        """Return BigQuery's rows, unchanged."""
        return self.asking[questions.read(name).sql].result()

    @cached_property
    def texts(self) -> list[words.Text]:
        return words.read(self.query("words"))

    @cached_property
    def gaps_of_the_trend(self) -> Rows:
        """It looks back further than a short period does."""
        week = replace(self.asked, since=min(self.asked.since, self.asked.until - _TREND))
        return self.rows("gaps") if week == self.asked else query.answer(self.source, questions.read("gaps"), week)

    @cached_property
    def words_of_bursts(self) -> dict[datetime, list[str]]:
        """The surest words of each burst, by its first hour."""
        by_part: dict[str, list[str]] = {}
        for row in self.rows("distinctive_words"):
            by_part.setdefault(row["part"], []).append(row["word"])
        return {burst.first: by_part[burst.name] for burst in bursts.find(self.rows("trend")) if burst.name in by_part}

    def _parts(self) -> dict[str, list[bool]]:
        """Of each text, whether it is in the part: the last seven days, each burst, each rule."""
        rules = sorted({rule for text in self.texts for rule in text.rules})
        parts = {"the last 7 days": [text.is_this_week for text in self.texts]}
        for burst in bursts.find(self.rows("trend")):
            parts[burst.name] = [text.hour in burst.hours for text in self.texts]
        if len(rules) > 1:
            parts |= {f"rule {rule}": [rule in text.rules for text in self.texts] for rule in rules}
        return parts


def with_offsets(gaps: Rows, asked: Params) -> Rows:
    """Return the rows of gaps.sql without offset columns; a time in the repeated hour of a clock change gets a zone, to show its offset."""
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


def empty(name: str, asked: Params) -> str:
    return _EMPTY.get(name, "There are no posts in this period.").format(minimum=asked.minimum, search=asked.search)


def _held(rows: Rows, asked: Params) -> Held | None:
    """Time after the ingester's last row counts as not held: a dead ingester records no gap."""
    row = rows[0]
    first, last = row["first_told"], row["last_told"]
    if first is None:
        return None
    begin = max(asked.since, first)
    silent = max((asked.until - max(last, begin)).total_seconds() - _QUIET.total_seconds(), 0)
    told = (asked.until - begin).total_seconds()
    away = min(row["seconds_not_held"] + silent, told)
    return Held(1 - away / told if told > 0 else 1.0, away / 3_600, first if first > asked.since else None)


def _rules(found: Rows) -> list[tuple[str, str]]:
    rules = orjson.loads(found[0]["in_force"]) if found else []
    return [(str(rule.get("tag") or ""), str(rule.get("value") or "")) for rule in rules]
