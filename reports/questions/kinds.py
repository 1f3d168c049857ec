"""The share of originals and retweets, in words."""

from ..rows import Context, Rows


def finding(rows: Rows, context: Context) -> str:
    of_kind = {row["kind"]: row["share"] for row in rows}
    return f"{of_kind.get('original', 0):.0%} of the posts are originals, {of_kind.get('retweet', 0):.0%} are retweets."
