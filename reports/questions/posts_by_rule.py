"""The rule that brought most, in words."""

from ..rows import Context, Rows
from ..sentences import at_the_price_of_posts, posts


def finding(rows: Rows, context: Context) -> str:
    return f"The rule {rows[0]['rule']} brought {posts(rows[0]['posts'])}, {at_the_price_of_posts(rows[0]['dollars'])}."
