"""The message of topic `tweets`: X's bytes in an envelope, as infra/pubsub/tweet.avsc says. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from posts.includes import as_objects, retweeted
from posts.limits import is_deep, parse_id, parse_json
from posts.prices import NOTHING, Resources, resources


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """`data` is the topic's Avro JSON; `raw` is what X sent; `more` are attributes beside `source`; `id` is the post's."""

    data: bytes
    raw: bytes
    source: str
    more: Mapping[str, str] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Bytes of X's that can be no message, and why. They go to the dead topic; `id` is the post's, if it is known."""

    raw: bytes
    source: str
    reason: str
    id: str = ""


class BufferFull(Exception):
    """A message was not taken: the buffer is full, and there is no time to wait."""


class NotText(ValueError):
    """The bytes are not UTF-8, so no JSON can hold them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the stream, looked at just enough: `id` is '' without a post, `problem` is why X will end the stream.

    `billed` is what X may bill of it. An unreadable line may be a post: X bills it all the same. `rules` are the ids of those that the
    post matches.
    """

    id: str
    problem: str | None = None
    billed: Resources = NOTHING
    is_unreadable: bool = False
    rules: tuple[str, ...] = ()
    is_retweet: bool = False


def inspect_line(raw: bytes) -> Line:
    """Inspect a line. What cannot be read is passed on, and the function stores it in `rejected`; X may bill it as a post."""
    try:
        message = _parse_or_raise(raw)
    except ValueError:
        return Line("", is_unreadable=True)
    if not isinstance(message, dict):
        return Line("", is_unreadable=True)
    data = message.get("data")
    if isinstance(data, dict):
        post_id = parse_id(data.get("id"))
        if post_id is None:
            return Line("", is_unreadable=True)
        rules = tuple(str(rule.get("id")) for rule in as_objects(message.get("matching_rules")))
        return Line(str(post_id), billed=resources(message), rules=rules, is_retweet=bool(retweeted(data)))
    if "data" in message:
        return Line("", is_unreadable=True)
    return Line("", _problem(message))


def to_message(raw: bytes, post_id: str, received_at: int, source: str) -> OutgoingMessage:
    """Make a message of X's bytes. `received_at` is in microseconds since 1970, UTC. Raises NotText."""
    try:
        payload = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotText(str(error)) from None
    record = {"id": post_id, "payload": payload, "received_at": received_at, "source": source}
    return OutgoingMessage(orjson.dumps(record), raw, source, id=post_id)


def _parse_or_raise(raw: bytes) -> Any:
    """Parse a line, also one that orjson refuses, such as one with half of a surrogate pair in a text. Raises ValueError."""
    try:
        return parse_json(raw)
    except orjson.JSONDecodeError:
        pass  # Python's own reader, which takes more, decides
    try:
        message = json.loads(raw)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if is_deep(message):
        raise ValueError("nested too deep")
    return message


# https://docs.x.com/x-api/fundamentals/response-codes-and-errors; the last part of `type`, which comes with two hosts
_ENDS = frozenset({"operational-disconnect", "streaming-connection"})


def _problem(message: dict[str, Any]) -> str | None:
    """Return why X ends the stream. None where it tells of something else, such as a referenced post that is not found.

    Only an announced disconnect counts. X also sends errors about credits or a cap into a stream that it goes on serving; where it
    means the end it closes the connection, and its answer to the next connect says why.
    """
    errors = message.get("errors")
    listed = [item for item in errors if isinstance(item, dict)] if isinstance(errors, list) else [message]
    for item in listed:
        reason = item.get("disconnect_type") or item.get("connection_issue")
        if reason or str(item.get("type")).rpartition("/")[2] in _ENDS or str(item.get("title")) in _ENDS:
            return str(reason or item.get("title") or item.get("type"))
    return None
