"""The total, in words."""

from ..rows import Context, Rows
from ..sentences import people, posts


def finding(rows: Rows, context: Context) -> str:
    row = rows[0]
    if not row["total_posts"]:
        return ""
    return f"{posts(row['total_posts'])} by {people(row['authors'])}, {row['unique_posts']:,} excluding retweets."
