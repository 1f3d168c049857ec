"""What the charts share: their data, axes of time, and the shading of gaps. Times are drawn as the report's zone has them.

They are passed to Vega as if they were UTC and drawn so, because a browser knows only its own zone and UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import altair as alt

from ..rows import Context, Rows

Spec = dict[str, Any]
Chart = Any  # Altair's types for its own charts do not hold where they are layered


@dataclass(frozen=True, slots=True)
class Panel:
    """One of several charts of a question, with what it shows above it."""

    title: str
    chart: Chart


HEIGHT = 220  # px
RED = "#d1495b"
UTC = alt.Scale(type="utc")
_HOURLY_DAYS = 3  # days: of a shorter period the hours are named
_FEW = 10  # bars
_LABELLED = 0.01  # of the axis: a gap that is shorter has no room for words


def inline_data(values: Rows) -> alt.InlineData:
    return alt.InlineData(values=values)


def time(moment: date) -> str:
    return f"{as_datetime(moment).isoformat(timespec='seconds')}Z"


def as_datetime(moment: date) -> datetime:
    return moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001


def axis(rows: Rows) -> alt.Axis:
    """A tick a bar where there are few, else whole days, so that no label comes twice."""
    times = [as_datetime(next(iter(row.values()))) for row in rows]
    if times[-1] - times[0] < timedelta(days=_HOURLY_DAYS):
        return alt.Axis(format="%d %b %H:%M", tickCount=6)
    if len(times) <= _FEW:
        return alt.Axis(format="%d %b", values=[time(moment) for moment in times])
    days = (times[-1] - times[0]).days
    return alt.Axis(format="%d %b", tickCount=alt.TimeIntervalStep(interval="day", step=max(1, round(days / 8))))


def x_axis(name: str, rows: Rows) -> alt.X:
    return alt.X(f"{name}:T", scale=UTC, title=None, axis=axis(rows))


def time_tooltip(name: str, title: str = "") -> alt.Tooltip:
    return alt.Tooltip(f"{name}:T", title=title or name, timeUnit="utcyearmonthdatehoursminutes")


def bars_over_time(values: Rows, rows: Rows) -> Chart:
    """Return bars that stand from `since` to `until` of each value; how high they are is for the caller to encode."""
    return (
        alt.Chart(inline_data(values))
        .mark_bar(orient="vertical", stroke=None)
        .encode(x=x_axis("since", rows), x2="until:T")
    )


def number_format(name: str) -> str:
    return ".1%" if name == "share" else ",.1f" if name.endswith("_mean") else ","


def gaps(rows: Rows, context: Context) -> Chart:
    """Shade gaps behind everything else, because an outage must not look like a trend."""
    shades = _shades(rows, context)
    shade = (
        alt.Chart(inline_data(shades))
        .mark_rect(opacity=0.22)
        .encode(
            x=alt.X("since:T", scale=UTC),
            x2="until:T",
            color=alt.ColorValue(RED),
            tooltip=[
                alt.Tooltip("why:N", title="stream not connected"),
                alt.Tooltip("status:N"),
                time_tooltip("since"),
                time_tooltip("until"),
                alt.Tooltip("missing:Q"),
            ],
        )
    )
    label = (
        alt.Chart(inline_data([shade for shade in shades if shade["label"]]))
        .mark_text(align="left", dx=3, color=RED, fontSize=10)
        .encode(x=alt.X("since:T", scale=UTC), y=alt.value(8), text="label:N")
    )
    return alt.layer(shade, label)


def _shades(rows: Rows, context: Context) -> Rows:
    """The gaps as far as the chart's own axis goes, so that one from before does not stretch it."""
    times = [value for value in (next(iter(row.values())) for row in rows) if isinstance(value, date)]
    if not times:
        return []
    first, last = min(map(as_datetime, times)), context.end
    shades = []
    for gap in context.gaps:
        begin, until = gap["since"].replace(tzinfo=None), gap["until"] and gap["until"].replace(tzinfo=None)
        if begin >= last or (until or last) <= first:
            continue
        since, end = max(begin, first), min(until or last, last)
        is_wide = end - since >= _LABELLED * (last - first)
        shades.append(
            {
                "since": time(since),
                "until": time(end),
                "status": gap["status"],
                "why": gap["reason"],
                "missing": gap["missing"],
                "label": "not connected" if is_wide else "",
            }
        )
    return shades
