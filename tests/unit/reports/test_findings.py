"""What the title of a chart says."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from reports import questions
from reports.rows import Context

HOUR = datetime(2026, 11, 21, 21)  # noqa: DTZ001 - of a clock on a wall
NOTHING = Context(gaps=[], end=HOUR, begin=HOUR)  # beside the rows
POSTS = {"retweets": 0, "seconds_not_held": 0}
SAID: dict[str, tuple[str, list[dict[str, Any]], str]] = {
    "one post": (
        "totals",
        [{"total_posts": 1, "unique_posts": 1, "authors": 1}],
        "1 post by 1 author, 1 excluding retweets.",
    ),
    "no post": ("totals", [{"total_posts": 0, "unique_posts": 0, "authors": 0}], ""),
    "the busiest hour": (
        "posts_by_hour",
        [{"hour": HOUR.replace(hour=n), "posts": 60 if n == 9 else 20, **POSTS} for n in range(12)],
        "The busiest hour was Sat 21 Nov, 09:00, with 60 posts, 3.0 times the median (20).",
    ),
    "hours of an outage are none to compare with": (
        "posts_by_hour",
        [
            {
                "hour": HOUR.replace(hour=n),
                "posts": 60 if n == 9 else 20 if n > 3 else 0,
                "retweets": 0,
                "seconds_not_held": 0 if n > 3 else 9,
            }
            for n in range(12)
        ],
        "The busiest hour was Sat 21 Nov, 09:00, with 60 posts, 3.0 times the median (20).",
    ),
    "two hours are the busiest": (
        "posts_by_hour",
        [{"hour": HOUR.replace(hour=n), "posts": 9 if n in (3, 5) else 1, **POSTS} for n in range(3, 6)],
        "The busiest hour was Sat 21 Nov, 03:00, with 9 posts (1 other had as many).",
    ),
    "too few days for a usual one": (
        "posts_by_day",
        [{"day": date(2026, 11, 21), "posts": 7, **POSTS}],
        "The busiest day was Sat 21 Nov, with 7 posts.",
    ),
    "a country": (
        "posts_by_region",
        [
            {"region": "Brazil", "code": "BR", "posts": 30},
            {"region": "Chile", "code": "CL", "posts": 10},
            {"region": "unknown", "code": None, "posts": 60},
        ],
        "Of the posts whose country is known (40% of all), most are from Brazil (75%) and Chile (25%).",
    ),
    "no country": (
        "posts_by_region",
        [{"region": "unknown", "code": None, "posts": 60}],
        "The country is not known for any of the 60 posts.",
    ),
    "languages": (
        "languages",
        [{"lang": "en", "share": 0.6}, {"lang": "in", "share": 0.4}],
        "Most posts are in English (60%) and Indonesian (40%).",
    ),
    "a mood": (
        "sentiment_by_hour",
        [{"mean": 0.5, "n": 3, "sum": 1.5}, {"mean": None, "n": 1, "sum": -0.1}, {"mean": None, "n": 0, "sum": 0}],
        "The mean sentiment of 4 posts is +0.35, on a scale from -1 to 1.",
    ),
    "no mood": ("sentiment_by_hour", [{"mean": None, "n": 0, "sum": 0}], ""),
    "a burst before the week": (
        "distinctive_words",
        [
            {"part": "the last 7 days", "word": "week"},
            {"part": "burst of 21 Nov, 21:00", "word": "album"},
            {"part": "burst of 21 Nov, 21:00", "word": "train"},
        ],
        "Typical of the burst of 21 Nov, 21:00: album, train.",
    ),
    "a cost": (
        "cost_by_day",
        [{"day": date(2026, 11, 21), "dollars": 1.5}, {"day": date(2026, 11, 22), "dollars": 2.25}],
        "X charges at most $3.75 for 2 days; the most expensive was Sun 22 Nov, with $2.25.",
    ),
    "the cost of a day": (
        "cost_by_day",
        [{"day": date(2026, 11, 21), "dollars": 1.5}],
        "X charges at most $1.50 for 1 day.",
    ),
    "nothing missing": (
        "receipt",
        [{"balance": 0, "published": 1_500}],
        "All 1,500 posts that arrived are accounted for.",
    ),
    "something missing": (
        "receipt",
        [{"balance": 2, "published": 1_500}],
        "2 of the 1,500 posts that arrived are missing.",
    ),
    "a gap that is not counted": (
        "gaps",
        [{"seconds": 5_400, "missing": None}],
        "The stream was disconnected 1 time, 90 minutes in all; 0 posts are known to be missing.",
    ),
    "one day alone has no others": (
        "authors_by_day",
        [{"day": date(2026, 11, 21), "authors": 4, "new_authors": 4}],
        "",
    ),
    "nothing": ("trend", [], ""),
}


@pytest.mark.parametrize(("name", "rows", "sentence"), SAID.values(), ids=SAID.keys())
def test_the_title_says_what_the_rows_say(name: str, rows: list[dict[str, Any]], sentence: str) -> None:
    assert questions.load(name).headline(rows, NOTHING) == sentence


def test_the_trend_names_its_bursts_by_their_words() -> None:
    rows = [
        {"hour": HOUR.replace(hour=n), "posts": 90 if n == 21 else 10, "week_before": 10, "burst": n == 21}
        for n in range(24)
    ]
    assert questions.load("trend").headline(
        rows, replace(NOTHING, words={HOUR: ["night", "train", "album", "vinyl"]})
    ) == (
        "320 posts in the last 7 days of the period, +33.3% on the 7 days before (240). 1 hour with a burst; "
        "Sat 21 Nov: night, train, album."
    )
