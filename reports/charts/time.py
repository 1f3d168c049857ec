"""Charts over time: posts an hour, day and week, the trend and its bursts, moods, the receipt, and names side by side."""

from collections.abc import Callable
from datetime import timedelta

import altair as alt

from posts import languages

from .. import tables
from ..query import Rows
from .base import HEIGHT, RED, UTC, Beside, Chart, as_datetime, data, gaps, time, when, x

Draw = Callable[[Rows, Beside], Chart | None]

_SMOOTH = {"hour": (24, "mean of 24 hours"), "day": (7, "mean of 7 days")}  # where single bars are noise
_ENDS = ("loaded", "filtered", "rejected", "balance")
_COLOURS = 6  # that can be told apart
_WORDS = 3  # that name a burst


def posts_per(unit: str, length: timedelta) -> Draw:
    def draw(rows: Rows, beside: Beside) -> Chart:
        stacked = [
            {"since": time(row[unit]), "until": time(row[unit] + length), "kind": kind, "posts": posts,
             "complete": beside.begin <= as_datetime(row[unit]) and as_datetime(row[unit]) + length <= beside.end,
                "not held": f"{row['seconds_not_held'] // 60:,} min"}
            for row in rows
            for kind, posts in (("other posts", row["posts"] - row["retweets"]), ("retweets", row["retweets"]))
        ]  # fmt: skip
        smooth, name = _smooth(unit, length, rows, beside)
        kinds = ["other posts", "retweets", *([name] if smooth else [])]
        bars = (
            alt.Chart(data(stacked))
            .mark_bar(orient="vertical", stroke=None)
            .encode(
                x=x("since", rows),
                x2="until:T",
                y=alt.Y("posts:Q", title=f"posts per {unit}"),
                color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=kinds)),
                # the last bar is not over, so it must not look like a fall
                opacity=alt.condition("datum.complete", alt.value(1), alt.value(0.5)),
                tooltip=[when("since"), "kind:N", alt.Tooltip("posts:Q", format=","), "not held:N"],
            )
        )
        line = (
            alt.Chart(data(smooth))
            .mark_line(strokeWidth=2)
            .encode(
                x=alt.X("at:T", scale=UTC),
                y="mean:Q",
                color=alt.Color("kind:N"),
                tooltip=[when("at"), "kind:N", alt.Tooltip("mean:Q", format=",.1f")],
            )
        )
        return alt.layer(gaps(rows, beside), bars, *([line] if smooth else [])).properties(height=HEIGHT)

    return draw


def _smooth(unit: str, length: timedelta, rows: Rows, beside: Beside) -> tuple[Rows, str]:
    """The mean of the bars around each, of those that were held all the time and are over; none where there are few."""
    if unit not in _SMOOTH:
        return [], ""
    window, name = _SMOOTH[unit]
    if len(rows) < 2 * window:
        return [], ""
    known = [
        row["posts"] if not row["seconds_not_held"] and as_datetime(row[unit]) + length <= beside.end else None
        for row in rows
    ]
    smooth = []
    for number, row in enumerate(rows):
        around = [one for one in known[max(0, number - window // 2) : number + window // 2 + 1] if one is not None]
        if len(around) > window // 2:
            smooth.append(
                {"at": time(as_datetime(row[unit]) + length / 2), "mean": sum(around) / len(around), "kind": name}
            )
    return smooth, name


def trend(rows: Rows, beside: Beside) -> Chart:
    rows = [row for row in rows if row["week_before"] is not None] or rows
    lines = [
        {"hour": time(row["hour"]), "series": series, "posts": row[column]}
        for row in rows
        for series, column in (("this week", "posts"), ("the week before", "week_before"))
        if row[column] is not None
    ]
    bursts = [{"hour": time(row["hour"]), "posts": row["posts"], "usual": row["usual"]} for row in rows if row["burst"]]
    line = (
        alt.Chart(data(lines))
        .mark_line(interpolate="step-after", strokeWidth=1.5)
        .encode(
            x=x("hour", rows),
            y=alt.Y("posts:Q", title="posts per hour"),
            color=alt.Color("series:N", title=None, scale=alt.Scale(domain=["this week", "the week before"])),
            tooltip=[when("hour"), "series:N", alt.Tooltip("posts:Q", format=",")],
        )
    )
    marks = (
        alt.Chart(data(bursts))
        .mark_point(shape="triangle-down", filled=True, size=70, color=RED, yOffset=-9)
        .encode(
            x=alt.X("hour:T", scale=UTC),
            y="posts:Q",
            tooltip=[when("hour"), alt.Tooltip("posts:Q", title="burst, posts", format=","), "usual:Q"],
        )
    )
    return alt.layer(gaps(rows, beside), line, marks, *_names_of_bursts(rows, beside)).properties(height=HEIGHT)


def _names_of_bursts(rows: Rows, beside: Beside) -> list[Chart]:
    """The words of each burst beside its first mark, on the side where there is room."""
    middle = rows[len(rows) // 2]["hour"]
    of_hour = {row["hour"]: row["posts"] for row in rows}
    named = [
        {"hour": time(hour), "posts": of_hour[hour], "words": " · ".join(found[:_WORDS]), "is_left": hour < middle}
        for hour, found in beside.words.items()
        if hour in of_hour
    ]
    return [
        alt.Chart(data([one for one in named if one["is_left"] is is_left]))
        .mark_text(align="left" if is_left else "right", dx=10 if is_left else -10, dy=-9, fontSize=12)
        .encode(x=alt.X("hour:T", scale=UTC), y="posts:Q", text="words:N")
        for is_left in (True, False)
    ]


def week(rows: Rows, beside: Beside) -> Chart:
    days = [tables.WEEKDAYS[(beside.week_start + n) % 7][:3] for n in range(7)]
    cells = [
        {**{name: row[name] for name in ("hour", "posts_an_hour", "reach_an_hour", "hours", "posts")},
         "weekday": tables.WEEKDAYS[row["weekday"]][:3]}
        for row in rows
    ]  # fmt: skip
    base = alt.Chart(data(cells)).encode(
        x=alt.X("hour:O", title="hour of the day", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("weekday:O", title=None, sort=days),
    )
    grid = base.mark_rect().encode(
        color=alt.Color("posts_an_hour:Q", title="posts an hour", scale=alt.Scale(scheme="viridis"), legend=alt.Legend(orient="top")),
        tooltip=[
            "weekday:O", "hour:O",
            alt.Tooltip("posts_an_hour:Q", title="posts an hour", format=",.1f"),
            alt.Tooltip("reach_an_hour:Q", title="reach an hour", format=",.0f"),
            alt.Tooltip("hours:Q", title="such hours", format=".1f"),
            alt.Tooltip("posts:Q", title="n", format=","),
        ],
    )  # fmt: skip
    never = base.transform_filter("datum.hours == 0").mark_text(text="·")
    return alt.layer(grid, never).properties(height=7 * 26)


def sentiment(rows: Rows, beside: Beside) -> Chart | None:
    known = [row for row in rows if row["mean"] is not None]
    if not known:
        return None
    shown = [
        {"hour": time(row["hour"]), "mean": row["mean"], "p25": row["p25"], "p75": row["p75"], "n": row["n"],
         "coverage": row["coverage"]}
        for row in rows
    ]  # fmt: skip
    base = alt.Chart(data(shown)).encode(x=x("hour", rows))
    band = base.mark_area(opacity=0.25, interpolate="step-after").encode(
        y=alt.Y("p25:Q", title="sentiment, -1 to 1", scale=alt.Scale(domain=[-1, 1])), y2="p75:Q"
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=1.5).encode(
        y="mean:Q",
        tooltip=[
            when("hour"),
            *(alt.Tooltip(f"{name}:Q", format="+.2f") for name in ("mean", "p25", "p75")),
            alt.Tooltip("n:Q", format=","),
            alt.Tooltip("coverage:Q", format=".0%"),
        ],
    )
    zero = alt.Chart(data([{"y": 0}])).mark_rule(strokeDash=[2, 3], color="#888888").encode(y="y:Q")
    return alt.layer(gaps(rows, beside), zero, band, line).properties(height=HEIGHT)


def receipt(rows: Rows, beside: Beside) -> Chart:
    stacked = [
        {"since": time(row["hour"]), "until": time(row["hour"] + timedelta(hours=1)), "ended": end, "posts": row[end]}
        for row in rows
        for end in _ENDS
        if row[end]
    ]
    bars = (
        alt.Chart(data(stacked))
        .mark_bar(orient="vertical", stroke=None)
        .encode(
            x=x("since", rows),
            x2="until:T",
            y=alt.Y("posts:Q", title="posts per hour of arrival"),
            color=alt.Color(
                "ended:N",
                title=None,
                scale=alt.Scale(domain=list(_ENDS), range=["#2a9d8f", "#9aa5b1", "#e9a03b", RED]),
            ),
            tooltip=[when("since"), "ended:N", alt.Tooltip("posts:Q", format=",")],
        )
    )
    return alt.layer(gaps(rows, beside), bars).properties(height=HEIGHT)


def cost(rows: Rows, beside: Beside) -> Chart:
    days = [
        {"since": time(row["day"]), "until": time(row["day"] + timedelta(days=1)), "dollars": row["dollars"]}
        for row in rows
    ]
    bars = (
        alt.Chart(data(days))
        .mark_bar(orient="vertical", stroke=None)
        .encode(
            x=x("since", rows),
            x2="until:T",
            y=alt.Y("dollars:Q", title="dollars per day (UTC)"),
            tooltip=[when("since"), alt.Tooltip("dollars:Q", format="$,.2f")],
        )
    )
    return alt.layer(gaps(rows, beside), bars).properties(height=HEIGHT)


def side_by_side(label: str) -> Draw:
    """A line for each name, in the order of the rows: those with most posts first."""

    def draw(rows: Rows, beside: Beside) -> Chart:
        names = list(dict.fromkeys(_name(label, row[label]) for row in rows))[:_COLOURS]
        points = [
            {"since": time(row["since"]), "name": name, "posts": row["posts"], "share": row["share"]}
            for row in rows
            if (name := _name(label, row[label])) in names
        ]
        lines = (
            alt.Chart(data(points))
            .mark_line(strokeWidth=1.5, point=alt.OverlayMarkDef(size=16))
            .encode(
                x=x("since", rows),
                y=alt.Y("posts:Q", title="posts"),
                color=alt.Color("name:N", title=None, scale=alt.Scale(domain=names), legend=alt.Legend(columns=4)),
                tooltip=[
                    when("since"),
                    "name:N",
                    alt.Tooltip("posts:Q", format=","),
                    alt.Tooltip("share:Q", format=".1%"),
                ],
            )
        )
        return alt.layer(gaps(rows, beside), lines).properties(height=HEIGHT)

    return draw


def authors(rows: Rows, beside: Beside) -> Chart:
    """Who is new on the first day is everybody, so that day says nothing and is left out of the second series."""
    stacked = [
        {"since": time(row["day"]), "until": time(row["day"] + timedelta(days=1)), "kind": kind, "authors": count}
        for number, row in enumerate(rows)
        for kind, count in (
            [("all", row["authors"])]
            if number == 0
            else [("seen before", row["authors"] - row["new_authors"]), ("new", row["new_authors"])]
        )
    ]
    bars = (
        alt.Chart(data(stacked))
        .mark_bar(orient="vertical", stroke=None)
        .encode(
            x=x("since", rows),
            x2="until:T",
            y=alt.Y("authors:Q", title="authors per day"),
            color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=["seen before", "new", "all"])),
            tooltip=[when("since"), "kind:N", alt.Tooltip("authors:Q", format=",")],
        )
    )
    return alt.layer(gaps(rows, beside), bars).properties(height=HEIGHT)


def _name(label: str, value: str) -> str:
    return languages.name(value) if label == "lang" else value
