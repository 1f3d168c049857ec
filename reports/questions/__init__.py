"""The questions that a report answers: a file each, `<name>.sql`, and beside it `<name>.py` where a question needs code of its own.

The SQL file begins with comments that say what it is, `-- key: value`; a line that goes on is indented by three spaces:

    title     what the chart shows. `scans` is what is read and so paid for, `note` what a reader should know
    section   the headline under which the page shows it; sections and their questions stand in the order of `order`.
              Without it, the question is no part of the page
    empty     what to say where there are no rows
    finding   the answer in one sentence, filled from the first row (sentences.py)
    chart     a kind of charts/__init__.py and the columns that it shows
    columns   of the rows, if they are others than the query's
    rows      `by time`: the last rows matter. `the last always`: a table that is cut shows the last row too
    when      `compared`: only a report with --compare has it. `streamed`: the page leaves it out where no ingester ran and it has no
              rows. `beside`: another question's chart shows it
    needs     other questions whose answers its code reads
    query     the question whose query it shares. With `shared/FILE with COLUMN = EXPRESSION`, that file's {column} and {expression}
              are these two

The code may have any of:

    prepare(rows, report)     the rows, completed with what BigQuery does not know
    context(report, usual)    what the chart and the sentence look at besides the rows
    finding(rows, context)    the sentence
    chart(rows, context)      an Altair chart, or None
    datasets()                named data of the chart
"""

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol

from .. import filters
from ..errors import UsageError
from ..params import Params
from ..rows import Context, Rows
from ..sentences import filled

FOLDER = Path(__file__).parent
_EMPTY = "There are no posts in this period."
# SQL that several queries use, in place of FOLDED(column), UNITS(column), KIND(alias), GAPS(), READINGS() and EMOJI
_MACROS = {
    path.stem.upper(): path.read_text(encoding="utf-8").strip()
    for path in (FOLDER / "shared" / "macros").glob("[!.]*.*")
}
_MACRO = re.compile(rf"\b({'|'.join(_MACROS)})(?:\(([\w.]*)\)|(?=\]))")
_PARAMETER = re.compile(r"@([a-z_0-9]+)")
_RELATION = re.compile(
    r"\b(FROM|JOIN) (tweets|engagement|filtered|receipt|stream_gaps|spending|ingester_events)\b( AS \w+)?"
)
_KEYS = (
    "title",
    "section",
    "order",
    "scans",
    "note",
    "empty",
    "finding",
    "chart",
    "columns",
    "rows",
    "when",
    "needs",
    "query",
)


class ReportData(Protocol):
    """The answers of one report so far."""

    @property
    def params(self) -> Params: ...

    def rows(self, name: str) -> Rows:
        """Return a question's rows, completed. Questions that share a query ask BigQuery once."""

    def ask(self, name: str, params: Params) -> Rows:
        """Return BigQuery's rows for other parameters than the report's."""

    def texts(self) -> Any:
        """Return the posts of the question `words`, cut into words: words.Text."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a file says; see above. `template` is the query without the conditions that a report's parameters add."""

    name: str
    title: str
    scans: str
    template: str
    note: str = ""
    section: str = ""
    order: int = 0
    empty: str = _EMPTY
    finding: str = ""
    chart: str = ""
    columns: tuple[str, ...] = ()
    rows: str = ""
    when: str = ""
    needs: tuple[str, ...] = ()
    code: Any = None  # the module beside the file

    def sql(self, params: Params) -> str:
        """Return the query of these posts."""
        return expand(filters.filled(expand(self.template), params))

    @property
    def is_beside(self) -> bool:
        return self.when == "beside"

    @property
    def is_by_time(self) -> bool:
        return self.rows == "by time"

    def prepare(self, rows: Rows, report: ReportData) -> Rows:
        prepare = getattr(self.code, "prepare", None)
        return prepare(rows, report) if prepare else rows

    def context(self, report: ReportData, usual: Context) -> Context:
        context = getattr(self.code, "context", None)
        return context(report, usual) if context else usual

    def headline(self, rows: Rows, context: Context) -> str:
        """Return the answer in one sentence, or '' where the rows say nothing as short as that. Raises UsageError."""
        if not rows:
            return ""
        if finding := getattr(self.code, "finding", None):
            return str(finding(rows, context))
        return self.fill("finding", self.finding, rows[0])

    def empty_sentence(self, params: Params) -> str:
        """Return what to say where there are no rows. Raises UsageError."""
        return self.fill(
            "empty", self.empty, {"minimum": params.minimum, "search": params.search and params.search.typed}
        )

    def fill(self, key: str, template: str, values: Mapping[str, Any]) -> str:
        try:
            return filled(template, values)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
            raise self.wrong(
                f"{key} cannot be filled ({type(error).__name__}: {error}): '{template}'. There are: {', '.join(values)}"
            ) from None

    def wrong(self, what: str) -> UsageError:
        """Return the error that names this question's file."""
        return _wrong(self.name, what)


@cache
def load(name: str) -> Question:
    """Return a question by its file's path below this folder, without `.sql`. Raises UsageError for a file that says what it may not."""
    text = _read(name)
    head = parse_head(name, text)
    template = _shared(query) if (query := head.get("query")) else _body(text)
    has_code = "/" not in name and (FOLDER / f"{name}.py").is_file()
    return Question(
        name=name,
        title=head["title"],
        scans=head.get("scans", ""),
        template=template,
        note=head.get("note", ""),
        section=head.get("section", ""),
        order=int(head.get("order", "0")),
        empty=head.get("empty", _EMPTY),
        finding=head.get("finding", ""),
        chart=head.get("chart", ""),
        columns=tuple(head.get("columns", "").split()),
        rows=head.get("rows", ""),
        when=head.get("when", ""),
        needs=tuple(head.get("needs", "").split()),
        code=importlib.import_module(f".{name}", __name__) if has_code else None,
    )


def expand(sql: str) -> str:
    """Replace each macro of shared/macros by its text, and those in the text."""
    while (expanded := _MACRO.sub(_expanded, sql)) != sql:
        sql = expanded
    return sql


def _expanded(match: re.Match[str]) -> str:
    argument = match[2] or ""
    return _MACROS[match[1]].replace("{column}", argument).replace("{alias}", f"{argument}." if argument else "")


def parameters(sql: str) -> set[str]:
    """Return the names of a query's parameters."""
    return set(_PARAMETER.findall(re.sub(r"--[^\n]*", "", sql)))


def parse_head(name: str, text: str) -> dict[str, str]:
    """Return what the comments at the beginning of a question's file say, by key. Raises UsageError."""
    head: dict[str, str] = {}
    key = ""
    for line in takewhile(lambda line: line.startswith("--"), text.splitlines()):
        if line.startswith("--   ") and key:
            head[key] += f" {line[5:].strip()}"
            continue
        key, colon, value = line.removeprefix("--").strip().partition(":")
        if not colon or key not in _KEYS:
            raise _wrong(name, f"'{line}' is none of {', '.join(_KEYS)}")
        head[key] = value.strip()
    if "title" not in head:
        raise _wrong(name, "there is no title: a file begins with '-- title: ...'")
    if not head.get("order", "0").isdecimal():
        raise _wrong(name, f"order is '{head['order']}', and not a whole number")
    return head


def _wrong(name: str, what: str) -> UsageError:
    return UsageError(f"reports/questions/{name}.sql: {what}.")


def _body(text: str) -> str:
    lines = text.splitlines()
    first = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
    return "\n".join(lines[first:]).strip() + "\n"


def _read(name: str) -> str:
    try:
        return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _wrong(name, "there is no such file") from None


def _shared(query: str) -> str:
    name, _, column_is = query.partition(" with ")
    column, _, expression = column_is.partition(" = ")
    return _body(_read(name)).replace("{column}", column).replace("{expression}", expression)


def _page_questions() -> Iterator[Question]:
    questions = [load(path.stem) for path in sorted(FOLDER.glob("*.sql"))]
    yield from sorted((question for question in questions if question.section), key=lambda question: question.order)


def sections(*, with_search: bool = False) -> dict[str, tuple[str, ...]]:
    """Return the headlines of a page, and the names of the questions under each, in order; what --search found comes first."""
    sections: dict[str, list[str]] = {"Search": ["search"]} if with_search else {}
    for question in _page_questions():
        sections.setdefault(question.section, []).append(question.name)
    return {section: tuple(names) for section, names in sections.items()}


@cache
def names(*, is_compared: bool = False) -> tuple[str, ...]:
    """Return the names of the questions of a page, in order; those of a comparison only if something `is_compared`."""
    every = [name for section in sections().values() for name in section]
    return tuple(name for name in every if is_compared or load(name).when != "compared")


def pasteable(question: Question, params: Params, dataset: str) -> str:
    """Return the query for BigQuery's console, which takes no parameters: with their values and `dataset` (project.name) filled in."""
    values = params.parameters()
    body = _RELATION.sub(
        lambda match: f"{match[1]} `{dataset}.{match[2]}`{match[3] or f' AS {match[2]}'}", question.sql(params)
    )
    body = _PARAMETER.sub(lambda match: _literal(*values[match[1]]), body)
    head = [
        f"-- {question.title}",
        f"-- Scans: {question.scans}",
        *([f"-- Note: {question.note}"] if question.note else []),
    ]
    return "\n".join([*head, body.strip(), ""])


def _literal(kind: str, value: object) -> str:
    if value is None:
        return f"CAST(NULL AS {kind})"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')} UTC'"
    if isinstance(value, int):
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"
