"""What a report leaves in its folder: one CSV a question, for a person to open in a spreadsheet, and report.html."""

import csv
from pathlib import Path

from . import page, plain
from .errors import UsageError
from .results import Report


def write(report: Report, folder: Path, *, with_page: bool) -> list[Path]:
    """The files written; each appears whole or not at all. Raises UsageError where the folder cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = [_csv(report, name, folder) for name in report.answers]
        if with_page:
            written.append(_whole(folder / "report.html", page.html(report)))
        return written
    except OSError as error:
        raise UsageError(
            f"The results cannot be written to {folder}: {error.strerror or error}. Name another folder with --results."
        ) from None


def _csv(report: Report, name: str, folder: Path) -> Path:
    answer = report.answers[name]
    lines = [list(answer.rows[0])] if answer.rows else []
    lines += [[plain.for_sheet(value) for value in row.values()] for row in answer.rows]
    path = folder / f"{name}.csv"
    with path.with_suffix(".part").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(lines)
    path.with_suffix(".part").replace(path)
    return path


def _whole(path: Path, text: str) -> Path:
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8", errors="replace")
    part.replace(path)
    return path
