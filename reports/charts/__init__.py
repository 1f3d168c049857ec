"""A Vega-Lite chart for each question that has one, from its rows. Pure: rows in, a specification out, colours by name only."""

from datetime import timedelta

import altair as alt

from ..query import Rows
from . import graph, lists, time, world
from .base import Beside, Spec

__all__ = ["Beside", "chart"]

_CHARTS: dict[str, time.Draw] = {
    "posts_by_hour": time.posts_per("hour", timedelta(hours=1)),
    "posts_by_day": time.posts_per("day", timedelta(days=1)),
    "posts_by_week": time.posts_per("week", timedelta(weeks=1)),
    "trend": time.trend,
    "engagement_by_hour_of_week": time.week,
    "sentiment_by_hour": time.sentiment,
    "receipt": time.receipt,
    "authors_by_day": time.authors,
    "rules_over_time": time.side_by_side("rule"),
    "keywords_over_time": time.side_by_side("word"),
    "languages_over_time": time.side_by_side("lang"),
    "kinds": lists.bars("kind", "posts", "share"),
    "languages": lists.bars("lang", "posts", "share", "with_sentiment"),
    "posts_by_region": world.world,
    "words": lists.columns("lang", "word", "share"),
    "phrases": lists.columns("lang", "phrase", "share"),
    "distinctive_words": lists.columns("part", "word", "z"),
    "top_hashtags": lists.bars("hashtag", "posts", "authors"),
    "top_emoji": lists.bars("emoji", "posts", "authors"),
    "top_mentions": lists.bars("mention", "posts", "authors"),
    "top_links": lists.bars("site", "posts", "authors"),
    "cost_by_day": time.cost,
    "posts_by_rule": lists.bars("rule", "posts", "dollars"),
    "dropped": lists.bars("reason", "posts", "dollars"),
    "network_of_hashtags": graph.densest(directed=False),
    "network_of_mentions": graph.densest(directed=True),
    "network_of_retweets": graph.densest(directed=True),
    "network_of_quotes": graph.densest(directed=True),
}


def chart(name: str, rows: Rows, beside: Beside) -> Spec | None:
    """Return a chart; None for a question that is only a table or has nothing to draw."""
    draw = _CHARTS.get(name)
    made = draw(rows, beside) if draw is not None and rows else None
    if made is None:
        return None
    # the page is as wide as the screen, but a height in steps cannot adapt
    spec = dict(
        made.properties(width="container", autosize=alt.AutoSizeParams(type="fit-x", contains="padding")).to_dict()
    )
    if name == "posts_by_region":
        spec["datasets"] = spec.get("datasets", {}) | world.datasets()
    return spec
