"""What the filter drops, and the condition of a rule that would have saved it."""

from .. import savings
from ..rows import Context, Rows
from ..sentences import at_the_price_of_posts, posts
from . import ReportData


def prepare(rows: Rows, report: ReportData) -> Rows:
    return savings.of_this_project(rows)


def finding(rows: Rows, context: Context) -> str:
    count, dollars = sum(row["posts"] for row in rows), sum(row["dollars"] for row in rows)
    return f"The filter dropped {posts(count)}, {at_the_price_of_posts(dollars)}."
