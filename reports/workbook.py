"""All tables of a report as one workbook: a sheet a question, and a first one that says what is where."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from . import sanitize, tables
from .results import Report

_WIDEST = 60  # characters of a column
_SHEET = 31  # characters of a sheet's name, as Excel has it


def write(report: Report, path: Path) -> None:
    """Write the workbook. Raises OSError."""
    # texts that begin like a formula or a link are texts: a post must not run anything
    options = {"strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    with xlsxwriter.Workbook(path, options) as book:
        bold = book.add_format({"bold": True})
        formats = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        contents = book.add_worksheet("contents")
        contents.write_row(0, 0, ["sheet", "title", "answer", "rows", "note"], bold)
        for number, (name, result) in enumerate(report.results.items(), 1):
            sheet = book.add_worksheet(name[:_SHEET])
            columns = list(result.rows[0]) if result.rows else list(result.columns)
            sheet.write_row(0, 0, columns, bold)
            sheet.freeze_panes(1, 0)
            for row_number, row in enumerate(result.rows, 1):
                for column_number, value in enumerate(row.values()):
                    _cell(sheet, (row_number, column_number), value, formats)
            for column_number, column in enumerate(columns):
                widest = max((len(tables.cell(column, row[column])) for row in result.rows[:200]), default=0)
                sheet.set_column(column_number, column_number, min(max(widest, len(column)) + 1, _WIDEST))
            question = result.question
            contents.write_row(number, 0, [name, question.title, result.finding, len(result.rows), question.note])
        contents.set_column(0, 2, 40)


def _cell(sheet: Any, at: tuple[int, int], value: Any, formats: Mapping[type[date], Any]) -> None:
    if value is None:
        return
    if isinstance(value, datetime):
        sheet.write_datetime(*at, value.replace(tzinfo=None), formats[datetime])
    elif isinstance(value, date):
        sheet.write_datetime(*at, value, formats[date])
    elif isinstance(value, bool):
        sheet.write_boolean(*at, value)
    elif tables.is_number(value):
        sheet.write_number(*at, value)
    else:
        sheet.write_string(*at, str(sanitize.for_workbook(value))[: sanitize.CELL])
