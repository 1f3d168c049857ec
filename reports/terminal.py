"""The answers as tables in a terminal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.bar import Bar
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import overview, sanitize, tables
from .results import QuestionResult, Report
from .rows import Rows

# the answers of the overview, in order
_OVERVIEW = (
    "totals",
    "posts_over_time",
    "trend",
    "compared_parts",
    "compared_words",
    "languages",
    "posts_by_region",
    "kinds",
    "words",
    "distinctive_words",
    "top_hashtags",
    "top_mentions",
    "authors_by_activity",
    "sentiment_by_hour",
    "cost_by_day",
    "receipt",
)
_SHOWN = 12  # rows of a table; the files have all
_TEXT = 24  # characters that a column of sentences has at least; its cells are wrapped, and no others
_SENTENCE = 30  # a cell above this is one
_BAR = (8, 20)  # characters: without room for the first there are no bars
_BETWEEN = 2  # spaces between two columns
_LONG = frozenset({"note"})  # columns that have no room here
_KEPT = frozenset({"posts", "text"})  # and that the table is about


def show(report: Report, console: Console, names: Sequence[str]) -> None:
    """Print a table for each answer, in the order of `names`."""
    for name in names:
        result = report.results[name]
        console.print()
        console.print(Text(result.question.title, style="bold"))
        if not result.rows:
            console.print(Text(result.empty, style="dim"))
            continue
        if result.finding:
            console.print(Text(result.finding))
        table, omitted = _table(result, console.width)
        console.print(table)
        if len(result.rows) > _SHOWN:
            which = "last" if result.question.is_by_time else "first"
            console.print(Text(f"the {which} {_SHOWN} of {len(result.rows):,} rows", style="dim"))
        if omitted:
            console.print(Text(f"no room for {', '.join(omitted)}: see the CSV file", style="dim"))


def show_overview(report: Report, console: Console) -> None:
    """Print what the first screen of the page says: an answer a line, and what to be careful about."""
    console.print()
    for name in _OVERVIEW:
        result = report.results.get(name)
        if result and result.finding:
            console.print(Text.assemble((f"{result.question.title}: ", "bold"), result.finding))
    if cautions := overview.cautions(report):
        console.print()
        console.print(Text("Read this with care", style="bold"))
        for caution in cautions:
            console.print(Text(f"- {caution}"))
    console.print()
    console.print(Text("--all prints every table, and --show NAME,NAME some of them.", style="dim"))


def _table(result: QuestionResult, width: int) -> tuple[Table, list[str]]:
    """Return the table, and the headings of the columns that it has no room for: whole columns go, the last first, and no letters."""
    rows = result.rows[-_SHOWN:] if result.question.is_by_time else result.rows[:_SHOWN]
    if result.question.rows == "the last always" and len(result.rows) > _SHOWN:
        rows = [*rows[:-1], result.rows[-1]]
    least = {column: _min_width(column, rows) for column in rows[0] if column not in _LONG}
    omitted: list[str] = []
    while _total_width(least) > width and (droppable := [column for column in list(least)[1:] if column not in _KEPT]):
        del least[droppable[-1]]
        omitted.insert(0, tables.heading(droppable[-1]))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    natural = {column: max(_max_width(column, rows), len(tables.heading(column))) for column in least}
    is_tight = _total_width(natural) > width
    for column, characters in least.items():
        number = any(tables.is_number(row[column]) for row in rows) and column != "weekday"
        table.add_column(
            tables.heading(column),
            justify="right" if number else "left",
            overflow="fold",
            min_width=min(characters, width),
            # rich would take the room for long headings from other columns' cells
            max_width=characters if is_tight and _max_width(column, rows) <= _SENTENCE else None,
        )
    most = max((row.get("posts") or 0 for row in rows), default=0) if result.charts else 0
    bar = min(_BAR[1], width - _total_width(least) - _BETWEEN)
    has_bars = bool(most) and bar >= _BAR[0] and not omitted
    if has_bars:
        table.add_column("", width=bar)
    for row in rows:
        cells: list[Text | Bar] = [Text(_cell(column, row[column])) for column in least]
        table.add_row(*cells, *([Bar(most, 0, row["posts"], width=bar, color="green")] if has_bars else []))
    return table, omitted


def _min_width(column: str, rows: Rows) -> int:
    """Return the characters that a column needs: of its longest cell, or of a sentence's first words, and of a word of its heading."""
    longest = _max_width(column, rows)
    return max(
        _TEXT if longest > _SENTENCE else longest, *(len(word) for word in tables.heading(column).split() or [""])
    )


def _max_width(column: str, rows: Rows) -> int:
    return max(cell_len(_cell(column, row[column])) for row in rows)


def _total_width(columns: dict[str, int]) -> int:
    return sum(columns.values()) + _BETWEEN * (len(columns) - 1)


def _cell(column: str, value: Any) -> str:
    if isinstance(value, datetime):
        return tables.moment(value).partition("-")[2]  # the period is known, and terminals are narrow
    return sanitize.for_terminal(tables.cell(column, value))
