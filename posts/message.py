"""From the HTTP request that Eventarc sends to the message that the ingester published.

The request's body is `{"message": {data, attributes, messageId, publishTime}, "subscription": ...}`, `data` base64 of
the topic's Avro JSON (`infra/pubsub/tweet.avsc`): `{id, payload, received_at, source}`.
"""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

import orjson

from .errors import BadMessage

SOURCES = frozenset({"stream", "search", "archive", "rejected", "refresh", "doctor", "import"})


@dataclass(frozen=True, slots=True)
class Delivery:
    """What Pub/Sub delivered, not yet decoded."""

    data: bytes
    message_id: str
    subscription: str = ""
    publish_time: str | None = None  # RFC 3339, UTC
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One post as the ingester published it; `received_at` in microseconds since 1970, UTC."""

    id: str
    payload: str
    received_at: int
    source: str


def unwrap_or_keep_whole(body: bytes, event_id: str) -> Delivery:
    """Take Pub/Sub's delivery out of the request. A body that is none is kept whole, to be rejected with its reason.

    `event_id` is the request's ce-id header, which Eventarc sets to the message's id.
    """
    try:
        envelope = orjson.loads(body)
        if "specversion" in envelope and "message" not in envelope:  # a CloudEvent whose attributes are in the body too
            event_id, envelope = event_id or str(envelope.get("id") or ""), envelope["data"]
        message = envelope["message"]
        data = base64.b64decode(message.get("data", ""), validate=True)
        return Delivery(
            data=data,
            message_id=str(message.get("messageId") or message.get("message_id") or event_id),
            subscription=str(envelope.get("subscription") or ""),
            publish_time=str(message.get("publishTime") or message.get("publish_time") or "") or None,
            attributes={str(k): str(v) for k, v in (message.get("attributes") or {}).items()},
        )
    except (orjson.JSONDecodeError, binascii.Error, KeyError, TypeError, AttributeError, ValueError):
        return Delivery(data=body, message_id=event_id)


def decode(data: bytes) -> Message:
    """Decode a message's data. Raises BadMessage where it is not what the topic's schema says."""
    try:
        record = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadMessage("not_a_message", f"The data is not the topic's JSON: {error}") from None
    if not isinstance(record, dict):
        raise BadMessage(
            "not_a_message", f"The data is {_kind(record)}, not an object with id, payload, received_at, source"
        )
    for name, kind in (("id", str), ("payload", str), ("received_at", int), ("source", str)):
        value = record.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise BadMessage("not_a_message", f"{name}: expected {kind.__name__}, got {_kind(value)}")
    if record["source"] not in SOURCES:
        raise BadMessage("not_a_message", f"source: expected one of {', '.join(sorted(SOURCES))}, got another string")
    if not 0 <= record["received_at"] < 253_402_300_800_000_000:  # year 10000, where BigQuery's TIMESTAMP ends
        raise BadMessage("not_a_message", "received_at: not a time that BigQuery can hold (0001-01-01 to 9999-12-31)")
    return Message(record["id"], record["payload"], record["received_at"], record["source"])


def _kind(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__
