"""Posts with the text around the words that were looked for."""

from .. import reading
from ..rows import Context, Rows
from ..sentences import posts
from . import ReportData


def prepare(rows: Rows, report: ReportData) -> Rows:
    wanted = report.params.search
    return rows if wanted is None else reading.in_context(rows, wanted)


def finding(rows: Rows, context: Context) -> str:
    found = rows[0]["found"]
    shown = "" if found == len(rows) else f"; {len(rows):,} of them, drawn by lot, are shown"
    return f"{posts(found)} say it, retweets apart{shown}."
