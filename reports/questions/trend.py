"""This week beside the week before, and the words of each burst."""

from dataclasses import replace
from datetime import timedelta

import altair as alt

from .. import bursts
from ..charts.base import HEIGHT, RED, UTC, Chart, gaps, inline_data, time, time_tooltip, x_axis
from ..rows import Context, Rows
from ..sentences import posts
from . import ReportData

_WEEK = timedelta(days=7)
_WORDS = 3  # that name a burst


def context(report: ReportData, usual: Context) -> Context:
    """The words of each burst, and the gaps of the whole week, which begins before a short period does."""
    params = report.params
    week = replace(params, since=min(params.since, params.until - _WEEK))
    week_gaps = report.rows("gaps") if week == params else report.ask("gaps", week)
    by_part: dict[str, list[str]] = {}
    for row in report.rows("distinctive_words"):
        by_part.setdefault(row["part"], []).append(row["word"])
    named = {burst.first: by_part[burst.name] for burst in bursts.find(report.rows("trend")) if burst.name in by_part}
    return replace(usual, gaps=week_gaps, words=named)


def finding(rows: Rows, context: Context) -> str:
    both = [row for row in rows if row["week_before"] is not None]
    now, before = sum(row["posts"] for row in both), sum(row["week_before"] for row in both)
    hours, overlapping = sum(row["burst"] for row in rows), sum(row["burst"] for row in both)
    change = f"{now / before - 1:+.1%} on the week before ({before:,})" if before else "nothing to compare with"
    marked = f" {hours} hour{'s' * (hours != 1)} with a burst" if hours else " No hour with a burst"
    if hours != overlapping:
        marked += f" in the whole period, {overlapping} of them this week"
    about = [f"{first:%a %d %b}: {', '.join(words[:3])}" for first, words in context.words.items() if words]
    return f"{posts(now)} this week, {change}.{marked}{'; ' * bool(about)}{'; '.join(about)}."


def chart(rows: Rows, context: Context) -> Chart:
    rows = [row for row in rows if row["week_before"] is not None] or rows
    lines = [
        {"hour": time(row["hour"]), "series": series, "posts": row[column]}
        for row in rows
        for series, column in (("this week", "posts"), ("the week before", "week_before"))
        if row[column] is not None
    ]
    marked = [{"hour": time(row["hour"]), "posts": row["posts"], "usual": row["usual"]} for row in rows if row["burst"]]
    line = (
        alt.Chart(inline_data(lines))
        .mark_line(interpolate="step-after", strokeWidth=1.5)
        .encode(
            x=x_axis("hour", rows),
            y=alt.Y("posts:Q", title="posts per hour"),
            color=alt.Color("series:N", title=None, scale=alt.Scale(domain=["this week", "the week before"])),
            tooltip=[time_tooltip("hour"), "series:N", alt.Tooltip("posts:Q", format=",")],
        )
    )
    marks = (
        alt.Chart(inline_data(marked))
        .mark_point(shape="triangle-down", filled=True, size=70, color=RED, yOffset=-9)
        .encode(
            x=alt.X("hour:T", scale=UTC),
            y="posts:Q",
            tooltip=[time_tooltip("hour"), alt.Tooltip("posts:Q", title="burst, posts", format=","), "usual:Q"],
        )
    )
    return alt.layer(gaps(rows, context), line, marks, *_burst_labels(rows, context)).properties(height=HEIGHT)


def _burst_labels(rows: Rows, context: Context) -> list[Chart]:
    """The words of each burst beside its first mark, on the side where there is room."""
    middle = rows[len(rows) // 2]["hour"]
    posts_by_hour = {row["hour"]: row["posts"] for row in rows}
    named = [
        {
            "hour": time(hour),
            "posts": posts_by_hour[hour],
            "words": " · ".join(words[:_WORDS]),
            "is_left": hour < middle,
        }
        for hour, words in context.words.items()
        if hour in posts_by_hour
    ]
    return [
        alt.Chart(inline_data([label for label in named if label["is_left"] is on_left_side]))
        .mark_text(align="left" if on_left_side else "right", dx=10 if on_left_side else -10, dy=-9, fontSize=12)
        .encode(x=alt.X("hour:T", scale=UTC), y="posts:Q", text="words:N")
        for on_left_side in (True, False)
    ]
