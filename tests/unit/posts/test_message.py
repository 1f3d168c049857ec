"""From Eventarc's request to the message: what is one, and what is kept whole to be rejected."""

import base64
import json
from typing import Any

import pytest

from posts.errors import BadMessage
from posts.message import Delivery, Message, decode, unwrap_or_keep_whole

GOOD = {"id": "1", "payload": "{}", "received_at": 1_790_000_000_000_000, "source": "stream"}


def body(data: bytes, **message: Any) -> bytes:
    return json.dumps({"message": {"data": base64.b64encode(data).decode(), **message}, "subscription": "s"}).encode()


def test_a_delivery_is_unwrapped() -> None:
    request = body(b"hello", messageId="7", publishTime="2026-11-22T00:00:00Z", attributes={"source": "stream"})
    assert unwrap_or_keep_whole(request, "7") == Delivery(
        b"hello", "7", "s", "2026-11-22T00:00:00Z", {"source": "stream"}
    )


def test_an_event_whose_attributes_are_in_the_body_is_unwrapped_too() -> None:
    """CloudEvents' structured mode, which a trigger or a person may use: https://github.com/cloudevents/spec, HTTP binding, 3.2."""
    event = {
        "specversion": "1.0",
        "id": "7",
        "type": "google.cloud.pubsub.topic.v1.messagePublished",
        "source": "//pubsub",
    }
    request = json.dumps({**event, "data": json.loads(body(b"hello", attributes={"source": "stream"}))}).encode()
    assert unwrap_or_keep_whole(request, "") == Delivery(b"hello", "7", "s", None, {"source": "stream"})
    for broken in ({**event}, {**event, "data": 5}):
        request = json.dumps(broken).encode()
        assert unwrap_or_keep_whole(request, "9") == Delivery(request, "9")


def test_the_event_id_stands_in_for_a_missing_message_id() -> None:
    assert unwrap_or_keep_whole(body(b"hello"), "9").message_id == "9"


def test_a_message_with_attributes_alone_has_empty_data() -> None:
    assert unwrap_or_keep_whole(json.dumps({"message": {"attributes": {"a": "b"}}}).encode(), "9") == Delivery(
        b"", "9", attributes={"a": "b"}
    )


@pytest.mark.parametrize(
    "request_body", [b"", b"hello", b"[]", b"{}", b'{"message": 5}', b'{"message": {"data": "%%%"}}', b"\xff"]
)
def test_a_body_that_is_no_delivery_is_kept_whole(request_body: bytes) -> None:
    assert unwrap_or_keep_whole(request_body, "9") == Delivery(request_body, "9")


def test_a_message_is_decoded() -> None:
    assert decode(json.dumps(GOOD).encode()) == Message("1", "{}", 1_790_000_000_000_000, "stream")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": 1}, "id: expected str, got int"),
        ({"payload": None}, "payload: expected str, got nothing"),
        ({"received_at": "now"}, "received_at: expected int, got str"),
        ({"received_at": True}, "received_at: expected int, got bool"),
        ({"received_at": -1}, "received_at: not a time"),
        ({"received_at": 10**18}, "received_at: not a time"),
        ({"source": "elsewhere"}, "source: expected one of archive, doctor, import, refresh, rejected, search, stream"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadMessage, match="^" + words.replace("(", r"\(")) as caught:
        decode(json.dumps(GOOD | change).encode())
    assert caught.value.reason == "not_a_message"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'"x"', b"\xff"])
def test_data_that_is_no_message_is_told(data: bytes) -> None:
    with pytest.raises(BadMessage) as caught:
        decode(data)
    assert caught.value.reason == "not_a_message"
