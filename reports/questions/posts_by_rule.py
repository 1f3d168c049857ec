"""The rule that brought most, in words."""

from ..rows import Context, Rows
from ..sentences import as_posts, posts


def finding(rows: Rows, context: Context) -> str:
    return f"The rule {rows[0]['rule']} brought {posts(rows[0]['posts'])}, {as_posts(rows[0]['dollars'])}."
