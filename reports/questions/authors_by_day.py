"""Authors a day: seen before, and new."""

import statistics
from datetime import timedelta

import altair as alt

from ..charts.base import HEIGHT, Chart, bars_over_time, gaps, time, time_tooltip
from ..rows import Context, Rows
from ..sentences import DAYS, people


def finding(rows: Rows, context: Context) -> str:
    later = rows[1:]
    if len(later) < DAYS:
        return ""
    new, total = sum(row["new_authors"] for row in later), sum(row["authors"] for row in later)
    typical = round(statistics.median(row["authors"] for row in later))
    return f"On a typical day there {'is' if typical == 1 else 'are'} {people(typical)}; {new / total:.0%} of them are new."


def chart(rows: Rows, context: Context) -> Chart:
    """Draw the chart. Every author is new on the first day, which says nothing, so that day is not split into new and seen before."""
    stacked = [
        {"since": time(row["day"]), "until": time(row["day"] + timedelta(days=1)), "kind": kind, "authors": count}
        for number, row in enumerate(rows)
        for kind, count in (
            [("first day", row["authors"])]
            if number == 0
            else [("seen before", row["authors"] - row["new_authors"]), ("new", row["new_authors"])]
        )
    ]
    bars = bars_over_time(stacked, rows).encode(
        y=alt.Y("authors:Q", title="authors per day"),
        color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=["seen before", "new", "first day"])),
        tooltip=[time_tooltip("since"), "kind:N", alt.Tooltip("authors:Q", format=",")],
    )
    return alt.layer(gaps(rows, context), bars).properties(height=HEIGHT)
