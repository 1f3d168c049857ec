"""Charts over time: posts in bins that fit the data, and names side by side."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import altair as alt

from posts import languages

from ..rows import Context, Rows
from . import bins
from .base import HEIGHT, UTC, Chart, Panel, bars_over_time, gaps, inline_data, time, time_tooltip, x_axis

Draw = Callable[[Rows, Context], Chart | list[Panel] | None]

_SMOOTH = {"hour": (24, "mean of 24 hours"), "day": (7, "mean of 7 days")}  # where single bars are noise
_BURST_WORDS = 3  # that name a burst
_COLOURS = 6  # that can be told apart


def posts_over_time(rows: Rows, context: Context) -> Chart:
    """Draw the rows of the question posts_over_time: bars by kind, their running mean, gaps, and the words of bursts."""
    unit = rows[0]["unit"]
    stacked = [
        {
            "since": time(row["since"]),
            "until": time(bins.end(row["since"], unit)),
            "kind": kind,
            "posts": posts,
            "complete": context.begin <= row["since"] and bins.end(row["since"], unit) <= context.end,
            "not connected": f"{row['seconds_not_held'] // 60:,} min",
        }
        for row in rows
        for kind, posts in (("other posts", row["posts"] - row["retweets"]), ("retweets", row["retweets"]))
    ]
    smooth, name = _smooth(unit, rows, context)
    kinds = ["other posts", "retweets", *([name] if smooth else [])]
    bars = bars_over_time(stacked, rows).encode(
        y=alt.Y("posts:Q", title=f"posts per {unit}"),
        color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=kinds)),
        # the last bar is not over, so it must not look like a fall
        opacity=alt.condition("datum.complete", alt.value(1), alt.value(0.5)),
        tooltip=[time_tooltip("since"), "kind:N", alt.Tooltip("posts:Q", format=","), "not connected:N"],
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
    labels = burst_labels({row["since"]: row["posts"] for row in rows}, unit, context)
    return alt.layer(gaps(rows, context), bars, *([line] if smooth else []), *labels).properties(height=HEIGHT)


def _smooth(unit: str, rows: Rows, context: Context) -> tuple[Rows, str]:
    """The mean of the bars around each, of those that were held all the time and are over; none where there are few."""
    if unit not in _SMOOTH:
        return [], ""
    window, name = _SMOOTH[unit]
    if len(rows) < 2 * window:
        return [], ""
    values = [
        row["posts"] if not row["seconds_not_held"] and bins.end(row["since"], unit) <= context.end else None
        for row in rows
    ]
    smooth = []
    for number, row in enumerate(rows):
        around = [
            value for value in values[max(0, number - window // 2) : number + window // 2 + 1] if value is not None
        ]
        if len(around) > window // 2:
            middle = row["since"] + (bins.end(row["since"], unit) - row["since"]) / 2
            smooth.append({"at": time(middle), "mean": sum(around) / len(around), "kind": name})
    return smooth, name


def burst_labels(posts: Mapping[datetime, int], unit: str, context: Context) -> list[Chart]:
    """The words of each burst above the bin in which it began, on the side where there is room. `posts` are by the bin's beginning."""
    if not posts:
        return []
    middle = list(posts)[len(posts) // 2]
    named = [
        {"at": time(since), "posts": posts[since], "words": " · ".join(words[:_BURST_WORDS]), "is_left": since < middle}
        for moment, words in context.words.items()
        if (since := bins.begin(moment, unit, context.week_start)) in posts
    ]
    return [
        alt.Chart(inline_data([label for label in named if label["is_left"] is on_left_side]))
        .mark_text(align="left" if on_left_side else "right", dx=10 if on_left_side else -10, dy=-9, fontSize=12)
        .encode(x=alt.X("at:T", scale=UTC), y="posts:Q", text="words:N")
        for on_left_side in (True, False)
    ]


def side_by_side(label: str) -> Draw:
    """A line for each name, in the order of the rows: those with most posts first."""

    def draw(rows: Rows, context: Context) -> Chart:
        names = list(dict.fromkeys(row[label] for row in rows))[:_COLOURS]
        totals: dict[datetime, float] = {}  # of all posts of that time, those of other names too
        for row in rows:
            totals[row["since"]] = max(totals.get(row["since"], 0), row["posts"] / row["share"] if row["share"] else 0)
        units = bins.UNITS if len(totals) > 1 and _is_hourly(list(totals)) else bins.UNITS[1:]
        fitting = bins.fitting([(since, round(total)) for since, total in totals.items()], context.week_start, units)
        unit = context.bins if context.bins and context.bins in units else fitting
        binned_totals: dict[datetime, float] = {}
        for since, total in totals.items():
            first = bins.begin(since, unit, context.week_start)
            binned_totals[first] = binned_totals.get(first, 0) + total
        points = [
            {
                "since": time(since),
                "name": _name(label, name, context),
                "posts": sums["posts"],
                "share": sums["posts"] / binned_totals[since] if binned_totals[since] else None,
            }
            for name in names
            for since, sums in bins.summed(
                [row for row in rows if row[label] == name], "since", unit, ["posts"], context.week_start
            )
        ]
        lines = (
            alt.Chart(inline_data(points))
            .mark_line(strokeWidth=1.5, point=alt.OverlayMarkDef(size=16))
            .encode(
                x=x_axis("since", [{"since": since} for since in binned_totals]),
                y=alt.Y("posts:Q", title=f"posts per {unit}"),
                color=alt.Color(
                    "name:N",
                    title=None,
                    scale=alt.Scale(domain=[_name(label, name, context) for name in names]),
                    legend=alt.Legend(columns=4),
                ),
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


def _is_hourly(times: list[datetime]) -> bool:
    return times[1] - times[0] <= timedelta(hours=2)  # clocks go forward


def _name(label: str, value: str, context: Context) -> str:
    is_language = label == "lang" or (label == "part" and context.compare == "language")
    return languages.name(value) if is_language else value
