"""Draws lists as bars, and a list of words for each language or part."""

import altair as alt

from posts import languages

from ..regions import UNKNOWN
from ..rows import Context, Rows
from .base import Chart, Panel, inline_data, number_format
from .time import Draw

_ROW = 22  # px, of a bar in a list
_PANELS = 6  # lists of words
_WORDS = 12  # in a list
_SCALES = {"share": "share of the posts", "z": "how sure, in standard errors; the number is the posts"}


def bars(label: str, value: str, *more: str, most: int = 15) -> Draw:
    def draw(rows: Rows, context: Context) -> Chart | None:
        shown = [
            {**{name: row[name] for name in (value, *more)}, label: _name(label, row[label], context)}
            for row in rows
            if row[label] != UNKNOWN  # which is no place: said beside the chart
        ][:most]
        if not shown:
            return None
        base = alt.Chart(inline_data(shown)).encode(
            x=alt.X(
                f"{value}:Q",
                title=value.replace("_", " "),
                axis=alt.Axis(tickMinStep=1, tickCount=3),
                scale=alt.Scale(nice=False),
            ),
            y=alt.Y(f"{label}:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
            tooltip=[f"{label}:N", *(alt.Tooltip(f"{name}:Q", format=number_format(name)) for name in (value, *more))],
        )
        beside_bar = "share" if "share" in more else value
        numbers = base.mark_text(align="left", dx=4, clip=False).encode(
            text=alt.Text(f"{beside_bar}:Q", format=number_format(beside_bar))
        )
        return alt.layer(base.mark_bar(), numbers).properties(height=_ROW * len(shown))

    return draw


def ranked(heading: str, word: str, value: str) -> Draw:
    """A list of bars for each language, part or topic, its largest first; beside a bar is its number of posts."""

    def draw(rows: Rows, context: Context) -> list[Panel]:
        heads = list(dict.fromkeys(row[heading] for row in rows))
        heads = heads[:1] + heads[1:][-_PANELS + 1 :] if heading == "part" and len(heads) > _PANELS else heads[:_PANELS]
        lists = {head: [row for row in rows if row[heading] == head][:_WORDS] for head in heads}
        return [
            Panel(_name(heading, head, context), _bars_of(listed, word, value, context))
            for head, listed in lists.items()
        ]

    return draw


def _bars_of(rows: Rows, word: str, value: str, context: Context) -> Chart:
    shown = [{"word": _name(word, row[word], context), "posts": row["posts"], value: row[value]} for row in rows]
    base = alt.Chart(inline_data(shown)).encode(
        x=alt.X(
            f"{value}:Q",
            title=_SCALES.get(value, value),
            axis=alt.Axis(tickCount=3, format=number_format(value)),
            scale=alt.Scale(nice=False),
        ),
        y=alt.Y("word:N", title=None, sort=None, axis=alt.Axis(labelLimit=180)),
        tooltip=["word:N", alt.Tooltip("posts:Q", format=","), alt.Tooltip(f"{value}:Q", format=number_format(value))],
    )
    numbers = base.mark_text(align="left", dx=4, clip=False).encode(text=alt.Text("posts:Q", format=","))
    return alt.layer(base.mark_bar(), numbers).properties(height=_ROW * len(shown))


def _name(label: str, value: str, context: Context) -> str:
    is_language = label == "lang" or (label == "part" and context.compare == "language")
    return languages.name(value) if is_language else value
