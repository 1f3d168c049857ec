"""What is taken out of a message, and what stays."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from functions.remove_deleted.scrub import scrub, scrub_bytes

A = {"id": "1", "text": "gone", "author_id": "11", "geo": {"place_id": "p1"}, "attachments": {"media_keys": ["m1"]}}
B = {"id": "2", "text": "stays", "author_id": "12", "attachments": {"poll_ids": ["q2"]}}
OWN = {"id": "3", "text": "own", "author_id": "13", "geo": {"place_id": "p3"}, "attachments": {"media_keys": ["m3"]}}
MESSAGE: dict[str, Any] = {
    "data": OWN,
    "includes": {
        "tweets": [A, B],
        "users": [{"id": "11", "name": "a"}, {"id": "12", "name": "b"}, {"id": "13", "name": "c"}],
        "places": [{"id": "p1"}, {"id": "p3"}],
        "media": [{"media_key": "m1", "url": "u1"}, {"media_key": "m3"}],
        "polls": [{"id": "q2"}],
    },
    "matching_rules": [{"id": "9", "tag": "t"}],
}


def test_a_copy_goes_with_all_that_only_it_referred_to() -> None:
    done = scrub(MESSAGE, {"1"}, set())
    assert done.copies == {"1"}
    assert done.message == {
        "data": OWN,
        "includes": {
            "tweets": [B],
            "users": [{"id": "12", "name": "b"}, {"id": "13", "name": "c"}],
            "places": [{"id": "p3"}],
            "media": [{"media_key": "m3"}],
            "polls": [{"id": "q2"}],
        },
        "matching_rules": [{"id": "9", "tag": "t"}],
    }


def test_a_location_goes_and_the_post_stays() -> None:
    done = scrub(MESSAGE, set(), {"1", "3"})
    assert not done.copies
    assert done.locations == {"1", "3"}
    without = {name: value for name, value in OWN.items() if name != "geo"}
    assert done.message["data"] == without
    assert "places" not in done.message["includes"]
    assert [one["id"] for one in done.message["includes"]["tweets"]] == ["1", "2"]


def test_nothing_named_nothing_changed() -> None:
    done = scrub(MESSAGE, {"77"}, {"88"})
    assert done.message is MESSAGE
    assert not done.changed


def test_the_other_dialect_and_ids_that_are_numbers() -> None:
    done = scrub({"data": {"id": "3"}, "includes": {"posts": [{"id": 1, "text": "gone"}]}}, {"1"}, set())
    assert done.message == {"data": {"id": "3"}}


def record(message: Any) -> bytes:
    return json.dumps({"id": "3", "payload": json.dumps(message), "received_at": 1, "source": "stream"}).encode()


def test_a_bad_message_of_the_post_goes_whole() -> None:
    raw, done = scrub_bytes(record(MESSAGE), {"3"}, set())
    assert raw is None
    assert done.copies == {"3"}


def test_a_bad_retweet_of_the_post_goes_whole() -> None:
    retweet = {"data": {"id": "3", "text": "RT @a: gone", "referenced_tweets": [{"type": "retweeted", "id": "1"}]}}
    assert scrub_bytes(record(retweet), {"1"}, set())[0] is None


def test_a_bad_message_that_only_carries_a_copy_can_still_be_redriven() -> None:
    raw, done = scrub_bytes(record(MESSAGE), {"1"}, set())
    assert raw is not None
    assert done.copies == {"1"}
    found = json.loads(raw)
    assert (found["id"], found["source"]) == ("3", "stream")
    assert b"gone" not in raw
    assert json.loads(found["payload"])["data"] == OWN


def test_what_cannot_be_read_goes_whole_if_it_names_the_post() -> None:
    gone = "1234567890123456789"
    assert scrub_bytes(b'\xff{"id":"1234567890123456789","text":"gone', {gone}, set())[0] is None
    assert scrub_bytes(b'\xff{"id":"1234567890123456788"', {gone}, set())[0] == b'\xff{"id":"1234567890123456788"'
    assert scrub_bytes(b'{"author_id":"12345"', {"12345"}, set())[0] == b'{"author_id":"12345"', "it may be a user's"
    assert scrub_bytes(b"", {"1"}, set())[0] == b""


ids = st.sampled_from(["1", "2", "3", 1, None])
scalars = st.none() | st.integers() | st.text(max_size=4)
geo = scalars | st.just({"place_id": "p"})
attachments = scalars | st.just({"media_keys": ["m"]})
entities = scalars | st.just({"mentions": [{"id": "1"}, 3]})
post_like = st.fixed_dictionaries({"id": ids}, optional={"geo": geo, "attachments": attachments, "entities": entities})
posts_like = scalars | st.lists(post_like | scalars, max_size=4)
kinds = dict.fromkeys(("tweets", "posts", "users", "places", "media"), posts_like)
message_like = st.fixed_dictionaries(
    {}, optional={"data": scalars | post_like, "includes": scalars | st.fixed_dictionaries({}, optional=kinds)}
)


@given(message_like)
def test_whatever_the_shape_no_copy_stays_and_twice_is_once(message: dict[str, Any]) -> None:
    done = scrub(message, {"1"}, {"2"})
    for kind in ("tweets", "posts"):
        includes = done.message.get("includes")
        kept = includes.get(kind) if isinstance(includes, dict) else None
        for post in kept if isinstance(kept, list) else []:
            if isinstance(post, dict):
                assert str(post.get("id")) != "1"
                assert str(post.get("id")) != "2" or not post.get("geo")
    assert not scrub(done.message, {"1"}, {"2"}).changed


@given(st.binary(max_size=200) | message_like.map(record))
def test_any_bytes_are_judged(raw: bytes) -> None:
    scrub_bytes(raw, {"1"}, {"2"})
