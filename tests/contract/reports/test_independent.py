"""Each number of each report equals what polars and plain Python compute from the same rows: the demo's, and random ones."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from google.cloud import bigquery

from demo import load, posts
from reports import narrowing, query, questions, reading, results
from reports.params import Params
from reports.query import Source
from tests.support import independent
from tests.support.report_rows import fresh

# the clocks of New York and Berlin were set back in the four weeks before
END = datetime(2026, 11, 10, 17, 20, tzinfo=UTC)
TABLES = {"demo": posts.make(2_500, 28, END, sentiment="english"), "random": {}}
PERIODS = {
    "four weeks in UTC": Params(END - timedelta(days=28), END),
    "a night in which clocks go back": Params(
        datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 26, 7, 10, tzinfo=UTC), "Europe/Berlin", minimum=1
    ),
    "of one keyword, in New York": Params(END - timedelta(days=14), END, "America/New_York", keyword="song"),
    "of one rule, in Kathmandu": Params(
        END - timedelta(days=9, hours=3),
        END,
        "Asia/Kathmandu",
        rule="artist-music",
        minimum=2,
        week_start=6,
        by="rule",
        sample=30,
        seed=7,
    ),
    "originals in English that say something": Params(
        END - timedelta(days=28),
        END,
        language="en",
        kind="original",
        search=reading.parse("sign OR song OR love -newer"),
        minimum=1,
    ),
    "of the stream, two kinds compared": Params(
        END - timedelta(days=20), END, source="stream", compare="kind", parts=("original", "retweet")
    ),
    "two languages compared": Params(
        END - timedelta(days=28), END, compare="language", parts=("en", "de", "und"), minimum=2
    ),
    "two keywords compared": Params(END - timedelta(days=28), END, compare="keyword", parts=("song", "beat")),
    "a few, by language": Params(END - timedelta(days=9), END, by="language", sample=41, week_start=5),
    "equally many of each language": Params(END - timedelta(days=9), END, by="language", sample=41, strata="equal"),
}


def texts(number: int) -> list[str | None]:
    """Return texts, some of which many authors post as their own, with another number, link or mention."""
    return [
        "RT @a: hi",
        "a 🎉👍🏽 👩‍👩‍👧 🇫🇷🇩🇪 ❤️",
        None,
        f"Sign THIS petition today, {number}! https://x.co/{number}",
        "sign this petition today @b",
    ]


def random_rows(seed: int) -> independent.Tables:
    """Return posts in which anything may be missing, ties are frequent, and some have several versions."""
    rng = random.Random(seed)
    words = ["Song", "song", "Beat", "ÄRGER", "音楽", "été"]
    begin = END - timedelta(days=28)
    versions = []
    for number in range(1_500):
        made = begin + timedelta(seconds=rng.randrange(28 * 86_400))
        arrived = made + timedelta(seconds=5, microseconds=number)
        row = {
            "id": str(10_000 + number),
            "created_at": f"{made:%Y-%m-%dT%H:%M:%S}",
            "source": rng.choice(["stream", "search", "import"]),
            "received_at": arrived.isoformat(),
            "loaded_at": (arrived + timedelta(seconds=1)).isoformat(),
            "text": rng.choice(texts(number)),
            "lang": rng.choice(["en", "de", "ja", None]),
            "latitude": rng.choice([None, None, 52.5163, -0.05]),
            "longitude": rng.choice([None, 13.4, -73.97]),
            "conversation_id": rng.choice([None, *map(str, range(300))]),
            "user_id": rng.choice([None, *map(str, range(40))]),
            "user_username": rng.choice(["u", "v", None]),
            "user_followers_count": rng.choice([None, 0, 5, 5, 1_000_000]),
            "user_location": rng.choice([None, "", " ", "Berlin ", "Paris"]),
            "retweet_of": rng.choice([None, None, "7", "8"]),
            "quote_of": rng.choice([None, "9"]),
            "reply_to": rng.choice([None, "9"]),
            "original_retweet_count": rng.choice([None, 3]),
            "original_favorite_count": rng.choice([None, 0, *range(9)]),
            "sentiment": rng.choice([None, 0.0, round(rng.uniform(-1, 1), 4)]),
            "country_code": rng.choice([None, None, "US"]),
            "tweet_location": rng.choice([None, None, "Austin"]),
            "hashtags": rng.choices(words, k=rng.randrange(3)),
            "mentions": rng.choices(words, k=rng.randrange(3)),
            "keywords": rng.sample(["song", "beat"], rng.randrange(3)),
            "urls": rng.choices(
                ["https://x.com/a", "http://www.A.org/b", "https://u@b.org:80", "mailto:x"], k=rng.randrange(3)
            ),
            "rules": rng.choice([[], ["artist-music"], ["artist-music", "other"]]),
        }
        versions.append(row)
        for hours in rng.sample([1, 13, 25, 47, 100, 130, 200], rng.randrange(4)):  # read again, some of them never
            read = made + timedelta(hours=hours, seconds=number)
            numbers = {
                name: rng.choice([None, *range(50)])
                for name in ("favorite_count", "retweet_count", "reply_count", "quote_count")
            }
            times = {"received_at": read.isoformat(), "loaded_at": (read + timedelta(seconds=1)).isoformat()}
            versions.append(row | numbers | times | {"source": "refresh"})
        if rng.random() < 0.1:  # delivered twice, with other words
            versions.append(row | {"loaded_at": (arrived + timedelta(minutes=9)).isoformat(), "text": "newer"})
    archive = [
        {"id": row["id"], "received_at": row["received_at"], "source": "stream", "message_id": f"m{row['id']}"}
        for row in versions[:800]
    ]
    lost = [row | {"id": str(90_000 + n), "message_id": f"x{n}"} for n, row in enumerate(archive[:9])]
    dropped = [
        {
            "id": str(50_000 + n),
            "reason": rng.choice(["no_keyword", "excluded", "retweet", "other"]),
            "received_at": (begin + timedelta(hours=n)).isoformat(),
            "loaded_at": END.isoformat(),
            "source": rng.choice(["stream", "import", None]),
        }
        for n in range(300)
    ]
    events: list[dict[str, Any]] = []
    for number in range(40):  # some of them overlap
        since = begin + timedelta(seconds=rng.randrange(28 * 86_400))
        until = since + timedelta(seconds=rng.choice([40, 600, 5_000, 90_000]))
        status = rng.choice(["filled", "partial", "skipped"])
        expected = rng.choice([None, 40])
        gap = {"holder": "h", "gap_id": f"g{number}", "since": since.isoformat(), "reason": "cut"}
        events.append(gap | {"at": since.isoformat(), "event": "gap_opened", "status": "open"})
        events.append(
            gap
            | {
                "at": until.isoformat(),
                "until": until.isoformat(),
                "event": "gap_filled",
                "status": status,
                "posts_expected": expected,
                "posts_recovered": None if expected is None else 30,
            }
        )
    for number in range(60):  # programs of this version, and of earlier ones, that count what they spend
        counts: dict[str, Any] = rng.choice(
            [
                {"own_units": rng.randrange(900), "reserved_units": rng.choice([None, 60])},
                {"delivered_today": rng.randrange(900)},
            ]
        )
        at = begin + timedelta(hours=rng.randrange(28 * 24))
        events.append(
            {"holder": rng.choice("abc"), "at": at.isoformat(), "event": "alive", "sequence": number} | counts
        )
    return {
        "tweet_versions": versions,
        "archive": [*archive, *lost],
        "filtered": dropped,
        "ingester_events": events,
        "superseded": [{"id": "10007", "by": "10008", "loaded_at": END.isoformat()}],
    }


TABLES["random"] = random_rows(1)


@pytest.fixture(scope="module", params=TABLES)
def rows(request: pytest.FixtureRequest, session_client: bigquery.Client) -> tuple[Source, independent.Tables]:
    tables = TABLES[request.param]
    source = fresh(session_client, {})
    load.fill(source.client, source.dataset, {name: _whole(name, listed) for name, listed in tables.items()})
    return source, tables


@cache
def second_computation(tables: int, asked: Params) -> dict[str, Callable[[], independent.Rows]]:
    """Cache by the identity of `tables`: reading them once a period takes most of the time."""
    return independent.answers(next(one for one in TABLES.values() if id(one) == tables), asked)


def _whole(table: str, listed: independent.Rows) -> independent.Rows:
    return [{"payload": "{}"} | row for row in listed] if table == "tweet_versions" else listed


def different(names: Iterable[str]) -> tuple[str, ...]:
    """Return one of the questions for each query: several share a query and count its rows afterwards."""
    return tuple({questions.load(name).template: name for name in reversed(tuple(names))}.values())


COMPARED = ("compared_parts", "compared_over_time", "compared_words")
# what the others of a period would only repeat
ALONE = {
    "a few, by language": ("posts_to_read", "posts_by_week"),
    "equally many of each language": ("posts_to_read",),
    "two languages compared": COMPARED,
    "two keywords compared": COMPARED,
}
_QUICK = (
    "four weeks in UTC",
    "a night in which clocks go back",
    "a few, by language",
    "equally many of each language",
    "two languages compared",
    "two keywords compared",
)
CASES = [
    pytest.param(name, asked, id=f"{name}-{period}", marks=[] if period in _QUICK else [pytest.mark.slow])
    for period, asked in PERIODS.items()
    for name in ALONE.get(period, different(questions.names(is_compared=asked.compare is not None)))
]


@pytest.mark.parametrize(("name", "asked"), CASES)
def test_a_report_s_numbers_are_those_of_a_second_computation(
    rows: tuple[Source, independent.Tables], name: str, asked: Params
) -> None:
    source, tables = rows
    found = [plain(row) for row in query.run(source, questions.load(name), asked)]
    expected = [near(row) for row in second_computation(id(tables), asked)[name]()]
    assert [set(row) for row in found[:1]] == [set(row) for row in expected[:1]]
    if name == "posts_by_region":  # equal counts come in the engine's order of texts
        found, expected = (sorted(listed, key=str) for listed in (found, expected))
    assert found == expected


def topic_rows() -> independent.Tables:
    """Return what a researcher has: 500 posts in three languages, a few an hour, the last of them three days ago, half of them imported."""
    rng = random.Random(7)
    begin, versions = END - timedelta(days=24), []
    for number in range(500):
        made = begin + timedelta(seconds=rng.randrange(21 * 86_400))
        lang = rng.choice(["en", "en", "es", "de"])
        versions.append(
            {
                "id": str(70_000 + number),
                "created_at": f"{made:%Y-%m-%dT%H:%M:%S}",
                "received_at": (made + timedelta(seconds=4)).isoformat(),
                "loaded_at": (made + timedelta(seconds=5)).isoformat(),
                "source": "import" if number % 2 else "stream",
                "lang": lang,
                "text": f"{rng.choice(['rain', 'lluvia', 'Regen'])} {number}",
                "user_id": str(number % 90),
                "user_username": f"u{number % 90}",
                "sentiment": round(rng.uniform(-1, 1), 3) if lang == "en" else None,
                "hashtags": rng.choice([[], ["Rain"], ["Regen", "rain"]]),
                "mentions": [],
                "urls": [],
                "rules": ["rain"],
                "keywords": [],
            }
        )
    return {"tweet_versions": versions}


TABLES_OF_A_TOPIC = topic_rows()
Topic = tuple[Source, Params, dict[str, Callable[[], independent.Rows]]]


@pytest.fixture(scope="module")
def topic(session_client: bigquery.Client) -> Topic:
    """The topic, the period that a report of it has, and the second computation."""
    source = fresh(session_client, {})
    tables = {name: _whole(name, listed) for name, listed in TABLES_OF_A_TOPIC.items()}
    load.fill(source.client, source.dataset, tables)
    asked = narrowing.collected_period(source, Params(END - timedelta(days=28), END))
    assert asked
    assert timedelta(days=2) < END - asked.until < timedelta(days=4)
    return source, asked, independent.answers(TABLES_OF_A_TOPIC, asked)


@pytest.mark.parametrize("name", different(questions.names()))
def test_the_numbers_of_a_topic_are_those_of_a_second_computation(topic: Topic, name: str) -> None:
    source, asked, second = topic
    found = [plain(row) for row in query.run(source, questions.load(name), asked)]
    expected = [near(row) for row in second[name]()]
    if name == "posts_by_region":
        found, expected = (sorted(listed, key=str) for listed in (found, expected))
    assert found == expected


def test_the_headlines_of_a_topic_are_of_all_its_posts(topic: Topic) -> None:
    source, asked, _ = topic
    scores = [row["sentiment"] for row in TABLES_OF_A_TOPIC["tweet_versions"] if row["sentiment"] is not None]
    moments = [
        datetime.fromisoformat(row["created_at"]).replace(tzinfo=UTC) for row in TABLES_OF_A_TOPIC["tweet_versions"]
    ]
    week = asked.until - timedelta(days=7)
    now = sum(moment >= week for moment in moments)
    before = sum(week - timedelta(days=7) <= moment < week for moment in moments)
    answers = results.make_report(source, asked, ["sentiment_by_hour", "trend", "posts_by_rule"]).results
    mean = sum(scores) / len(scores)
    said = f"The mean sentiment of {len(scores)} posts is {mean:+.2f}, on a scale from -1 to 1."
    assert answers["sentiment_by_hour"].finding == said
    assert answers["trend"].finding.startswith(
        f"{now} posts in the last 7 days of the period, {now / before - 1:+.1%} on the 7 days before ({before})."
    )
    assert answers["posts_by_rule"].finding == "The rule rain brought 500 posts, $1.25 at the price of a post."


@pytest.mark.parametrize("name", [name for name, asked in PERIODS.items() if asked.until == END and name not in ALONE])
def test_the_headline_s_hours_are_those_of_the_gaps(session_client: bigquery.Client, name: str) -> None:
    """The demo's ingester is alive to the end, so only gaps were not held."""
    source, asked = fresh(session_client, {}), PERIODS[name]
    load.fill(source.client, source.dataset, TABLES["demo"])
    held = results.make_report(source, asked, ["totals"]).coverage
    listed = independent.answers(TABLES["demo"], asked)["posts_by_day"]()
    assert held is not None
    assert held.away > 1
    assert held.away == pytest.approx(sum(row["seconds_not_held"] for row in listed) / 3_600)


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Times as texts."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def near(row: dict[str, Any]) -> dict[str, Any]:
    """The same, equal to numbers that differ from the ninth digit on: sums of floats depend on their order."""
    return {
        name: pytest.approx(value, rel=1e-8, abs=1e-12) if isinstance(value, float) else value
        for name, value in plain(row).items()
    }


def test_every_question_is_computed_twice() -> None:
    computed = set(independent.answers(TABLES["random"], PERIODS["four weeks in UTC"]))
    assert computed == {*different(questions.names(is_compared=True)), *COMPARED}
