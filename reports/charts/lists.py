"""Draws lists as bars, and ranked words in columns beside each other."""

import altair as alt

from posts import languages

from ..regions import UNKNOWN
from ..rows import Context, Rows
from .base import Chart, inline_data, number_format
from .time import Draw

_ROW = 22  # px, of a bar in a list
_COLUMNS = 4  # of words: more have no room on a phone
_WORDS = 12  # in a column


def bars(label: str, value: str, *more: str, most: int = 15) -> Draw:
    def draw(rows: Rows, context: Context) -> Chart | None:
        shown = [
            {**{name: row[name] for name in (value, *more)}, label: _name(label, row[label])}
            for row in rows
            if row[label] != UNKNOWN  # which is no place: said beside the chart
        ][:most]
        if not shown:
            return None
        base = alt.Chart(inline_data(shown)).encode(
            x=alt.X(f"{value}:Q", title=value.replace("_", " "), axis=alt.Axis(tickMinStep=1, tickCount=6)),
            y=alt.Y(f"{label}:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
            tooltip=[f"{label}:N", *(alt.Tooltip(f"{name}:Q", format=number_format(name)) for name in (value, *more))],
        )
        beside_bar = "share" if "share" in more else value
        numbers = base.mark_text(align="left", dx=4, clip=False).encode(
            text=alt.Text(f"{beside_bar}:Q", format=number_format(beside_bar))
        )
        return alt.layer(base.mark_bar(), numbers).properties(height=_ROW * len(shown))

    return draw


def columns(heading: str, word: str, value: str) -> Draw:
    """Ranked words, a column for each language or part; the stronger a word's colour, the larger its value."""

    def draw(rows: Rows, context: Context) -> Chart:
        heads = list(dict.fromkeys(row[heading] for row in rows))
        heads = heads[:1] + heads[1:][-_COLUMNS + 1 :] if heading == "part" else heads[:_COLUMNS]
        shown = []
        for head in heads:
            ranked = [row for row in rows if row[heading] == head][:_WORDS]
            most = max(row[value] for row in ranked)
            shown += [
                {
                    "column": _name(heading, head),
                    "rank": rank,
                    "word": row[word],
                    "posts": row["posts"],
                    value: row[value],
                    "strength": row[value] / most,
                }
                for rank, row in enumerate(ranked, 1)
            ]
        top = alt.Axis(
            orient="top", labelAngle=0, labelLimit=alt.ExprRef(f"width / {len(heads)} - 8"), domain=False, ticks=False
        )
        words = (
            alt.Chart(inline_data(shown))
            .mark_text(fontSize=13, limit=alt.ExprRef(f"width / {len(heads)} - 8"))
            .encode(
                x=alt.X("column:N", title=None, sort=None, axis=top),
                y=alt.Y("rank:O", title=None, axis=None),
                text="word:N",
                opacity=alt.Opacity("strength:Q", scale=alt.Scale(domain=[0, 1], range=[0.55, 1]), legend=None),
                tooltip=[
                    "column:N",
                    "word:N",
                    alt.Tooltip("posts:Q", format=","),
                    alt.Tooltip(f"{value}:Q", format=","),
                ],
            )
        )
        return words.properties(height=_ROW * max(row["rank"] for row in shown))

    return draw


def _name(label: str, value: str) -> str:
    return languages.name(value) if label == "lang" else value
