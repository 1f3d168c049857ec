"""What a report leaves in its folder: one CSV a question, for a person to open in a spreadsheet, and report.html."""

import csv
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from . import methods, page, sanitize, workbook
from .charts import images
from .errors import UsageError
from .results import Report
from .whole_file import whole_file

DEFAULT = Path("results")


def new_folder(now: datetime, parent: Path = DEFAULT) -> Path:
    """Make <parent>/<time>, in UTC; another report of the same second has another folder. Raises UsageError."""
    folder = parent / f"{now.astimezone(UTC):%Y%m%d-%H%M%S}"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        while folder.exists() or not _mark_as_report(folder):
            folder = folder.with_name(f"{folder.name}x")
    except OSError as error:
        raise _not_written(folder, error) from None
    return folder


def _mark_as_report(folder: Path) -> bool:
    """Make a folder; return False where another report was faster."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def link_latest(folder: Path) -> None:
    """Let `latest` beside the folder lead to it. A file system without links, or something of another's there, is let be."""
    link = folder.with_name("latest")
    with suppress(OSError):
        if link.is_symlink() or not link.exists():
            part = folder.with_name("latest.part")
            part.unlink(missing_ok=True)
            part.symlink_to(folder.name)
            part.replace(link)


def check(folder: Path) -> None:
    """Raise UsageError where nothing can be written: before BigQuery is asked, which may cost something."""
    at = next(path for path in (folder, *folder.parents) if path.exists())
    if not at.is_dir() or not os.access(at, os.W_OK | os.X_OK):
        why = "you may not write there" if at.is_dir() else f"{at} is a file"
        raise UsageError(f"Nothing can be written to {folder}: {why}, so nothing was asked. Name another place.")


def check_file(path: Path) -> None:
    """Raise UsageError where the file cannot be made, before BigQuery is asked. An export makes no folders."""
    if not path.parent.is_dir():
        raise UsageError(
            f"{path} cannot be written: there is no folder {path.parent}, so nothing was asked. Make it, or name another place."
        )
    if path.is_dir():
        raise UsageError(f"{path} cannot be written: it is a folder, so nothing was asked. Name a file.")
    check(path.parent)


def write(
    report: Report,
    folder: Path,
    *,
    with_page: bool,
    for_programs: bool = False,
    with_workbook: bool = False,
    charts: str | None = None,
) -> list[Path]:
    """Return the files written; each appears whole or not at all. Raises UsageError where the folder cannot be written.

    A CSV is for a person's spreadsheet, or as it is stored `for_programs`. `charts` is the format of each chart's own picture.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = [_csv(report, name, folder, for_programs=for_programs) for name in report.results]
        if with_workbook:
            with whole_file(folder / "report.xlsx") as part:
                workbook.write(report, part)
            written.append(folder / "report.xlsx")
        if charts:
            written += _pictures(report, folder / "charts", charts)
        if with_page:
            written.append(_text(folder / "report.html", page.html(report)))
            written.append(_text(folder / "methods.txt", "\n\n".join(methods.methods(report)) + "\n"))
        return written
    except OSError as error:
        raise _not_written(folder, error) from None


def _not_written(folder: Path, error: OSError) -> UsageError:
    return UsageError(
        f"The results cannot be written to {folder}: {error.strerror or error}. Name another folder with --results."
    )


def _csv(report: Report, name: str, folder: Path, *, for_programs: bool) -> Path:
    result = report.results[name]
    lines = [list(result.rows[0]) if result.rows else list(result.columns)]
    cell = sanitize.for_program if for_programs else sanitize.for_sheet
    lines += [[cell(value) for value in row.values()] for row in result.rows]
    path = folder / f"{name}.csv"
    encoding = "utf-8" if for_programs else "utf-8-sig"
    with whole_file(path) as part, part.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(lines)
    return path


def _pictures(report: Report, folder: Path, kind: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    written = []
    for name, result in report.results.items():
        for number, drawn in enumerate(result.charts):
            path = folder / (f"{name}-{number}.{kind}" if number else f"{name}.{kind}")
            caption = page.caption(report, result)
            title = f"{result.question.title}: {drawn.title}" if drawn.title else result.question.title
            with whole_file(path) as part:
                part.write_bytes(images.image(drawn.spec, title, caption, kind))
            written.append(path)
    return written


def _text(path: Path, text: str) -> Path:
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8", errors="replace")
    return path
