"""The week as a grid of hours."""

import altair as alt

from ..charts.base import Chart, inline_data
from ..rows import Context, Rows
from ..tables import WEEKDAYS


def finding(rows: Rows, context: Context) -> str:
    measured = [row for row in rows if row["posts_an_hour"] is not None]
    most = max(measured, key=lambda row: row["posts_an_hour"], default=None)
    if most is None or not most["posts"]:
        return ""
    when = f"{WEEKDAYS[most['weekday']]}s at {most['hour']:02}:00"
    times = f"the mean of {most['hours']:.0f} such hours" if most["hours"] >= 2 else "one such hour"
    return f"Most posts come on {when}: {most['posts_an_hour']:,.1f} an hour ({times})."


def chart(rows: Rows, context: Context) -> Chart:
    days = [WEEKDAYS[(context.week_start + n) % 7][:3] for n in range(7)]
    cells = [
        {
            **{name: row[name] for name in ("hour", "posts_an_hour", "reach_an_hour", "hours", "posts")},
            "weekday": WEEKDAYS[row["weekday"]][:3],
        }
        for row in rows
    ]
    base = alt.Chart(inline_data(cells)).encode(
        x=alt.X("hour:O", title="hour of the day", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("weekday:O", title=None, sort=days),
    )
    grid = base.mark_rect().encode(
        color=alt.Color(
            "posts_an_hour:Q", title="posts an hour", scale=alt.Scale(scheme="viridis"), legend=alt.Legend(orient="top")
        ),
        tooltip=[
            "weekday:O",
            "hour:O",
            alt.Tooltip("posts_an_hour:Q", title="posts an hour", format=",.1f"),
            alt.Tooltip("reach_an_hour:Q", title="reach an hour", format=",.0f"),
            alt.Tooltip("hours:Q", title="such hours", format=".1f"),
            alt.Tooltip("posts:Q", title="n", format=","),
        ],
    )
    never = base.transform_filter("datum.hours == 0").mark_text(text="·")
    return alt.layer(grid, never).properties(height=7 * 26)
