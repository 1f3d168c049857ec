"""From a delivery to rows: whole rows of each table."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from posts import sentiment
from posts.keywords import Keywords, parse_keywords
from posts.message import Delivery
from posts.rows import Result, make_rows
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
        "sentiment": 0.6369,
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
    table, _, row = make({"data": post, "includes": included}).rows[0]
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
    def broken(text: str, lang: str | None) -> float:
        raise ZeroDivisionError(text)

    monkeypatch.setattr(sentiment, "score", broken)
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


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("I don’t love this song", "I don't love this song"),
        ("this isn’t good", "this isn't good"),
        ("❤️", "❤"),
        ("“great”", '"great"'),
        ("great…", "great..."),
    ],
)
def test_typographic_signs_change_no_score(written: str, typed: str) -> None:
    assert sentiment.score(written, "en") == sentiment.score(typed, "en") != 0


FLOODS = ["😂" * 2_000, "😹 " * 1_000, "a " * 1_000, "not bad " * 250, "VERY good but " * 150]


@pytest.mark.parametrize("text", FLOODS, ids=lambda text: text[:8])
def test_a_flood_is_scored_by_its_beginning(text: str) -> None:
    """VADER reads an emoji as up to six words and takes the square of their number: seconds for all of these."""
    seen = sentiment._short(text)
    assert 0 < len(seen.split()) <= 250
    assert sum(character in "😂😹" for character in seen) <= 25
    assert sentiment.score(text, "en") == sentiment.score(seen, "en")


@pytest.mark.parametrize(
    ("sent", "score"),
    [
        ("I &lt;3 this tour", 0.44),
        ("&lt;/3", -0.61),
        ("&gt;:(", -0.57),
        ("RT @evil: the show is at nine", 0.0),
        ("@Love see you at nine", 0.0),
        ("see https://example.com/ :)", 0.46),
        ("the show https://hate.example/:( at nine", 0.0),
    ],
)
def test_sentiment_is_of_the_text_as_written_without_names_and_addresses(sent: str, score: float) -> None:
    assert sentiment.score(sent, "en") == pytest.approx(score, abs=0.006)


@pytest.mark.parametrize("lang", ["es", "ja", None])
def test_sentiment_is_absent_where_the_language_is_not_supported(lang: str | None) -> None:
    (_, _, row) = make({"data": {"id": "3", "text": "love it", **({"lang": lang} if lang else {})}}).rows[0]
    assert "sentiment" not in row


@pytest.mark.parametrize(
    ("text", "sign"), [("I love this wonderful song", 1), ("this is awful, I hate it", -1), ("the table is here", 0)]
)
def test_sentiment_has_the_sign_that_a_reader_expects(text: str, sign: int) -> None:
    (_, _, row) = make({"data": {"id": "3", "text": text, "lang": "en"}}).rows[0]
    assert (row["sentiment"] > 0) - (row["sentiment"] < 0) == sign
