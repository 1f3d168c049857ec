"""How the posts of each language are spread over the topics."""

from collections import Counter

from posts import languages

from .. import topics
from ..rows import Context, Rows
from ..sentences import enumerated
from ..words import LANGUAGES
from . import ReportData

_NAMED = 3  # languages in the sentence


def prepare(rows: Rows, report: ReportData) -> Rows:
    """Return the topics of each of the largest languages, the topic with most of its posts first and `no topic` last."""
    assigned = topics.assigned(rows, report.params)
    shares: Rows = []
    for lang, total in Counter(row["lang"] for row in assigned).most_common(LANGUAGES):
        counts = Counter(row["topic"] for row in assigned if row["lang"] == lang)
        ordered = sorted(counts.items(), key=lambda entry: (entry[0] == topics.NONE, -entry[1], entry[0]))
        shares += [{"lang": lang, "topic": topic, "posts": posts, "share": posts / total} for topic, posts in ordered]
    return shares


def finding(rows: Rows, context: Context) -> str:
    largest = {row["lang"]: row for row in reversed(rows) if row["topic"] != topics.NONE}
    first = [largest[lang] for lang in dict.fromkeys(row["lang"] for row in rows) if lang in largest][:_NAMED]
    parts = [
        f"{row['topic'].partition(': ')[2]} ({row['share']:.0%}) in {languages.name(row['lang'])}" for row in first
    ]
    return f"The largest topic is {enumerated(parts)}." if parts else ""


def count(rows: Rows) -> str:
    return f"{sum(row['posts'] for row in rows):,} posts of the sample, in the languages with most of them"
