"""Collects all answers of one report, in the form that every kind of output uses."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

import orjson

from . import charts, query, questions, sanitize, words
from .charts import Drawn
from .narrowing import QUIET
from .params import Params
from .query import Source
from .questions import Question
from .rows import Context, Fetched, Rows
from .sentences import posts


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """`rows` have the columns in the order of the query; `charts` are specifications to draw, if there are any."""

    question: Question
    rows: Rows
    charts: tuple[Drawn, ...]
    glance: Drawn | None  # a small chart of the same
    n: str  # how many posts the chart shows, in words; '' where it shows something else
    empty: str  # what to say where there are no rows
    finding: str  # the answer in one sentence, or ''
    columns: tuple[str, ...] = ()  # of the rows, also where there are none


@dataclass(frozen=True, slots=True)
class Report:
    """`results` by the question's name; `rules` are (tag, value), those in force at the ingester's last row."""

    params: Params
    created_at: datetime
    dataset: str  # project.dataset
    results: dict[str, QuestionResult]
    rules: list[tuple[str, str]]
    coverage: "Coverage | None"  # None if the ingester has written nothing
    is_synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Coverage:
    """For the part of the period since the ingester's first row: the `share` of time the stream was held, the `away` hours it was not."""

    share: float
    away: float
    since: datetime | None  # the ingester's first row, if it lies within the period


# further queries, for the page's head and the shading of charts
BESIDES = ("gaps", "live/rules", "live/held")
_AT_ONCE = 3  # queries: BigQuery takes a hundred; the embedded engine answers one while it translates another
_NOT_OF_POSTS = frozenset(
    {"Networks", "Cost", "Completeness"}
)  # sections whose charts show pairs, dollars and messages
_GLANCE = 8  # bars of a list in the overview


def make_report(
    source: Source,
    params: Params,
    names: Sequence[str],
    on_question: Callable[[str], None] = lambda name: None,
    *,
    covered_until: datetime | None = None,
) -> Report:
    """Ask each question, and call `on_question` with its name before. Raises ReportError.

    The coverage is that of the time up to `covered_until`, which is later than the period's end if the ingester died.
    """
    pool = ThreadPoolExecutor(_AT_ONCE, "ask")
    try:
        to_ask = {question.template: question for question in required_questions(names)}
        asking = {text: pool.submit(query.run, source, question, params) for text, question in to_ask.items()}
        data = _ReportData(source, params, on_question, asking, names)
        coverage = _coverage(
            data.query("live/held"), replace(params, until=max(covered_until or params.until, params.until))
        )
        answered = {name: _result(data, name) for name in names}
        return Report(
            params,
            datetime.now(UTC),
            source.name,
            answered,
            _rules(data.query("live/rules")),
            coverage,
            source.is_synthetic,
        )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after an error nothing more is queried and paid for


def required_questions(names: Sequence[str]) -> list[Question]:
    """All that a report with these questions asks BigQuery, each query once."""
    more = [other for name in names for other in questions.load(name).needs]
    chosen = [questions.load(name) for name in dict.fromkeys((*names, *more, *BESIDES))]
    return list({question.template: question for question in chosen}.values())


def _result(data: "_ReportData", name: str) -> QuestionResult:
    question, rows, params = questions.load(name), data.rows(name), data.params
    usual = Context(
        gaps=data.rows("gaps"),
        end=params.local(params.until).replace(tzinfo=None),
        begin=params.local(params.since).replace(tzinfo=None),
        week_start=params.week_start,
        bins=params.bins,
        compare=params.compare,
    )
    context = question.context(data, usual)
    finding = sanitize.for_terminal(question.headline(rows, context))
    columns = tuple(rows[0]) if rows else question.columns or _columns(data.query(name))
    empty = question.empty_sentence(params)
    drawn = charts.charts(question, rows, context)
    is_list = question.chart.startswith("bars")
    glance = next(iter(charts.charts(question, rows[:_GLANCE], context) if is_list else drawn), None)
    return QuestionResult(question, rows, drawn, glance, _count(data, question, rows), empty, finding, columns)


def _count(data: "_ReportData", question: Question, rows: Rows) -> str:
    """Return how many posts a question's chart is about, and which."""
    if count := getattr(question.code, "count", None):
        return str(count(rows))
    if question.template == questions.load("words").template:
        return f"{posts(len(data.texts()))} that are not retweets"
    if question.section in _NOT_OF_POSTS or "totals" not in data.names:
        return ""
    return posts(data.rows("totals")[0]["total_posts"])


def _columns(fetched: Rows) -> tuple[str, ...]:
    return fetched.columns if isinstance(fetched, Fetched) else ()


@dataclass
class _ReportData:
    """The answers of one report so far: questions.ReportData."""

    source: Source
    params: Params
    on_question: Callable[[str], None]
    asking: dict[str, Future[Rows]]  # by the query's template
    names: Sequence[str]  # of the report's questions
    _rows: dict[str, Rows] = field(default_factory=dict)

    def rows(self, name: str) -> Rows:
        if name not in self._rows:
            self.on_question(name)
            self._rows[name] = questions.load(name).prepare(self.query(name), self)
        return self._rows[name]

    def query(self, name: str) -> Rows:
        """Return BigQuery's rows, unchanged."""
        return self.asking[questions.load(name).template].result()

    def ask(self, name: str, params: Params) -> Rows:
        return query.run(self.source, questions.load(name), params)

    def texts(self) -> list[words.Text]:
        return self._texts

    @cached_property
    def _texts(self) -> list[words.Text]:
        return words.read(self.query("words"))


def _coverage(rows: Rows, params: Params) -> Coverage | None:
    """Return the coverage. Time after the ingester's last row counts as not held, because a dead ingester records no gap."""
    row = rows[0]
    first, last = row["first_told"], row["last_told"]
    if first is None:
        return None
    begin = max(params.since, first)
    silent = max((params.until - max(last, begin)).total_seconds() - QUIET.total_seconds(), 0)
    seconds = (params.until - begin).total_seconds()
    away = min(row["seconds_not_held"] + silent, seconds)
    return Coverage(1 - away / seconds if seconds > 0 else 1.0, away / 3_600, first if first > params.since else None)


def _rules(rows: Rows) -> list[tuple[str, str]]:
    rules = orjson.loads(rows[0]["in_force"]) if rows else []
    return [(str(rule.get("tag") or ""), str(rule.get("value") or "")) for rule in rules]
