"""The half-life of a post, in a sentence."""

from ..rows import Context, Rows
from ..sentences import posts


def finding(rows: Rows, context: Context) -> str:
    first = rows[0]
    when, counted = first["age"].capitalize(), posts(first["posts_read"])
    return f"{when} a typical post has {first['share']:.0%} of its later likes (the median of {counted})."


def count(rows: Rows) -> str:
    return f"{sum(row['posts_read'] for row in rows):,} readings"
