"""What the filter drops, and the condition of a rule that would have saved it."""

from .. import savings
from ..rows import Context, Rows
from ..sentences import as_posts, posts
from . import ReportData


def prepare(rows: Rows, report: ReportData) -> Rows:
    return savings.project_savings(rows)


def finding(rows: Rows, context: Context) -> str:
    count, dollars = sum(row["posts"] for row in rows), sum(row["dollars"] for row in rows)
    return f"The filter dropped {posts(count)}, {as_posts(dollars)}."
