"""What X may charge, a bar a day."""

from datetime import timedelta

import altair as alt

from ..charts.base import HEIGHT, Chart, bars_over_time, gaps, time, time_tooltip
from ..rows import Context, Rows


def finding(rows: Rows, context: Context) -> str:
    dearest = max(rows, key=lambda row: row["dollars"])
    days = "1 day" if len(rows) == 1 else f"{len(rows)} days"
    most = (
        f"; the most expensive was {dearest['day']:%a %d %b}, with ${dearest['dollars']:,.2f}" if len(rows) > 1 else ""
    )
    return f"X charges at most ${sum(row['dollars'] for row in rows):,.2f} for {days}{most}."


def chart(rows: Rows, context: Context) -> Chart:
    days = [
        {"since": time(row["day"]), "until": time(row["day"] + timedelta(days=1)), "dollars": row["dollars"]}
        for row in rows
    ]
    bars = bars_over_time(days, rows).encode(
        y=alt.Y("dollars:Q", title="dollars per day (UTC)"),
        tooltip=[time_tooltip("since"), alt.Tooltip("dollars:Q", format="$,.2f")],
    )
    return alt.layer(gaps(rows, context), bars).properties(height=HEIGHT)
