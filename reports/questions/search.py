"""Posts with the text around the words that were looked for."""

from .. import reading
from ..rows import Context, Rows
from ..sentences import posts
from . import ReportData


def prepare(rows: Rows, report: ReportData) -> Rows:
    search = report.params.search
    return rows if search is None else reading.in_context(rows, search)


def finding(rows: Rows, context: Context) -> str:
    matches = rows[0]["found"]
    shown = "" if matches == len(rows) else f" A random sample of {len(rows):,} is shown."
    return f"{posts(matches)} match{'es' * (matches == 1)}, not counting retweets.{shown}"
