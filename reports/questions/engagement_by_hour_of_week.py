"""The week as a grid of hours."""

import altair as alt

from ..charts.base import Chart
from ..charts.week import grid
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
    cells = grid(rows, context, "posts_an_hour", "reach_an_hour", "hours", "posts")
    never = cells.mark_text(text="·").encode(color=alt.ColorValue("grey")).transform_filter("datum.hours == 0")
    return alt.layer(cells, never)
