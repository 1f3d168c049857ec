"""Where the posts of each hour are."""

from datetime import timedelta

import altair as alt

from ..charts.base import HEIGHT, RED, Chart, bars_over_time, gaps, time, time_tooltip
from ..rows import Context, Rows

_ENDS = ("loaded", "filtered", "rejected", "balance")


def finding(rows: Rows, context: Context) -> str:
    missing, published = sum(row["balance"] for row in rows), sum(row["published"] for row in rows)
    if not published and not missing:
        return "Nothing arrived in this period, so there is nothing to account for."
    return (
        f"{missing:,} of the {published:,} posts that arrived are missing."
        if missing
        else f"All {published:,} posts that arrived are accounted for."
    )


def chart(rows: Rows, context: Context) -> Chart:
    stacked = [
        {"since": time(row["hour"]), "until": time(row["hour"] + timedelta(hours=1)), "ended": end, "posts": row[end]}
        for row in rows
        for end in _ENDS
        if row[end]
    ]
    bars = bars_over_time(stacked, rows).encode(
        y=alt.Y("posts:Q", title="posts per hour of arrival"),
        color=alt.Color(
            "ended:N",
            title=None,
            scale=alt.Scale(domain=list(_ENDS), range=["#2a9d8f", "#9aa5b1", "#e9a03b", RED]),
        ),
        tooltip=[time_tooltip("since"), "ended:N", alt.Tooltip("posts:Q", format=",")],
    )
    return alt.layer(gaps(rows, context), bars).properties(height=HEIGHT)
