"""The text in which a report says how it was made, to paste into a paper. Pure."""

from . import questions
from .results import Report
from .sentences import enumerated, people, posts
from .settings import VERSION
from .tables import moment
from .words import MOST_TEXTS

_TEXTS = {
    "sentiment_by_hour": "Means of sentiment are shown where at least 30 posts are scored, with 95 % intervals; retweets are included.",
    **dict.fromkeys(
        ("topics", "topics_by_language", "topics_over_time", "topic_posts"),
        "Topics are groups of a random sample of at most 5,000 posts that are not retweets: k-means on sentence vectors (Universal "
        "Sentence Encoder Multilingual, Yang et al. 2020), with the number of groups that has the best silhouette unless it was set. In "
        "no topic are posts in languages that the vectors do not know, posts nearer to the middle of all posts than to a group, posts "
        "between two groups, groups of less than 2 % and groups that vary as much as the sample. Words and phrases with at least twice "
        "the odds of other posts, of the same language where it has some, name a topic; they were found by log-odds.",
    ),
    "words": "Words were cut by Unicode's rules (UAX #29) with ICU's dictionaries. Links, mentions, retweets and the commonest words "
    f"of each language (stopwords-iso) were left out. A post counts once for each of its words. Of more than {MOST_TEXTS:,} posts a "
    "random sample of that size was read.",
    "distinctive_words": "Words that set a part apart were found by log-odds with an informative Dirichlet prior (Monroe, Colaresi "
    "and Quinn 2008), at 2.58 standard errors and more, and with at least two authors.",
    "compared_words": "Words that set the compared parts apart were found by log-odds with an informative Dirichlet prior (Monroe, "
    "Colaresi and Quinn 2008), each part against the others.",
    "posts_by_region": "Places are those that posts are tagged with, or else what authors write about themselves, looked up in "
    "GeoNames (cities of 15,000 people and more, countries and states).",
    "languages": "Languages are those that X detected.",
    "network_of_mentions": "Communities are Louvain's, with a fixed seed; the pictures show the densest part (highest k-cores).",
    "trend": "A burst is an hour of at least ten posts, twice the mean of the same hour of up to seven days before, and more than three "
    "standard deviations (Poisson) above it.",
}


def methods(report: Report) -> list[str]:
    """Return the paragraphs: what was collected and how, how complete it is, how the answers were made, and the versions."""
    return [
        part
        for part in (_collected(report), _complete(report), _how_questions_were_computed(report), _versions(report))
        if part
    ]


def _collected(report: Report) -> str:
    params = report.params
    begin, end = moment(params.local(params.since)), moment(params.last_moment)
    rules = (
        enumerated([f"{tag or 'a rule without a tag'} ({value})" for tag, value in report.rules])
        if report.rules
        else ""
    )
    by_rules = f" that matched {'the rule' if len(report.rules) == 1 else 'the rules'} {rules}" if rules else ""
    how = (
        f"Posts{by_rules} were collected with the filtered stream of X's API v2"
        if report.coverage
        else "Posts of X were imported"
    )
    limits = enumerated([f"{name} {value}" for name, value in params.filters.items()]) if params.filters else ""
    limited = f" This report is limited to posts with {limits}." if limits else ""
    totals = report.results.get("totals")
    counts = ""
    if totals and totals.rows:
        row = totals.rows[0]
        counts = f" They are {posts(row['total_posts'])} by {people(row['authors'])}; {row['unique_posts']:,} are not retweets."
    return f"{how} that were made from {begin} to {end} ({params.timezone}).{counts}{limited}"


def _complete(report: Report) -> str:
    if report.coverage is None:
        return ""
    text = f"The stream was connected for {report.coverage.share:.1%} of the time."
    gaps = report.results.get("gaps")
    if gaps and gaps.rows:
        missing = sum(row["missing"] or 0 for row in gaps.rows)
        text += (
            f" There were {len(gaps.rows):,} interruption{'s' * (len(gaps.rows) != 1)}; posts of these times were fetched with recent "
            f"search where possible, which returns no retweets, and {posts(missing)} are known to be missing."
        )
    return text + " Posts that their authors deleted before the report was made are not in it."


_MODELS = {
    "use3-vader": "by sentence vectors (Universal Sentence Encoder Multilingual, Yang et al. 2020) with a ridge regression on the rated "
    "English texts of VADER, mixed with its lexicon (Hutto and Gilbert 2014)",
    "vader": "by VADER (Hutto and Gilbert 2014), for English alone",
}


def _scored(report: Report) -> str:
    """Say what made the scores of this period."""
    rows = report.results["sentiment_by_language"].rows if "sentiment_by_language" in report.results else []
    models = {name for row in rows for name in (row["model"] or "").split(" and ") if name}
    scorers = [text for start, text in _MODELS.items() if any(name.startswith(start) for name in models)]
    return f"Sentiment was scored from -1 to 1 {enumerated(scorers)} ({enumerated(sorted(models))})." if scorers else ""


def _how_questions_were_computed(report: Report) -> str:
    texts = [text for name, text in _TEXTS.items() if name in report.results and _is_answered(report, name)]
    answered = " ".join(dict.fromkeys(texts))  # several questions have the same text
    return " ".join(part for part in (answered, _scored(report)) if part)


def _is_answered(report: Report, name: str) -> bool:
    rows = report.results[name].rows
    return any(row["n"] for row in rows) if name == "sentiment_by_hour" else bool(rows)


def _versions(report: Report) -> str:
    count = f"{len(report.results)} of {len(questions.names(is_compared=True))} questions"
    return (
        f"The report was made on {report.created_at:%d %B %Y} with twitter-data-stream {VERSION} ({count}, seed {report.params.seed}, "
        f"lists from {report.params.minimum} posts)."
    )
