"""What a typical post gets, in words."""

from ..rows import Context, Rows
from ..sentences import posts


def finding(rows: Rows, context: Context) -> str:
    row = rows[0]
    return (
        f"{row['kind_and_age'].capitalize()}: {row['likes_mean'] or 0:,.1f} likes on average, and {row['likes'] or 0:,} or fewer for half "
        f"of {posts(row['posts_read'])}."
    )


def count(rows: Rows) -> str:
    return f"{sum(row['posts_read'] for row in rows):,} readings"
