"""The share of originals and retweets, in words."""

from ..rows import Context, Rows


def finding(rows: Rows, context: Context) -> str:
    shares = {row["kind"]: row["share"] for row in rows}
    return f"{shares.get('original', 0):.0%} of the posts are originals, {shares.get('retweet', 0):.0%} are retweets."
