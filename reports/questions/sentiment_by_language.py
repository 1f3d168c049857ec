"""How many posts of each language are negative, neutral and positive, and how far the scores can be trusted."""

from typing import Any

import altair as alt

from posts import languages
from posts.sentiment import accuracy

from ..charts.base import RED, Chart, inline_data
from ..rows import Context, Rows
from ..sentences import posts
from . import ReportData

_LANGUAGES = 12  # bars
_ROW = 22  # px
_ENOUGH = 30  # scored posts: below, shares vary by ten points and more by chance
_COLORS = {"negative": RED, "neutral": "#b8b8b8", "positive": "#2a7f9e"}


def prepare(rows: Rows, report: ReportData) -> Rows:
    """Add the accuracy of the model in each language."""
    return [row | {"share_right_signs": accuracy.right_signs(row["model"], row["lang"])} for row in rows]


def finding(rows: Rows, context: Context) -> str:
    scored, total = sum(row["scored"] for row in rows), sum(row["posts"] for row in rows)
    if not scored:
        return ""
    parts = {name: sum((row[f"share_{name}"] or 0) * row["scored"] for row in rows) / scored for name in _COLORS}
    return (
        f"Of {posts(scored)} with a score ({scored / total:.0%} of all), {parts['negative']:.0%} are scored negative, "
        f"{parts['neutral']:.0%} neutral and {parts['positive']:.0%} positive."
    )


def count(rows: Rows) -> str:
    return f"{posts(sum(row['scored'] for row in rows))} with a score, retweets included"


def chart(rows: Rows, context: Context) -> Chart | None:
    """Draw a bar a language, divided into the three classes."""
    enough = [row for row in rows if row["scored"] >= _ENOUGH][:_LANGUAGES]
    if not enough:
        return None
    names = [_label(row) for row in enough]
    shown = [
        {"language": name, "class": part, "order": order, "share": row[f"share_{part}"], "mean": row["mean"]}
        for name, row in zip(names, enough, strict=True)
        for order, part in enumerate(_COLORS)
    ]
    return (
        alt.Chart(inline_data(shown))
        .mark_bar()
        .encode(
            y=alt.Y("language:N", sort=names, title=None, axis=alt.Axis(labelLimit=260)),
            x=alt.X(
                "share:Q",
                title="share of the scored posts",
                axis=alt.Axis(format="%", tickCount=5),
                scale=alt.Scale(domain=[0, 1]),
            ),
            color=alt.Color(
                "class:N",
                title=None,
                scale=alt.Scale(domain=list(_COLORS), range=list(_COLORS.values())),
                legend=alt.Legend(orient="top", direction="vertical"),  # a phone has no room for three in a row
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("language:N", title="language and scored posts"),
                alt.Tooltip("class:N", title="sounds"),
                alt.Tooltip("share:Q", format=".0%"),
                alt.Tooltip("mean:Q", title="mean of the language", format="+.2f"),
            ],
        )
        .properties(height=_ROW * len(enough))
    )


def _label(row: dict[str, Any]) -> str:
    right = row["share_right_signs"]
    accuracy_text = "" if right is None else f" · {right:.0%} right"
    return f"{languages.name(row['lang'])} · {row['scored']:,}{accuracy_text}"
