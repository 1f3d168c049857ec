"""The page that goes with a coding sheet: how the posts were drawn, what the columns mean, and room for the codes. Pure."""

from collections.abc import Sequence

from .params import Params
from .tables import moment

_COLUMNS = {
    "stratum": "the day, rule or language from which the post was drawn",
    "stratum_posts": "how many posts that stratum has in the period, retweets excluded",
    "posted_at": "when the post was made, in the time zone of the sheet",
    "user_username": "the author's handle",
    "lang": "the language that X detected",
    "rules": "the rules that matched",
    "id": "the post's id: x.com/i/status/ID shows it, if it still exists",
    "text": "the whole text",
    "code": "the code of the post",
    "coder": "who coded it",
    "remark": "anything that the codes do not say",
}
_TOPICS = (
    "## Topics",
    "",
    "The file that ends in `-topics.csv` has the topic of each post, by `id`. Open it when all posts are coded: a topic would suggest a "
    "code. Then count how often code and topic agree.",
    "",
)


def codebook(params: Params, count: int, columns: Sequence[str], *, has_topics: bool = False) -> str:
    """Return the page in Markdown."""
    begin, end = moment(params.local(params.since)), moment(params.last_moment)
    limits = "; ".join(f"{name} {value}" for name, value in params.filters.items()) or "none"
    described = [f"| `{name}` | {_COLUMNS[name]} |" for name in columns if name in _COLUMNS]
    return "\n".join(
        [
            "# Codebook",
            "",
            "## Sample",
            "",
            f"{count:,} posts from {begin} to {end} ({params.timezone}), retweets excluded. Filters: {limits}. Seed: {params.seed}.",
            _drawn(params),
            "",
            "## Columns",
            "",
            "| column | meaning |",
            "| --- | --- |",
            *described,
            "",
            *(_TOPICS if has_topics else ()),
            "## Codes",
            "",
            "Define each code before you begin: what it covers, what it does not, and an example of both. One post has one code.",
            "",
            "| code | covers | does not cover | example |",
            "| --- | --- | --- | --- |",
            "| | | | |",
            "| | | | |",
            "",
            "## Agreement",
            "",
            "Each coder works in a sheet of their own. Code the first 50 posts separately, compare, and sharpen the definitions. "
            "Report Krippendorff's alpha for posts that were coded separately afterwards; 0.8 is usually asked for. X's policy does not "
            "allow publishing the sheet: share the ids (`--ids-only`) and the codes.",
            "",
        ]
    )


def _drawn(params: Params) -> str:
    strata = {"day": "days", "rule": "rules", "language": "languages"}[params.by]
    if params.strata == "equal":
        return (
            f"Equally many posts were drawn from each of the {strata}. Percentages of the sheet do not hold for all posts: weight each "
            f"post by `stratum_posts` divided by the number of posts of its stratum in the sheet."
        )
    return f"The {strata} have as many posts in the sheet as they have of all posts, so percentages hold for all posts but retweets."
