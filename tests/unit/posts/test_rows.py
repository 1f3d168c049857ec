"""From a delivery to rows: whole rows of each table."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from posts import rows
from posts.keywords import Keywords, parse_keywords
from posts.message import Delivery
from posts.rows import Result, make_rows
from posts.sentiment import scorer
from posts.tables import TweetRow
from warehouse.settings import Settings

NOW = datetime(2026, 11, 22, 12, 0, 0, 5, tzinfo=UTC)
SETTINGS = Settings("p", "d", frozenset(), keep_retweets=True)
STAMP = "2026-11-22T12:00:00.000005Z"
RECEIVED = 1_795_348_799_000_001
RECEIVED_STAMP = "2026-11-22T11:59:59.000001Z"
EDITED = {"data": {"id": "3", "text": "love it", "lang": "en", "edit_history_tweet_ids": ["1", "2", "3"]}}


def make(payload: Any, *, source: str = "stream", keywords: Keywords = Keywords()) -> Result:  # noqa: B008
    text = payload if isinstance(payload, str) else json.dumps(payload)
    record = {"id": "", "payload": text, "received_at": RECEIVED, "source": source}
    return make_rows(Delivery(json.dumps(record).encode(), "m1"), SETTINGS.filter(keywords), NOW)


SUPERSEDED = [
    ("superseded", "1/3", {"id": "1", "by_id": "3", "at": STAMP}),
    ("superseded", "2/3", {"id": "2", "by_id": "3", "at": STAMP}),
]


def test_a_kept_post_is_loaded_and_replaces_its_earlier_versions() -> None:
    row = {
        "id": "3",
        "text": "love it",
        "lang": "en",
        "edit_of": "1",
        "hashtags": [],
        "mentions": [],
        "urls": [],
        "rules": [],
        "keywords": ["love"],
        "source": "stream",
        "received_at": RECEIVED_STAMP,
        "loaded_at": STAMP,
        "payload": json.dumps(EDITED),
    }
    assert make(EDITED, keywords=parse_keywords("love")) == Result(
        "loaded", [("tweet_versions", "3/stream", row), *SUPERSEDED]
    )


def test_a_row_has_the_columns_of_the_table_and_no_others() -> None:
    """Rows leave nulls out, so this one is made of a post that has everything."""
    metrics = {"retweet_count": 1, "like_count": 2, "quote_count": 3, "reply_count": 4}
    post = EDITED["data"] | {
        "author_id": "7",
        "created_at": "2026-11-22T11:00:00.000Z",
        "conversation_id": "1",
        "public_metrics": metrics,
        "possibly_sensitive": False,
        "geo": {"place_id": "p", "coordinates": {"type": "Point", "coordinates": [1, 2]}},
        "referenced_tweets": [{"type": kind, "id": "2"} for kind in ("retweeted", "quoted", "replied_to")],
    }
    user = {"id": "7", "name": "n", "username": "u", "location": "l", "public_metrics": {"followers_count": 1}}
    included = {
        "users": [user],
        "tweets": [{"id": "2", "public_metrics": metrics}],
        "places": [{"id": "p", "name": "P", "country_code": "DE"}],
    }
    made = make({"data": post, "includes": included})
    rows.score([made], scorer("english"))
    table, _, row = made.rows[0]
    assert (table, set(row)) == ("tweet_versions", set(TweetRow._fields))


def test_a_dropped_edit_still_replaces_its_earlier_versions() -> None:
    row = {"id": "3", "reason": "no_keyword", "received_at": RECEIVED_STAMP, "loaded_at": STAMP, "source": "stream"}
    assert make(EDITED, keywords=parse_keywords("music")) == Result(
        "filtered", [("filtered", "3", row), *SUPERSEDED], "no_keyword"
    )


def test_the_canary_passes_every_filter() -> None:
    assert make(EDITED, source="doctor", keywords=parse_keywords("music")).outcome == "loaded"


def test_a_reading_passes_every_filter_and_each_is_a_row_of_its_own() -> None:
    ((_, row_id, row), *_) = make(EDITED, source="refresh", keywords=parse_keywords("music")).rows
    assert row_id == f"3/refresh/{RECEIVED}"
    assert (row["source"], row["keywords"]) == ("refresh", [])


def test_of_a_bad_message_that_no_row_can_hold_the_beginning_is_kept_and_that_is_said() -> None:
    rejected = make_rows(Delivery(b"x" * 9_000_000, "m1"), SETTINGS.filter(Keywords()), NOW)
    ((_, _, row),) = rejected.rows
    assert base64.b64decode(row["data"]) == b"x" * 1_000_000
    assert "The first 1,000,000 of 9,000,000 bytes are kept here" in row["error"]


def test_a_bad_message_is_kept_whole_with_its_reason() -> None:
    delivery = Delivery(b"\xff{", "m1", "s", "2026-11-22T00:00:00Z", {"source": "stream"})
    row = {
        "data": base64.b64encode(b"\xff{").decode(),
        "subscription_name": "s",
        "message_id": "m1",
        "publish_time": "2026-11-22T00:00:00.000000Z",
        "attributes": '{"source":"stream"}',
        "reason": "not_a_message",
        "error": "The data is not the topic's JSON: str is not valid UTF-8: surrogates not allowed: line 1 column 1 (char 0)",
        "rejected_at": STAMP,
    }
    assert make_rows(delivery, SETTINGS.filter(Keywords()), NOW) == Result(
        "rejected", [("rejected", "m1", row)], "not_a_message"
    )


def test_a_field_that_x_adds_is_named_and_kept() -> None:
    post = {"data": {"id": "3", "text": "x", "mood": "blue"}, "weather": {}}
    made = make(post)
    assert made.unknown == ("weather", "data.mood")
    assert json.loads(made.rows[0][2]["payload"]) == post


@pytest.mark.parametrize("publish_time", ["yesterday", "", None, "9999-99-99T00:00:00Z"])
def test_a_time_that_bigquery_would_not_take_keeps_no_message_from_being_kept(publish_time: str | None) -> None:
    ((_, _, row),) = make_rows(Delivery(b"x", "m1", "s", publish_time), SETTINGS.filter(Keywords()), NOW).rows
    assert "publish_time" not in row


def test_without_a_message_id_different_messages_stay_different() -> None:
    rows = [make_rows(Delivery(data, ""), SETTINGS.filter(Keywords()), NOW).rows[0] for data in (b"a", b"b", b"a")]
    assert len({row_id for _, row_id, _ in rows}) == 2


def test_a_canary_and_the_post_itself_are_two_rows() -> None:
    assert make(EDITED).rows[0][1] != make(EDITED, source="doctor").rows[0][1]


def test_deliveries_of_one_post_for_different_rules_are_two_rows_and_a_retry_is_none() -> None:
    def row_id(*rules: str) -> str:
        matching = [{"id": rule, "tag": rule} for rule in rules]
        return make(EDITED | {"matching_rules": matching}).rows[0][1]

    assert row_id("a") != row_id("b") != row_id()
    assert row_id("a", "b") == row_id("b", "a") == row_id("a", "b")
    assert len(row_id("a" * 1_000)) < 128  # BigQuery's limit on an insertId


def test_a_mistake_of_ours_rejects_instead_of_coming_back_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(payload: str) -> None:
        raise ZeroDivisionError(payload)

    monkeypatch.setattr(rows, "parse", broken)
    made = make({"data": {"id": "3", "text": "what a person wrote", "lang": "en"}})
    assert (made.outcome, made.reason) == ("rejected", "unforeseen")
    assert "ZeroDivisionError at broken" in made.rows[0][2]["error"]
    assert "what a person wrote" not in made.rows[0][2]["error"]


ODD = {
    "users": [None],
    "tweets": [7],
    "places": True,
    "posts": [1],
    "media": "x",
    "polls": {},
}


@pytest.mark.parametrize(("name", "value"), ODD.items(), ids=ODD.keys())
def test_parts_that_no_column_comes_from_may_be_of_any_type(name: str, value: object) -> None:
    made = make({"data": {"id": "3", "text": "x"}, "includes": {name: value}})
    assert (made.outcome, made.unknown) == ("loaded", ())


class _Broken:
    model = "broken"
    languages = frozenset({"en"})
    milliseconds = 0.0

    def scores(self, posts: Sequence[tuple[str, str | None]]) -> list[float | None]:
        raise ZeroDivisionError("no weights")


def test_a_mistake_of_a_scorer_leaves_the_rows_without_a_score() -> None:
    made = make(EDITED)
    assert rows.score([made], _Broken()) == "Stored without a sentiment: ZeroDivisionError: no weights"
    assert "sentiment" not in made.rows[0][2]
    assert "sentiment_model" not in made.rows[0][2]
    assert rows.score([made], scorer("english")) == ""
    assert made.rows[0][2]["sentiment_model"] == "vader-3.3.2"
