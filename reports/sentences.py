"""The parts of which the sentences above charts are made. Pure: rows in, words out."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from string import Formatter
from typing import Any

from posts import languages

from .rows import Context, Rows

Finding = Callable[[Rows, Context], str]
DAYS = 4  # below, no day is usual


class _Template(Formatter):
    """Python's format strings, with the formats `posts`, `authors` and `hours`: {posts:posts} is "1 post"."""

    def format_field(self, value: Any, format_spec: str) -> str:
        match format_spec:
            case "posts":
                return posts(value)
            case "authors":
                return people(value)
            case "hours":
                return span(value)
        return str(super().format_field(value, format_spec))


def filled(template: str, row: Mapping[str, Any]) -> str:
    """Return a sentence with the values of a row. Raises KeyError for a name that is not there, and ValueError for a wrong format."""
    return _Template().vformat(template, (), row)


def busiest(unit: str, written: str) -> Finding:
    """Return what says when most was posted; `written` is strftime's format of the time."""

    def finding(rows: Rows, context: Context) -> str:
        most = max(rows, key=lambda row: row["posts"])
        if not most["posts"]:
            return ""
        moment: date = most[unit]
        ties = sum(row["posts"] == most["posts"] for row in rows) - 1
        shared = f" ({ties} other{'s' * (ties > 1)} had as many)" if ties else ""
        sentence = f"The busiest {unit} was {moment:{written}}, with {posts(most['posts'])}{shared}"
        full_hours = [row["posts"] for row in rows if not row["seconds_not_held"]]
        usual = statistics.median(full_hours) if len(full_hours) >= DAYS else 0
        return f"{sentence}, {most['posts'] / usual:.1f} times the median ({usual:,.0f})." if usual else f"{sentence}."

    return finding


def most_posts(label: str) -> Finding:
    """Return what names the first three series."""

    def finding(rows: Rows, context: Context) -> str:
        counts: dict[str, int] = {}
        for row in rows:
            counts[row[label]] = counts.get(row[label], 0) + row["posts"]
        named = [
            f"{languages.name(name) if label == 'lang' or (label == 'part' and context.compare == 'language') else name} ({count:,})"
            for name, count in list(counts.items())[:3]
        ]
        return f"Most posts: {enumerated(named)}."

    return finding


def most_used(column: str) -> Finding:
    """Return what names the first three words or phrases of the first language."""

    def finding(rows: Rows, context: Context) -> str:
        lang = rows[0]["lang"]
        named = [row[column] for row in rows[:3] if row["lang"] == lang]
        return f"Most used in {languages.name(lang)}: {', '.join(named)}."

    return finding


def posts(count: int) -> str:
    return f"{count:,} post{'s' * (count != 1)}"


def people(count: int) -> str:
    return f"{count:,} author{'s' * (count != 1)}"


def span(hours: float) -> str:
    if hours < 2:
        return f"{hours * 60:,.0f} minutes"
    return f"{hours:,.1f} hours" if hours < 72 else f"{hours / 24:,.0f} days"


def enumerated(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def as_posts(dollars: float) -> str:
    return f"${dollars:,.2f} at the price of a post" if dollars else "imported, which X does not charge for"
