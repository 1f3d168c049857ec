"""How much of each language's posts is about each topic."""

from collections import Counter

from posts import languages

from .. import topics
from ..rows import Context, Rows
from ..words import LANGUAGES
from . import ReportData

_FEWEST = 30  # posts of a language, and of the others
_APART = 0.1  # a language's share of a topic, above that of all languages: less is no news


def prepare(rows: Rows, report: ReportData) -> Rows:
    """Return each topic's languages, the largest topic first, and first the language of whose posts most are about it."""
    assigned = topics.assigned(rows, report.params)
    # posts in languages that the vectors do not know are in no topic
    encodable = {row["lang"] for row in assigned if row["number"]}
    totals = dict(Counter(row["lang"] for row in assigned if row["lang"] in encodable).most_common(LANGUAGES))
    counts = Counter((row["number"], row["topic"], row["lang"]) for row in assigned if row["lang"] in totals)
    shares = [
        (number, {"topic": topic, "lang": lang, "posts": posts, "share": posts / totals[lang]})
        for (number, topic, lang), posts in counts.items()
    ]
    ordered = sorted(shares, key=lambda entry: (entry[0] == 0, entry[0], -entry[1]["share"], entry[1]["lang"]))
    return [row for _, row in ordered]


def finding(rows: Rows, context: Context) -> str:
    """Name the topic and the language that is farthest above the others in it; of a few posts, the share is chance."""
    totals, sizes = Counter[str](), Counter[str]()
    for row in rows:
        totals[row["lang"]] += row["posts"]
        sizes[row["topic"]] += row["posts"]
    compared = []
    for row in rows:
        here, others = totals[row["lang"]], totals.total() - totals[row["lang"]]
        if row["topic"] != topics.NONE and min(here, others) >= _FEWEST:
            compared.append((row["share"], (sizes[row["topic"]] - row["posts"]) / others, row))
    if not compared:
        return ""
    share, elsewhere, most = max(compared, key=lambda pair: pair[0] - pair[1])
    if share - elsewhere < _APART:
        return "The topics are much the same in all languages."
    name, lang = most["topic"].partition(": ")[2], languages.name(most["lang"])
    return f"{name}: {share:.0%} of the posts in {lang}, {elsewhere:.0%} of those in the other languages."


def count(rows: Rows) -> str:
    return f"{sum(row['posts'] for row in rows):,} posts of the sample, in the languages with most of them"
