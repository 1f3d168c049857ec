"""The charts of each question that has some, from its rows. Pure: rows in, a specification out, colours by name only."""

from collections.abc import Callable
from dataclasses import dataclass

import altair as alt

from ..questions import Question
from ..rows import Context, Rows
from . import graph, lists, time
from .base import Chart, Panel, Spec

# What a question's file may name as its chart, with the columns that it shows.
KINDS: dict[str, Callable[..., time.Draw]] = {
    "bars": lists.bars,
    "network": graph.densest_part,
    "ranked": lists.ranked,
    "side_by_side": time.side_by_side,
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart that is ready to be shown: a specification of Vega-Lite or Vega, and its title where a question has several."""

    spec: Spec
    title: str = ""


def charts(question: Question, rows: Rows, context: Context) -> tuple[Drawn, ...]:
    """Return the charts; none for a question that is only a table or has nothing to draw. Raises UsageError for an unknown chart."""
    draw = getattr(question.code, "chart", None)
    if draw is None and question.chart:
        draw = _draw_kind(question)
    drawn = draw(rows, context) if draw is not None and rows else None
    if drawn is None:
        return ()
    panels = drawn if isinstance(drawn, list) else [Panel("", drawn)]
    return tuple(Drawn(_specification(question, panel.chart), panel.title) for panel in panels)


def _specification(question: Question, chart: Chart) -> Spec:
    # the page is as wide as the screen, but a height in steps cannot adapt
    sized = chart.properties(width="container", autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    spec = dict(sized.to_dict())
    if question.chart.startswith(("bars", "ranked")):
        spec["padding"] = {"left": 5, "top": 5, "bottom": 5, "right": 48}  # px: for the number behind the longest bar
    if datasets := getattr(question.code, "datasets", None):
        spec["datasets"] = spec.get("datasets", {}) | datasets()
    return graph.place_labels(spec) if question.chart.startswith("network") else spec


def _draw_kind(question: Question) -> time.Draw:
    kind, *columns = question.chart.split()
    try:
        return KINDS[kind](*columns)
    except (KeyError, TypeError):
        raise question.wrong(
            f"there is no chart '{question.chart}'; its first word is one of {', '.join(KINDS)}"
        ) from None
