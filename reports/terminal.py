"""The answers as tables in a terminal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.bar import Bar
from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import plain, tables
from .results import Answer, Report

_SHOWN = 12  # rows of a table; the files have all
_WORD = 16  # characters that a column may not be squeezed below: a time, an id
_BAR = 20
_LONG = frozenset({"note"})  # columns that have no room here
_LAST = frozenset(
    {"posts_by_hour", "posts_by_day", "posts_by_week", "sentiment_by_hour", "trend", "receipt"}
)  # ends matter


def show(report: Report, console: Console, names: Sequence[str]) -> None:
    """A table an answer, in the order of `names`."""
    for name in names:
        answer = report.answers[name]
        console.print()
        console.print(Text(answer.question.title, style="bold"))
        if not answer.rows:
            console.print(Text(answer.empty, style="dim"))
            continue
        if answer.in_short:
            console.print(Text(answer.in_short))
        console.print(_table(answer))
        if len(answer.rows) > _SHOWN:
            which = "last" if name in tables.BY_TIME else "first"
            console.print(Text(f"the {which} {_SHOWN} of {len(answer.rows):,} rows", style="dim"))


def _table(answer: Answer) -> Table:
    rows = answer.rows[-_SHOWN:] if answer.question.name in tables.BY_TIME else answer.rows[:_SHOWN]
    if answer.question.name == "posts_by_region" and len(answer.rows) > _SHOWN:
        rows = [*rows[:-1], answer.rows[-1]]  # unknown is always shown
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    columns = [column for column in rows[0] if column not in _LONG]
    for column in columns:
        number = any(tables.is_number(row[column]) for row in rows) and column != "weekday"
        longest = max(len(_cell(column, row[column])) for row in rows)
        table.add_column(
            tables.heading(column),
            justify="right" if number else "left",
            overflow="fold",
            min_width=min(longest, _WORD),
        )
    most = max((row.get("posts") or 0 for row in rows), default=0) if answer.chart else 0
    if most:
        table.add_column("", width=_BAR)
    for row in rows:
        cells: list[Text | Bar] = [Text(_cell(column, row[column])) for column in columns]
        table.add_row(*cells, *([Bar(most, 0, row["posts"], width=_BAR, color="green")] if most else []))
    return table


def _cell(column: str, value: Any) -> str:
    if isinstance(value, datetime):
        return tables.moment(value).partition("-")[2]  # the period is known, and a terminal narrow
    return plain.for_terminal(tables.cell(column, value))
