"""The languages with most posts, in words."""

from posts import languages

from ..rows import Context, Rows
from ..sentences import enumerated


def finding(rows: Rows, context: Context) -> str:
    shares = [f"{languages.name(row['lang'])} ({row['share']:.0%})" for row in rows[:3]]
    return f"Most posts are in {enumerated(shares)}."
