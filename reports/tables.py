"""What the cells of a table say to a person; the same for the page and for the terminal."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from posts import languages

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHARES = ("share", "coverage", "with_sentiment")
_LONGEST = 400  # characters of a post's text in a table; CSV and export have all of it


def cell(column: str, value: Any) -> str:
    """Format a value for people: grouped thousands, percent, times to the minute, nothing for NULL."""
    if value is None:
        return ""
    if column == "weekday":
        return WEEKDAYS[value]
    if column == "lang":
        return f"{languages.name(value)} ({languages.operator(value) or value})"
    if column in _SHARES or column.startswith("share_"):
        return f"{value:.1%}"
    if column == "dollars":
        return f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:,.3f}"
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.2f}"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def moment(value: datetime) -> str:
    """Format a time to the minute, with the UTC offset if a clock shows that hour twice."""
    twice = value.tzinfo is not None and value.replace(fold=1 - value.fold).utcoffset() != value.utcoffset()
    return (value if twice else value.replace(tzinfo=None)).isoformat(" ", "minutes")


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def heading(column: str) -> str:
    return column.replace("_", " ")


def link(row: Mapping[str, Any], column: str) -> str | None:
    """Return X's address of the post or author in a cell, or None. X honours an author's wish to have a post removed."""
    value = str(row.get(column) or "")
    if column == "id" and value.isdecimal():
        return f"https://x.com/i/status/{value}"
    if column in {"username", "user_username"} and value.replace("_", "").isalnum() and value.isascii():
        return f"https://x.com/{value}"
    if column == "mention" and value[1:].replace("_", "").isalnum() and value.isascii():
        return f"https://x.com/{value[1:]}"
    return None
