"""The live page's charts, drawn once; their rows come later, under the name `rows`."""

from typing import Any

import altair as alt

Chart = Any  # Altair's types for its own charts do not hold where they are layered

_HEIGHT = 170  # px


def specs() -> dict[str, dict[str, Any]]:
    """A Vega-Lite specification by the id of the element that it is drawn in."""
    return {"rate": _finish(_rate()), "mood": _finish(_mood()), "hashtags": _finish(_hashtags())}


def _rate() -> Chart:
    return (
        alt.Chart(alt.NamedData(name="rows"))
        .mark_bar(orient="vertical", stroke=None)
        .encode(
            x=alt.X("step:T", title=None, axis=alt.Axis(format="%H:%M", tickCount=6)),
            x2="end:T",
            y=alt.Y("posts:Q", title="posts", axis=alt.Axis(tickMinStep=1)),
            tooltip=[alt.Tooltip("step:T", format="%H:%M:%S", title="from"), "posts:Q"],
        )
        .properties(height=_HEIGHT)
    )


def _mood() -> Chart:
    base = alt.Chart(alt.NamedData(name="rows")).encode(
        x=alt.X("step:T", title=None, axis=alt.Axis(format="%H:%M", tickCount=6))
    )
    line = base.mark_line(interpolate="step-after", point=alt.OverlayMarkDef(size=18), strokeWidth=1.5).encode(
        y=alt.Y("sentiment:Q", title="mean sentiment", scale=alt.Scale(domain=[-1, 1])),
        tooltip=[
            alt.Tooltip("step:T", format="%H:%M:%S", title="from"),
            alt.Tooltip("sentiment:Q", format="+.2f"),
            alt.Tooltip("n:Q", title="n"),
        ],
    )
    zero = alt.Chart(alt.InlineData(values=[{"y": 0}])).mark_rule(strokeDash=[2, 3], color="#888888").encode(y="y:Q")
    return alt.layer(zero, line).properties(height=_HEIGHT)


def _hashtags() -> Chart:
    base = alt.Chart(alt.NamedData(name="rows")).encode(
        x=alt.X("posts:Q", title="posts", axis=alt.Axis(tickMinStep=1, tickCount=5)),
        y=alt.Y("hashtag:N", title=None, sort=alt.EncodingSortField("rank", op="min"), axis=alt.Axis(labelLimit=180)),
    )
    return alt.layer(base.mark_bar(), base.mark_text(align="left", dx=4).encode(text="posts:Q")).properties(height=260)


def _finish(chart: Chart) -> dict[str, Any]:
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    return dict(chart.properties(width="container", autosize=fit).to_dict())
