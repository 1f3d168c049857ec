"""The mean sentiment, and how sure it is."""

import math

import altair as alt

from ..charts import bins
from ..charts.base import HEIGHT, Chart, gaps, inline_data, time, time_tooltip, x_axis
from ..rows import Context, Rows
from ..sentences import posts


def finding(rows: Rows, context: Context) -> str:
    count = sum(row["n"] for row in rows)
    if not count:
        return ""
    mean = sum(row["sum"] for row in rows) / count  # of all posts, those of hours without a mean included
    return f"The mean sentiment of {posts(count)} is {mean:+.2f}, on a scale from -1 to 1."


def count(rows: Rows) -> str:
    return f"{posts(sum(row['n'] for row in rows))} with a score, retweets included"


def chart(rows: Rows, context: Context) -> Chart | None:
    """Draw the mean of each bin with its 95 % interval, in bins with enough scored posts."""
    unit = context.bins or bins.fitting([(row["hour"], row["n"]) for row in rows], context.week_start)
    shown = [
        {
            "since": time(since + (bins.end(since, unit) - since) / 2),  # a mean of the whole bin
            "n": sums["n"],
            "coverage": sums["n"] / sums["posts"] if sums["posts"] else 0,
            **_interval(sums),
        }
        for since, sums in bins.summed(rows, "hour", unit, ("posts", "n", "sum", "sum_of_squares"), context.week_start)
    ]
    if all(row["mean"] is None for row in shown):
        return None
    base = alt.Chart(inline_data(shown)).encode(x=x_axis("since", [{"since": row["hour"]} for row in rows]))
    band = base.mark_area(opacity=0.25).encode(
        y=alt.Y("low:Q", title=f"mean sentiment per {unit}, -1 to 1", scale=alt.Scale(domain=[-1, 1])), y2="high:Q"
    )
    line = base.mark_line(strokeWidth=1.5, point=alt.OverlayMarkDef(size=22)).encode(
        y="mean:Q",
        tooltip=[
            time_tooltip("since", "middle"),
            alt.Tooltip("mean:Q", format="+.2f"),
            alt.Tooltip("low:Q", title="95 % interval from", format="+.2f"),
            alt.Tooltip("high:Q", title="to", format="+.2f"),
            alt.Tooltip("n:Q", title="scored posts", format=","),
            alt.Tooltip("coverage:Q", title="of all posts", format=".0%"),
        ],
    )
    zero = alt.Chart(inline_data([{"y": 0}])).mark_rule(strokeDash=[2, 3], color="#888888").encode(y="y:Q")
    return alt.layer(gaps(rows, context), zero, band, line).properties(height=HEIGHT)


def _interval(sums: dict[str, float]) -> dict[str, float | None]:
    """Return the mean and its interval (normal approximation); None where too few posts are scored."""
    n = sums["n"]
    if n < bins.ENOUGH:
        return {"mean": None, "low": None, "high": None}
    mean = sums["sum"] / n
    variance = max(sums["sum_of_squares"] / n - mean * mean, 0) * n / (n - 1)
    half = 1.96 * math.sqrt(variance / n)
    return {"mean": mean, "low": mean - half, "high": mean + half}
