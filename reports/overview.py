"""The first screen of a page: which answers it shows, and what a reader should be careful about. Pure."""

from dataclasses import dataclass

from .regions import UNKNOWN
from .results import QuestionResult, Report
from .sentences import posts, span
from .words import MOST_TEXTS

# what happened; who and what; how it was said
_PARTS = (
    ("one", ("posts_over_time",)),
    ("one", ("compared_over_time",)),
    ("several", ("languages", "top_hashtags", "top_mentions", "kinds")),
    ("one", ("sentiment_by_hour",)),
)
TITLES = {
    "posts_over_time": "Posts over time",
    "compared_over_time": "The compared parts over time",
    "languages": "Languages",
    "top_hashtags": "Hashtags",
    "top_mentions": "Mentioned accounts",
    "kinds": "Kinds of posts",
    "sentiment_by_hour": "Sentiment over time",
}
_FEW = 100  # posts: below, shares vary by ten points and more by chance


@dataclass(frozen=True, slots=True)
class Part:
    """Answers that stand together: `one` over the whole width, or `several` side by side."""

    kind: str
    results: list[QuestionResult]


@dataclass(frozen=True, slots=True)
class Overview:
    parts: list[Part]
    cautions: list[str]


def overview(report: Report) -> Overview:
    parts = []
    for kind, names in _PARTS:
        shown = [result for name in names if (result := report.results.get(name)) and result.charts]
        if shown:
            parts.append(Part(kind, shown))
    return Overview(parts, cautions(report))


def cautions(report: Report) -> list[str]:
    """Return what the numbers of this report do not say, as far as it shows in its answers."""
    sentences = [*_completeness(report)]
    rows = {name: result.rows for name, result in report.results.items()}
    total = rows["totals"][0]["total_posts"] if rows.get("totals") else None
    if total is not None and 0 < total < _FEW:
        sentences.append(f"There are only {posts(total)}. Shares and comparisons of so few are uncertain.")
    if (languages := rows.get("languages")) and total:
        scored = sum(row["posts"] * row["with_sentiment"] for row in languages) / total
        if scored < 0.9:
            sentences.append(
                f"Sentiment is known for {scored:.0%} of the posts; the others are in languages that are not scored, or have no words."
            )
    if (places := rows.get("posts_by_region")) and total:
        share = sum(row["posts"] for row in places if row["region"] != UNKNOWN) / total
        if share < 0.9:
            sentences.append(
                f"The country is known for {share:.0%} of the posts, mostly from what authors write about themselves; "
                "the others may live elsewhere."
            )
    if rows.get("totals") and rows["totals"][0]["unique_posts"] > MOST_TEXTS:
        sentences.append(
            f"Words and phrases are counted in a random sample of {MOST_TEXTS:,} posts that are not retweets."
        )
    if "keyword" in report.params.filters or "search" in report.params.filters:
        sentences.append(
            "Gaps, costs and the receipt are about all posts, not only about those that this report is limited to."
        )
    return sentences


def _completeness(report: Report) -> list[str]:
    sentences = []
    if report.coverage and report.coverage.away >= 1 / 60:
        away = span(report.coverage.away)
        missing = sum(row["missing"] or 0 for row in report.results["gaps"].rows) if "gaps" in report.results else 0
        lost = f"; {posts(missing)} of that time are known to be missing" if missing else ""
        sentences.append(f"The stream was not connected for {away}{lost}. Red shading marks these times.")
    kinds = report.results.get("kinds")
    fetched = kinds.rows[0]["in_gaps_filled"] if kinds and kinds.rows else 0
    if fetched:
        sentences.append(
            f"Search fetched {posts(fetched)} later. It returns no retweets, so retweets of these times are missing."
        )
    if report.coverage is None and report.results.get("totals"):
        sentences.append(
            "Whether the posts are complete is not known: no ingester ran in this period, so they were imported."
        )
    return sentences
