"""The message of topic `tweets`: X's bytes in an envelope, as infra/pubsub/tweet.avsc says. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from .prices import NOTHING, Resources, resources


@dataclass(frozen=True, slots=True)
class Message:
    """`data` is the topic's Avro JSON; `raw` is what X sent; `more` are attributes beside `source`; `id` is the post's."""

    data: bytes
    raw: bytes
    source: str
    more: Mapping[str, str] = field(default_factory=dict)
    id: str = ""


class NotText(ValueError):
    """The bytes are not UTF-8, so no JSON can hold them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the stream, looked at just enough: `id` is '' without a post, `problem` is why X will end the stream.

    `billed` is what X may bill of it.
    """

    id: str
    problem: str | None = None
    billed: Resources = NOTHING


def look(raw: bytes) -> Line:
    """A line that is no JSON is passed on like any other: the function keeps it with its reason, nothing vanishes."""
    try:
        message = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return Line("")
    if not isinstance(message, dict):
        return Line("")
    data = message.get("data")
    if isinstance(data, dict):
        return Line(str(data.get("id") or ""), billed=resources(message))
    if "data" not in message and ("errors" in message or ("title" in message and "type" in message)):
        return Line("", _problem(message))
    return Line("")


def wrap(raw: bytes, post_id: str, received_at: int, source: str) -> Message:
    """`received_at` in microseconds since 1970, UTC. Raises NotText."""
    try:
        payload = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotText(str(error)) from None
    record = {"id": post_id, "payload": payload, "received_at": received_at, "source": source}
    return Message(orjson.dumps(record), raw, source, id=post_id)


def _problem(message: dict[str, Any]) -> str:
    errors = message.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else message
    return str(
        first.get("disconnect_type") or first.get("connection_issue") or first.get("title") or "errors without a title"
    )
