"""The last seven days beside those before, and the words of each burst."""

import statistics
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import altair as alt

from .. import bursts
from ..charts import bins
from ..charts.base import HEIGHT, RED, UTC, Chart, gaps, inline_data, time, time_tooltip, x_axis
from ..charts.time import burst_labels
from ..rows import Context, Rows
from ..sentences import posts
from . import ReportData

_WEEK = timedelta(days=7)
_SPANS = (1, 3, 6, 12, 24)  # hours


def context(report: ReportData, usual: Context) -> Context:
    """The words of each burst, and the gaps of the whole week, which begins before a short period does."""
    params = report.params
    week = replace(params, since=min(params.since, params.until - _WEEK))
    week_gaps = report.rows("gaps") if week == params else report.ask("gaps", week)
    return replace(usual, gaps=week_gaps, words=bursts.words(report.rows("trend"), report.rows("distinctive_words")))


def finding(rows: Rows, context: Context) -> str:
    both = [row for row in rows if row["week_before"] is not None]
    now, before = sum(row["posts"] for row in both), sum(row["week_before"] for row in both)
    hours, overlapping = sum(row["burst"] for row in rows), sum(row["burst"] for row in both)
    change = f"{now / before - 1:+.1%} on the 7 days before ({before:,})" if before else "nothing to compare with"
    marked = f" {hours} hour{'s' * (hours != 1)} with a burst" if hours else " No hour with a burst"
    if hours != overlapping:
        marked += f" in the whole period, {overlapping} of them in these 7 days"
    about = [f"{first:%a %d %b}: {', '.join(words[:3])}" for first, words in context.words.items() if words]
    return f"{posts(now)} in the last 7 days of the period, {change}.{marked}{'; ' * bool(about)}{'; '.join(about)}."


def count(rows: Rows) -> str:
    both = [row for row in rows if row["week_before"] is not None]
    return f"{posts(sum(row['posts'] + row['week_before'] for row in both))} of 14 days"


def chart(rows: Rows, context: Context) -> Chart:
    """Draw both weeks in spans of as many hours as most need for enough posts."""
    rows = [row for row in rows if row["week_before"] is not None] or rows
    spans = _spans(rows)
    length = timedelta(hours=spans[0]["hours"])
    drawn = [*spans, spans[-1] | {"since": spans[-1]["since"] + length}]  # the last step has its width too
    lines = [
        {"since": time(span["since"]), "series": series, "posts": span[column]}
        for span in drawn
        for series, column in (("last 7 days", "posts"), ("the 7 days before", "week_before"))
        if span[column] is not None
    ]
    marked = [
        {"since": time(span["since"]), "posts": span["posts"], "bursts": span["bursts"]}
        for span in spans
        if span["bursts"]
    ]
    unit = "hour" if length == timedelta(hours=1) else f"{spans[0]['hours']} hours"
    line = (
        alt.Chart(inline_data(lines))
        .mark_line(interpolate="step-after", strokeWidth=1.5)
        .encode(
            x=x_axis("since", [{"since": span["since"]} for span in spans]),
            y=alt.Y("posts:Q", title=f"posts per {unit}"),
            color=alt.Color("series:N", title=None, scale=alt.Scale(domain=["last 7 days", "the 7 days before"])),
            tooltip=[time_tooltip("since"), "series:N", alt.Tooltip("posts:Q", format=",")],
        )
    )
    marks = (
        alt.Chart(inline_data(marked))
        .mark_point(shape="triangle-down", filled=True, size=70, color=RED, yOffset=-9)
        .encode(
            x=alt.X("since:T", scale=UTC),
            y="posts:Q",
            tooltip=[
                time_tooltip("since"),
                alt.Tooltip("posts:Q", format=","),
                alt.Tooltip("bursts:Q", title="hours with a burst"),
            ],
        )
    )
    by_span = {span["since"]: span["posts"] for span in spans}
    named = {_start(moment, spans): words for moment, words in context.words.items()}
    labels = burst_labels(by_span, "hour", replace(context, words=named))
    return alt.layer(gaps(rows, context), line, marks, *labels).properties(height=HEIGHT)


def _spans(rows: Rows) -> Rows:
    """Return the rows in spans of 1, 3, 6, 12 or 24 hours, the shortest of which most have enough posts."""
    for hours in _SPANS:
        spans = [_span(rows[first : first + hours], hours) for first in range(0, len(rows), hours)]
        if statistics.median(span["posts"] for span in spans) >= bins.ENOUGH:
            break
    return spans


def _span(rows: Rows, hours: int) -> dict[str, Any]:
    before = [row["week_before"] for row in rows]
    return {
        "since": rows[0]["hour"],
        "hours": hours,
        "posts": sum(row["posts"] for row in rows),
        "week_before": None if None in before else sum(before),
        "bursts": sum(row["burst"] for row in rows),
    }


def _start(moment: datetime, spans: Rows) -> datetime:
    """Return the beginning of the span in which a moment lies."""
    return max((span["since"] for span in spans if span["since"] <= moment), default=moment)
