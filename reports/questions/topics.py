"""The topics of a sample of the posts, with their sizes, languages and most central posts."""

from collections import Counter

from posts import languages
from posts.text import for_scoring

from .. import topics
from ..rows import Context, Rows
from ..sentences import enumerated
from . import ReportData

_LANGUAGES = 3  # named for a topic
_CENTRAL = 3  # posts that show what it is about
_SHOWN = 120  # characters of each


def prepare(rows: Rows, report: ReportData) -> Rows:
    assigned = topics.assigned(rows, report.params)
    return [
        _summary([row for row in assigned if row["number"] == number], len(assigned)) for number in _numbers(assigned)
    ]


def _numbers(rows: Rows) -> list[int]:
    """Return the topics, the largest first, and `no topic` last."""
    numbers = {row["number"] for row in rows}
    return sorted(numbers, key=lambda number: (number == 0, number))


def _summary(rows: Rows, total: int) -> dict[str, object]:
    scores = [row["sentiment"] for row in rows if row["sentiment"] is not None]
    spoken = Counter(row["lang"] for row in rows).most_common(_LANGUAGES)
    return {
        "topic": rows[0]["topic"],
        "posts": len(rows),
        "share": len(rows) / total,
        "languages": ", ".join(f"{languages.name(lang)} {count / len(rows):.0%}" for lang, count in spoken),
        "words": rows[0]["words"],
        "authors": len({row["user_id"] for row in rows}),
        "closeness": rows[0]["closeness"],
        "sentiment": sum(scores) / len(scores) if scores else None,
        "central_posts": " · ".join(_central(rows)),
    }


def _central(rows: Rows) -> list[str]:
    """Return the beginnings of the most central posts without names and links: different texts, of different languages if possible."""
    ordered = sorted(rows, key=lambda row: (row["distance"] is None, row["distance"] or 0, row["id"]))
    first_of_language = {row["lang"]: row for row in reversed(ordered)}.values()
    chosen = sorted(first_of_language, key=ordered.index)[:_CENTRAL]
    texts = [" ".join(for_scoring(row["text"]).split()) for row in [*chosen, *ordered]]
    return [
        text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        for text in list(dict.fromkeys(filter(None, texts)))[:_CENTRAL]
    ]


def finding(rows: Rows, context: Context) -> str:
    named = [row for row in rows if row["topic"] != topics.NONE]
    if not named:
        return "The posts form no groups by meaning."
    largest = [f"{row['topic'].partition(': ')[2]} ({row['share']:.0%})" for row in named[:3]]
    return f"The largest of {len(named)} topics: {enumerated(largest)}."


count = topics.sample_size
