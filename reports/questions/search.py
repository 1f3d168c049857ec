"""Posts with the text around the words that were looked for."""

from .. import reading
from ..rows import Context, Rows
from ..sentences import posts
from . import ReportData


def prepare(rows: Rows, report: ReportData) -> Rows:
    phrase = report.params.search
    return rows if phrase is None else reading.in_context(rows, phrase)


def finding(rows: Rows, context: Context) -> str:
    matches = rows[0]["found"]
    shown = "" if matches == len(rows) else f"; {len(rows):,} of them, drawn by lot, are shown"
    return f"{posts(matches)} say it, retweets apart{shown}."
