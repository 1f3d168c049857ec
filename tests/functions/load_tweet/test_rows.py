"""From a delivery to rows: whole rows of each table."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.load_tweet.filter import Keywords, parse_keywords
from functions.load_tweet.message import Delivery
from functions.load_tweet.rows import Result, make_rows
from functions.load_tweet.settings import Settings

NOW = datetime(2026, 11, 22, 12, 0, 0, 5, tzinfo=UTC)
SETTINGS = Settings("p", "d", frozenset(), keep_retweets=True)
STAMP = "2026-11-22T12:00:00.000005Z"
RECEIVED = 1_795_348_799_000_001
RECEIVED_STAMP = "2026-11-22T11:59:59.000001Z"
EDITED = {"data": {"id": "3", "text": "love it", "lang": "en", "edit_history_tweet_ids": ["1", "2", "3"]}}


def make(payload: Any, *, source: str = "stream", keywords: Keywords = Keywords()) -> Result:  # noqa: B008
    text = payload if isinstance(payload, str) else json.dumps(payload)
    record = {"id": "", "payload": text, "received_at": RECEIVED, "source": source}
    return make_rows(Delivery(json.dumps(record).encode(), "m1"), keywords, SETTINGS, NOW)


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
        "loaded", [("tweet_versions", "3", row), *SUPERSEDED]
    )


def test_a_dropped_edit_still_replaces_its_earlier_versions() -> None:
    row = {"id": "3", "reason": "no_keyword", "received_at": RECEIVED_STAMP, "loaded_at": STAMP}
    assert make(EDITED, keywords=parse_keywords("music")) == Result(
        "filtered", [("filtered", "3", row), *SUPERSEDED], "no_keyword"
    )


def test_the_canary_passes_every_filter() -> None:
    assert make(EDITED, source="doctor", keywords=parse_keywords("music")).outcome == "loaded"


def test_a_bad_message_is_kept_whole_with_its_reason() -> None:
    delivery = Delivery(b"\xff{", "m1", "s", "2026-11-22T00:00:00Z", {"source": "stream"})
    row = {
        "data": base64.b64encode(b"\xff{").decode(),
        "subscription_name": "s",
        "message_id": "m1",
        "publish_time": "2026-11-22T00:00:00Z",
        "attributes": '{"source":"stream"}',
        "reason": "not_a_message",
        "error": "The data is not the topic's JSON: str is not valid UTF-8: surrogates not allowed: line 1 column 1 (char 0)",
        "rejected_at": STAMP,
    }
    assert make_rows(delivery, Keywords(), SETTINGS, NOW) == Result(
        "rejected", [("rejected", "m1", row)], "not_a_message"
    )


def test_a_field_that_x_adds_is_named_and_kept() -> None:
    post = {"data": {"id": "3", "text": "x", "mood": "blue"}, "weather": {}}
    made = make(post)
    assert made.unknown == ("weather", "data.mood")
    assert json.loads(made.rows[0][2]["payload"]) == post


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
