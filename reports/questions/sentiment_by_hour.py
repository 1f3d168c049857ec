"""The mood and its spread."""

import altair as alt

from ..charts.base import HEIGHT, Chart, gaps, inline_data, time, time_tooltip, x_axis
from ..rows import Context, Rows
from ..sentences import posts


def finding(rows: Rows, context: Context) -> str:
    count = sum(row["n"] for row in rows)
    if not count:
        return ""
    mean = sum(row["sum"] for row in rows) / count  # of all posts, those of hours without a mean included
    lean = "positive" if mean > 0.05 else "negative" if mean < -0.05 else "neutral"
    return f"The mean sentiment is {mean:+.2f}, {lean}; {posts(count)} have one."


def chart(rows: Rows, context: Context) -> Chart | None:
    scored = [row for row in rows if row["mean"] is not None]
    if not scored:
        return None
    shown = [
        {
            "hour": time(row["hour"]),
            "mean": row["mean"],
            "p25": row["p25"],
            "p75": row["p75"],
            "n": row["n"],
            "coverage": row["coverage"],
        }
        for row in rows
    ]
    base = alt.Chart(inline_data(shown)).encode(x=x_axis("hour", rows))
    band = base.mark_area(opacity=0.25, interpolate="step-after").encode(
        y=alt.Y("p25:Q", title="sentiment, -1 to 1", scale=alt.Scale(domain=[-1, 1])), y2="p75:Q"
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=1.5).encode(
        y="mean:Q",
        tooltip=[
            time_tooltip("hour"),
            *(alt.Tooltip(f"{name}:Q", format="+.2f") for name in ("mean", "p25", "p75")),
            alt.Tooltip("n:Q", format=","),
            alt.Tooltip("coverage:Q", format=".0%"),
        ],
    )
    zero = alt.Chart(inline_data([{"y": 0}])).mark_rule(strokeDash=[2, 3], color="#888888").encode(y="y:Q")
    return alt.layer(gaps(rows, context), zero, band, line).properties(height=HEIGHT)
