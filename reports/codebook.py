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
    "sentiment": "VADER's score, -1 to 1; hide this column while coding, so that it suggests nothing",
    "id": "the post's id: x.com/i/status/ID shows it, if it still exists",
    "text": "the whole text",
}


def codebook(params: Params, coders: Sequence[str], count: int, columns: Sequence[str]) -> str:
    """Return the page in Markdown."""
    begin, end = (moment(params.local(at)) for at in (params.since, params.until))
    limits = "; ".join(f"{name} {value}" for name, value in params.filters.items()) or "none"
    known = [f"| `{name}` | {_COLUMNS[name]} |" for name in columns if name in _COLUMNS]
    own = [f"| `{name}` | {_meaning(name, coders)} |" for name in columns if name not in _COLUMNS]
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
            *known,
            *own,
            "",
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
            "Code the first 50 posts separately, compare, and sharpen the definitions. Report Krippendorff's alpha for posts that "
            "were coded separately afterwards; 0.8 is usually asked for. X's policy does not allow publishing the sheet: share the "
            "ids (`--ids-only`) and the codes.",
            "",
        ]
    )


def _meaning(name: str, coders: Sequence[str]) -> str:
    if name == "remark":
        return "anything that the codes do not say"
    if name == "coder":
        return "who coded the post"
    return (
        f"the code that {name.removeprefix('code_')} gives, independently of the others"
        if coders
        else "the code of the post"
    )


def _drawn(params: Params) -> str:
    strata = {"day": "days", "rule": "rules", "language": "languages"}[params.by]
    if params.strata == "equal":
        return (
            f"Equally many posts were drawn from each of the {strata}. Percentages of the sheet do not hold for all posts: weight each "
            f"post by `stratum_posts` divided by the number of posts of its stratum in the sheet."
        )
    return f"The {strata} have as many posts in the sheet as they have of all posts, so percentages hold for all posts but retweets."
