"""The text that most authors posted, in words."""

from ..rows import Context, Rows
from ..sentences import people, span


def finding(rows: Rows, context: Context) -> str:
    return f"One text was posted by {people(rows[0]['authors'])} as their own, within {span(rows[0]['minutes'] / 60)}."
