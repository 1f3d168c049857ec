"""A Vega-Lite chart for each question that has one, from its rows. Pure: rows in, a specification out, colours by name only.

Times are shown as the report's time zone has them: they are passed as if they were UTC and drawn so.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import altair as alt

from .ask import Rows

Spec = dict[str, Any]
Chart = Any  # Altair's types for its own charts do not hold where they are layered

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HEIGHT = 220  # px
_ROW = 22  # px, of a bar in a list
_UTC = alt.Scale(type="utc")


def chart(name: str, rows: Rows, gaps: Rows, end: datetime) -> Spec | None:
    """None for a question that is a table only, or that has nothing to draw. `end` is the period's, in its time zone."""
    draw = _CHARTS.get(name)
    if draw is None or not rows:
        return None
    made = draw(rows, _shades(gaps, rows, end), end.replace(tzinfo=None))
    if made is None:
        return None
    # the page is as wide as its reader's screen is; a height in steps cannot be fitted to anything
    return dict(
        made.properties(width="container", autosize=alt.AutoSizeParams(type="fit-x", contains="padding")).to_dict()
    )


def _over_time(unit: str, length: timedelta) -> Callable[[Rows, Rows, datetime], Chart]:
    def draw(rows: Rows, shades: Rows, end: datetime) -> Chart:
        stacked = [
            {"since": _time(row[unit]), "until": _time(row[unit] + length), "kind": kind, "posts": posts,
             "complete": _datetime(row[unit]) + length <= end,
                "not held": f"{row['seconds_not_held'] // 60:,} min"}
            for row in rows
            for kind, posts in (("other posts", row["posts"] - row["retweets"]), ("retweets", row["retweets"]))
        ]  # fmt: skip
        bars = (
            alt.Chart(_data(stacked))
            .mark_bar(orient="vertical", stroke=None)
            .encode(
                x=alt.X("since:T", scale=_UTC, title=None, axis=_axis(rows)),
                x2="until:T",
                y=alt.Y("posts:Q", title=f"posts per {unit}"),
                color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=["other posts", "retweets"])),
                opacity=alt.condition("datum.complete", alt.value(1), alt.value(0.5)),  # goes on: no fall
                tooltip=[_when("since"), "kind:N", alt.Tooltip("posts:Q", format=","), "not held:N"],
            )
        )
        return alt.layer(_gaps(shades), bars).properties(height=_HEIGHT)

    return draw


def _trend(rows: Rows, shades: Rows, end: datetime) -> Chart:
    lines = [
        {"hour": _time(row["hour"]), "series": series, "posts": row[column]}
        for row in rows
        for series, column in (("this week", "posts"), ("the week before", "week_before"))
        if row[column] is not None
    ]
    bursts = [
        {"hour": _time(row["hour"]), "posts": row["posts"], "usual": row["usual"]} for row in rows if row["burst"]
    ]
    line = (
        alt.Chart(_data(lines))
        .mark_line(interpolate="step-after", strokeWidth=1.5)
        .encode(
            x=alt.X("hour:T", scale=_UTC, title=None, axis=_axis(rows)),
            y=alt.Y("posts:Q", title="posts per hour"),
            color=alt.Color("series:N", title=None, scale=alt.Scale(domain=["this week", "the week before"])),
            tooltip=[_when("hour"), "series:N", alt.Tooltip("posts:Q", format=",")],
        )
    )
    marks = (
        alt.Chart(_data(bursts))
        .mark_point(shape="triangle-down", filled=True, size=70, color="#d1495b", yOffset=-9)
        .encode(
            x=alt.X("hour:T", scale=_UTC),
            y="posts:Q",
            tooltip=[_when("hour"), alt.Tooltip("posts:Q", title="burst, posts", format=","), "usual:Q"],
        )
    )
    return alt.layer(_gaps(shades), line, marks).properties(height=_HEIGHT)


def _week(rows: Rows, shades: Rows, end: datetime) -> Chart:
    cells = [
        {**{name: row[name] for name in ("hour", "posts_an_hour", "reach_an_hour", "hours", "posts")},
         "weekday": WEEKDAYS[row["weekday"]]}
        for row in rows
    ]  # fmt: skip
    base = alt.Chart(_data(cells)).encode(
        x=alt.X("hour:O", title="hour of the day", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("weekday:O", title=None, sort=list(WEEKDAYS)),
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


def _sentiment(rows: Rows, shades: Rows, end: datetime) -> Chart | None:
    known = [row for row in rows if row["mean"] is not None]
    if not known:
        return None
    data = [
        {"hour": _time(row["hour"]), "mean": row["mean"], "p25": row["p25"], "p75": row["p75"], "n": row["n"],
         "coverage": row["coverage"]}
        for row in rows
    ]  # fmt: skip
    base = alt.Chart(_data(data)).encode(x=alt.X("hour:T", scale=_UTC, title=None, axis=_axis(rows)))
    band = base.mark_area(opacity=0.25, interpolate="step-after").encode(
        y=alt.Y("p25:Q", title="sentiment, -1 to 1", scale=alt.Scale(domain=[-1, 1])), y2="p75:Q"
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=1.5).encode(
        y="mean:Q",
        tooltip=[
            _when("hour"),
            *(alt.Tooltip(f"{name}:Q", format="+.2f") for name in ("mean", "p25", "p75")),
            alt.Tooltip("n:Q", format=","),
            alt.Tooltip("coverage:Q", format=".0%"),
        ],
    )
    zero = alt.Chart(_data([{"y": 0}])).mark_rule(strokeDash=[2, 3], color="#888888").encode(y="y:Q")
    return alt.layer(_gaps(shades), zero, band, line).properties(height=_HEIGHT)


def _bars(label: str, value: str, *more: str, most: int = 15) -> Callable[[Rows, Rows, datetime], Chart]:
    def draw(rows: Rows, shades: Rows, end: datetime) -> Chart:
        shown = [{name: row[name] for name in (label, value, *more)} for row in rows[:most]]
        if label == "region" and len(rows) > most:
            shown.append({name: rows[-1][name] for name in (label, value, *more)})  # unknown is always shown
        base = alt.Chart(_data(shown)).encode(
            x=alt.X(f"{value}:Q", title=value.replace("_", " "), axis=alt.Axis(tickMinStep=1, tickCount=6)),
            y=alt.Y(f"{label}:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
            tooltip=[f"{label}:N", *(alt.Tooltip(f"{name}:Q", format=_format(name)) for name in (value, *more))],
        )
        beside = "share" if "share" in more else value
        numbers = base.mark_text(align="left", dx=4, clip=False).encode(
            text=alt.Text(f"{beside}:Q", format=_format(beside))
        )
        return alt.layer(base.mark_bar(), numbers).properties(height=_ROW * len(shown))

    return draw


def _receipt(rows: Rows, shades: Rows, end: datetime) -> Chart:
    ends = ("loaded", "filtered", "rejected", "balance")
    stacked = [
        {"since": _time(row["hour"]), "until": _time(row["hour"] + timedelta(hours=1)), "ended": end, "posts": row[end]}
        for row in rows
        for end in ends
        if row[end]
    ]
    bars = (
        alt.Chart(_data(stacked))
        .mark_bar(orient="vertical", stroke=None)
        .encode(
            x=alt.X("since:T", scale=_UTC, title=None, axis=_axis(rows)),
            x2="until:T",
            y=alt.Y("posts:Q", title="posts per hour of arrival"),
            color=alt.Color(
                "ended:N",
                title=None,
                scale=alt.Scale(domain=list(ends), range=["#2a9d8f", "#9aa5b1", "#e9a03b", "#d1495b"]),
            ),
            tooltip=[_when("since"), "ended:N", alt.Tooltip("posts:Q", format=",")],
        )
    )
    return alt.layer(_gaps(shades), bars).properties(height=_HEIGHT)


def _gaps(shades: Rows) -> Chart:
    """Behind everything else: an outage must not read as a trend."""
    return (
        alt.Chart(_data(shades))
        .mark_rect(opacity=0.22)
        .encode(
            x=alt.X("since:T", scale=_UTC),
            x2="until:T",
            color=alt.ColorValue("#d1495b"),
            tooltip=[
                alt.Tooltip("why:N", title="stream not held"),
                alt.Tooltip("status:N"),
                _when("since"),
                _when("until"),
                alt.Tooltip("missing:Q"),
            ],
        )
    )


def _shades(gaps: Rows, rows: Rows, end: datetime) -> Rows:
    """The gaps as far as the chart's own axis goes, so that one from before does not stretch it."""
    times = [value for value in (next(iter(row.values())) for row in rows) if isinstance(value, date)]
    if not times:
        return []
    first, last = min(map(_datetime, times)), end.replace(tzinfo=None)
    return [
        {"since": _time(max(begin, first)), "until": _time(min(until or last, last)), "status": gap["status"],
         "why": gap["reason"], "missing": gap["missing"]}
        for gap in gaps
        for begin, until in [(gap["since"].replace(tzinfo=None), gap["until"] and gap["until"].replace(tzinfo=None))]
        if begin < last and (until or last) > first
    ]  # fmt: skip


def _axis(rows: Rows) -> alt.Axis:
    first, last = (_datetime(next(iter(row.values()))) for row in (rows[0], rows[-1]))
    return alt.Axis(format="%d %b" if last - first > timedelta(days=3) else "%d %b %H:%M", tickCount=8)


def _when(name: str) -> alt.Tooltip:
    return alt.Tooltip(f"{name}:T", title=name, timeUnit="utcyearmonthdatehoursminutes")


def _time(moment: date) -> str:
    return f"{_datetime(moment).isoformat(timespec='seconds')}Z"


def _datetime(moment: date) -> datetime:
    return moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001


def _data(values: Rows) -> alt.InlineData:
    return alt.InlineData(values=values)


def _format(name: str) -> str:
    return ".1%" if name == "share" else ","


_CHARTS: dict[str, Callable[[Rows, Rows, datetime], Any]] = {
    "posts_by_hour": _over_time("hour", timedelta(hours=1)),
    "posts_by_day": _over_time("day", timedelta(days=1)),
    "posts_by_week": _over_time("week", timedelta(weeks=1)),
    "trend": _trend,
    "engagement_by_hour_of_week": _week,
    "sentiment_by_hour": _sentiment,
    "kinds": _bars("kind", "posts", "share"),
    "languages": _bars("lang", "posts", "share", "with_sentiment"),
    "posts_by_region": _bars("region", "posts", "share", "tagged_with_a_place"),
    "top_hashtags": _bars("hashtag", "posts", "authors"),
    "top_mentions": _bars("mention", "posts", "authors"),
    "top_links": _bars("site", "posts", "authors"),
    "posts_by_rule": _bars("rule", "posts", "dollars"),
    "dropped": _bars("reason", "posts", "dollars"),
    "receipt": _receipt,
}
