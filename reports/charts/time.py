"""Charts over time: posts an hour, day and week, and names side by side."""

from collections.abc import Callable
from datetime import timedelta

import altair as alt

from posts import languages

from ..rows import Context, Rows
from .base import HEIGHT, UTC, Chart, as_datetime, bars_over_time, gaps, inline_data, time, time_tooltip, x_axis

Draw = Callable[[Rows, Context], Chart | None]

_SMOOTH = {"hour": (24, "mean of 24 hours"), "day": (7, "mean of 7 days")}  # where single bars are noise
_LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
_COLOURS = 6  # that can be told apart


def posts_per(unit: str) -> Draw:
    length = _LENGTHS[unit]

    def draw(rows: Rows, context: Context) -> Chart:
        stacked = [
            {
                "since": time(row[unit]),
                "until": time(row[unit] + length),
                "kind": kind,
                "posts": posts,
                "complete": context.begin <= as_datetime(row[unit]) and as_datetime(row[unit]) + length <= context.end,
                "not held": f"{row['seconds_not_held'] // 60:,} min",
            }
            for row in rows
            for kind, posts in (("other posts", row["posts"] - row["retweets"]), ("retweets", row["retweets"]))
        ]
        smooth, name = _smooth(unit, length, rows, context)
        kinds = ["other posts", "retweets", *([name] if smooth else [])]
        bars = bars_over_time(stacked, rows).encode(
            y=alt.Y("posts:Q", title=f"posts per {unit}"),
            color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=kinds)),
            # the last bar is not over, so it must not look like a fall
            opacity=alt.condition("datum.complete", alt.value(1), alt.value(0.5)),
            tooltip=[time_tooltip("since"), "kind:N", alt.Tooltip("posts:Q", format=","), "not held:N"],
        )
        line = (
            alt.Chart(inline_data(smooth))
            .mark_line(strokeWidth=2)
            .encode(
                x=alt.X("at:T", scale=UTC),
                y="mean:Q",
                color=alt.Color("kind:N"),
                tooltip=[time_tooltip("at"), "kind:N", alt.Tooltip("mean:Q", format=",.1f")],
            )
        )
        return alt.layer(gaps(rows, context), bars, *([line] if smooth else [])).properties(height=HEIGHT)

    return draw


def _smooth(unit: str, length: timedelta, rows: Rows, context: Context) -> tuple[Rows, str]:
    """The mean of the bars around each, of those that were held all the time and are over; none where there are few."""
    if unit not in _SMOOTH:
        return [], ""
    window, name = _SMOOTH[unit]
    if len(rows) < 2 * window:
        return [], ""
    values = [
        row["posts"] if not row["seconds_not_held"] and as_datetime(row[unit]) + length <= context.end else None
        for row in rows
    ]
    smooth = []
    for number, row in enumerate(rows):
        around = [
            value for value in values[max(0, number - window // 2) : number + window // 2 + 1] if value is not None
        ]
        if len(around) > window // 2:
            smooth.append(
                {"at": time(as_datetime(row[unit]) + length / 2), "mean": sum(around) / len(around), "kind": name}
            )
    return smooth, name


def side_by_side(label: str) -> Draw:
    """A line for each name, in the order of the rows: those with most posts first."""

    def draw(rows: Rows, context: Context) -> Chart:
        names = list(dict.fromkeys(_name(label, row[label]) for row in rows))[:_COLOURS]
        points = [
            {"since": time(row["since"]), "name": name, "posts": row["posts"], "share": row["share"]}
            for row in rows
            if (name := _name(label, row[label])) in names
        ]
        lines = (
            alt.Chart(inline_data(points))
            .mark_line(strokeWidth=1.5, point=alt.OverlayMarkDef(size=16))
            .encode(
                x=x_axis("since", rows),
                y=alt.Y("posts:Q", title="posts"),
                color=alt.Color("name:N", title=None, scale=alt.Scale(domain=names), legend=alt.Legend(columns=4)),
                tooltip=[
                    time_tooltip("since"),
                    "name:N",
                    alt.Tooltip("posts:Q", format=","),
                    alt.Tooltip("share:Q", format=".1%"),
                ],
            )
        )
        return alt.layer(gaps(rows, context), lines).properties(height=HEIGHT)

    return draw


def _name(label: str, value: str) -> str:
    return languages.name(value) if label == "lang" else value
