"""The message of topic `tweets`: X's bytes in an envelope, as infra/pubsub/tweet.avsc says. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from ..prices import NOTHING, Resources, resources


@dataclass(frozen=True, slots=True)
class Message:
    """`data` is the topic's Avro JSON; `raw` is what X sent; `more` are attributes beside `source`; `id` is the post's."""

    data: bytes
    raw: bytes
    source: str
    more: Mapping[str, str] = field(default_factory=dict)
    id: str = ""


class NoRoom(Exception):
    """A message was not taken: the buffer is full, and there is no time to wait."""


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
    """Inspect a line. A line that is not JSON is passed on; the function stores it in `rejected`."""
    try:
        message = orjson.loads(raw)
    except orjson.JSONDecodeError:
        message = _leniently(raw)
    if not isinstance(message, dict):
        return Line("")
    data = message.get("data")
    if isinstance(data, dict):
        return Line(str(data.get("id") or ""), billed=resources(message))
    if "data" not in message and (problem := _problem(message)):
        return Line("", problem)
    return Line("")


def wrap(raw: bytes, post_id: str, received_at: int, source: str) -> Message:
    """Make a message of X's bytes. `received_at` is in microseconds since 1970, UTC. Raises NotText."""
    try:
        payload = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotText(str(error)) from None
    record = {"id": post_id, "payload": payload, "received_at": received_at, "source": source}
    return Message(orjson.dumps(record), raw, source, id=post_id)


def _leniently(raw: bytes) -> Any:
    """Parse what orjson refuses, such as half of a surrogate pair in a text, because X has billed it."""
    try:
        return json.loads(raw)
    except ValueError:
        return None


# https://docs.x.com/x-api/fundamentals/response-codes-and-errors; the last part of `type`, which comes with two hosts
_ENDS = frozenset({"operational-disconnect", "streaming-connection"})


def _problem(message: dict[str, Any]) -> str | None:
    """Return why X ends the stream. None where it tells of something else, such as a referenced post that is not found.

    Only an announced disconnect counts. X also sends errors about credits or a cap into a stream that it goes on serving; where it
    means the end it closes the connection, and its answer to the next connect says why.
    """
    errors = message.get("errors")
    listed = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else [message]
    for one in listed:
        said = one.get("disconnect_type") or one.get("connection_issue")
        if said or str(one.get("type")).rpartition("/")[2] in _ENDS or str(one.get("title")) in _ENDS:
            return str(said or one.get("title") or one.get("type"))
    return None
