"""A Vega-Lite chart for each question that has one, from its rows. Pure: rows in, a specification out, colours by name only."""

from collections.abc import Callable

import altair as alt

from ..questions import Question
from ..rows import Context, Rows
from . import graph, lists, time
from .base import Spec

# What a question's file may name as its chart, with the columns that it shows.
KINDS: dict[str, Callable[..., time.Draw]] = {
    "bars": lists.bars,
    "columns": lists.columns,
    "network": graph.densest_part,
    "posts_per": time.posts_per,
    "side_by_side": time.side_by_side,
}


def chart(question: Question, rows: Rows, context: Context) -> Spec | None:
    """Return a chart; None for a question that is only a table or has nothing to draw. Raises UsageError for a chart that there is not."""
    draw = getattr(question.code, "chart", None)
    if draw is None and question.chart:
        draw = _draw_kind(question)
    drawn = draw(rows, context) if draw is not None and rows else None
    if drawn is None:
        return None
    # the page is as wide as the screen, but a height in steps cannot adapt
    spec = dict(
        drawn.properties(width="container", autosize=alt.AutoSizeParams(type="fit-x", contains="padding")).to_dict()
    )
    if datasets := getattr(question.code, "datasets", None):
        spec["datasets"] = spec.get("datasets", {}) | datasets()
    return spec


def _draw_kind(question: Question) -> time.Draw:
    kind, *columns = question.chart.split()
    try:
        return KINDS[kind](*columns)
    except (KeyError, TypeError):
        raise question.wrong(
            f"there is no chart '{question.chart}'; its first word is one of {', '.join(KINDS)}"
        ) from None
