"""What a typical post gets, in words."""

from ..rows import Context, Rows
from ..sentences import posts


def finding(rows: Rows, context: Context) -> str:
    row = rows[0]
    return (
        f"{row['kind_and_age'].capitalize()}: half of {posts(row['posts_read'])} have {row['likes'] or 0:,} likes or more, "
        f"and {row['reposts'] or 0:,} reposts or more."
    )


def count(rows: Rows) -> str:
    return f"{sum(row['posts_read'] for row in rows):,} readings"
