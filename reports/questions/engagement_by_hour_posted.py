"""The week as a grid of hours, by what the posts of an hour get later."""

from ..charts.base import Chart
from ..charts.week import grid
from ..rows import Context, Rows
from ..sentences import posts
from ..tables import WEEKDAYS

_ENOUGH = 20  # posts of an hour, so that its mean may be compared
_FEWEST = 10  # posts of an hour that is shown: of one post that everybody likes the mean would be the brightest cell


def finding(rows: Rows, context: Context) -> str:
    best = max(
        (row for row in rows if row["posts_read"] >= _ENOUGH and row["likes_typical"] is not None),
        key=lambda row: row["likes_typical"],
        default=None,
    )
    if best is None:
        return ""
    return (
        f"Posts of {WEEKDAYS[best['weekday']]}s at {best['hour']:02}:00 are liked most: {best['likes_typical']:,.1f} likes on "
        f"geometric average about a day later, of {posts(best['posts_read'])}. Hours with less than {_ENOUGH} posts are not compared."
    )


def count(rows: Rows) -> str:
    return f"{sum(row['posts_read'] for row in rows):,} posts that were read again"


def chart(rows: Rows, context: Context) -> Chart | None:
    shown = [row for row in rows if row["posts_read"] >= _FEWEST]
    return grid(shown, context, "likes_typical", "posts_read", "likes_mean", "reposts_mean") if shown else None
