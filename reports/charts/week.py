"""Draws the week as a grid of hours."""

import altair as alt

from ..rows import Context, Rows
from ..tables import WEEKDAYS
from .base import Chart, inline_data

_ROW = 26  # px


def grid(rows: Rows, context: Context, value: str, *more: str) -> Chart:
    """Return a cell for each weekday and hour of the rows, coloured by `value`; `more` columns are shown on touch."""
    days = [WEEKDAYS[(context.week_start + n) % 7][:3] for n in range(7)]
    cells = [
        {name: row[name] for name in ("hour", value, *more)} | {"weekday": WEEKDAYS[row["weekday"]][:3]} for row in rows
    ]
    return (
        alt.Chart(inline_data(cells))
        .mark_rect()
        .encode(
            x=alt.X(
                "hour:O",
                title="hour of the day",
                axis=alt.Axis(labelAngle=0),
                scale=alt.Scale(domain=list(range(24))),
            ),
            y=alt.Y("weekday:O", title=None, scale=alt.Scale(domain=days)),
            color=alt.Color(
                f"{value}:Q", title=_words(value), scale=alt.Scale(scheme="viridis"), legend=alt.Legend(orient="top")
            ),
            tooltip=[
                "weekday:O",
                "hour:O",
                *(alt.Tooltip(f"{name}:Q", title=_words(name), format=",.4~r") for name in (value, *more)),
            ],
        )
        .properties(height=7 * _ROW)
    )


def _words(column: str) -> str:
    return column.replace("_", " ")
