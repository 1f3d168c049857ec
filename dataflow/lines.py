"""Reads the shapes in which people keep X's JSON, one a line, and returns messages as the stream sends them. Pure.

a message of the stream    {"data": {...}, "includes": ..., "matching_rules": ...}    kept byte for byte, if all its users are authors
a page of results          {"data": [...], "includes": ...}      a message for each post, with what it refers to
a post                     {"id": ..., "text": ...}              alone, or flattened by twarc2: put back into data and includes
a row of `archive`         {"payload": ..., "received_at": ...}  the topic's message, or an export of the table
older and other shapes     those of formats/, which are turned into messages
"""

import codecs
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, NamedTuple

import msgspec
import orjson
from msgspec import UNSET, Struct, field

from posts.errors import BadMessage
from posts.includes import Object, as_object, as_objects, included_posts, index, referred
from posts.limits import parse_json

from .formats import api_v1, enriched, website
from .units import Unit, units

SOURCE = "import"
_FLATTENED_FIELDS = ("author", "in_reply_to_user", "__twarc", "matching_rules", "source_format")
_GEO_FIELDS = ("place_id", "coordinates")  # the rest of a flattened post's geo is its place
_MENTION_FIELDS = ("start", "end", "username", "id")  # the rest of a flattened mention is the user


# A page's posts share what they refer to, and each message has a copy. X's pages grow two or three times by it, others a thousand times.
_MOST_TIMES = 50
_LEAST_ROOM = 10_000_000  # bytes
_TOO_MUCH = f"The posts of this page refer to so much that their messages are over {_MOST_TIMES} times the page: the rest is left out"
_BLOCK_BYTES = 65_536


class Record(NamedTuple):
    """One message: X's JSON, and when it was received (microseconds since 1970 UTC; None if the file does not say).

    With `deleted_id` it is X's notice that this post was deleted, and no post.
    """

    payload: str
    received_at: int | None = None
    source: str = SOURCE
    no_post: str = ""  # why it is none, if X's JSON is of something else
    deleted_id: str = ""


def messages(line: bytes, tag: str = "") -> Iterator[tuple[Record | BadMessage, bytes]]:
    """Yield the messages in a line, each with its bytes; in the place of one that cannot be read, why.

    The elements of an array are read one by one: what is wrong with one costs no other.
    """
    is_array = line.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"["
    for unit in _elements(line) if is_array else (Unit(0, line),):
        room = max(_MOST_TIMES * len(unit.data), _LEAST_ROOM)
        try:
            for record in read(unit.data, tag):
                room -= len(record.payload)
                if room < 0:
                    raise BadMessage("too_long", _TOO_MUCH)
                yield record, unit.data
        except BadMessage as error:
            is_object = not is_array and unit.data.lstrip()[:1] == b"{"
            elements = _elements(line) if error.reason == "not_json" and is_object else iter(())
            first_two = list(islice(elements, 2))
            if len(first_two) == 2:  # values that nothing separates
                for element in chain(first_two, elements):
                    yield from messages(element.data, tag)
            else:
                yield error, unit.data


def _elements(line: bytes) -> Iterator[Unit]:
    text = line.removeprefix(codecs.BOM_UTF8)
    return units((text[at : at + _BLOCK_BYTES] for at in range(0, len(text), _BLOCK_BYTES)), len(line) + 1)


def read(line: bytes, tag: str = "") -> Iterator[Record]:
    """Yield the messages in a JSON object, none for an empty line or a page without posts.

    `tag` is the rule's tag for messages that name no rule. Raises BadMessage for what is none of the known shapes.
    """
    if not line.strip():
        return
    try:
        text = line.decode("utf-8-sig").strip()
        if not tag and _is_message_to_keep(text):
            yield Record(text)  # the row code parses it anyway
            return
        value = parse_json(text)
    except ValueError as error:
        raise BadMessage("not_json", f"The line is not JSON: {error}") from None
    yield from _read(value, text, tag)


def _read(value: Any, text: str, tag: str) -> Iterator[Record]:
    if not isinstance(value, dict):
        raise BadMessage("no_post", f"The line is {type(value).__name__}, not an object")
    if "payload" in value:
        yield _topic_record(value)
    elif platform := website.other_platform(value):
        raise BadMessage("no_post", f"The line is of {platform}, not of X")
    elif post := website.post_of(value):
        yield _converted(website.to_message(post), website.NAME, tag, website.collected_at(value))
    elif isinstance(value.get("data"), list):
        yield from _page_records(value, tag)
    elif "data" in value:
        message = _with_authors_alone(value)
        if tag and "matching_rules" not in value:
            message = message | {"matching_rules": _rules(tag)}
        yield Record(
            text if message is value else _dump(message), _retrieved_at(value), no_post=_no_post(value["data"])
        )
    elif enriched.is_enriched(value):
        yield _converted(_unflatten(enriched.flattened(value), tag), enriched.NAME, tag, _retrieved_at(value))
    elif api_v1.is_status(value):
        yield _converted(api_v1.to_message(value), api_v1.NAME, tag)
    elif "id" in value and "text" in value:
        yield Record(_dump(_unflatten(value, tag)), _retrieved_at(value))
    elif deleted_id := api_v1.deleted_id(value):
        yield Record(text, deleted_id=deleted_id)
    elif not (_is_empty_page(value) or api_v1.is_notice(value)):
        yield Record(text)  # an error of X's, or anything else: it goes to `rejected`, which says what it is


def _converted(message: Object, source_format: str, tag: str, at: int | None = None) -> Record:
    rules = message.get("matching_rules") or _rules(tag)
    return Record(_dump(message | {"matching_rules": rules, "source_format": source_format}), at)


def _is_empty_page(page: Object) -> bool:
    meta = page.get("meta")
    return isinstance(meta, dict) and meta.get("result_count") == 0


def _topic_record(message: Object) -> Record:
    payload, at = message["payload"], message.get("received_at")
    if isinstance(payload, str):
        payload = _text_with_authors_alone(payload)
    elif isinstance(payload, (dict, list)):
        payload = _dump(_with_authors_alone(payload) if isinstance(payload, dict) else payload)
    else:
        raise BadMessage("not_a_message", f"payload: expected str, got {type(payload).__name__}")
    # a post that doctor made is no post of X's; the view leaves it out by its source
    return Record(payload, _micros(at), "doctor" if message.get("source") == "doctor" else SOURCE)


def _page_records(page: Object, tag: str) -> Iterator[Record]:
    rules = page.get("matching_rules") or _rules(tag)
    included = index(page.get("includes"))
    at = _retrieved_at(page)
    from_format = {name: page[name] for name in ("source_format",) if name in page}
    for post in page["data"]:
        message: Object = {"data": post} | from_format
        if isinstance(post, dict) and (includes := referred(post, included)):
            message["includes"] = includes
        yield Record(_dump(message | {"matching_rules": rules}), at, no_post=_no_post(post))


class _Written(Struct):
    author_id: str | None = None


class _Account(Struct):
    id: str | None = None


class _Included(Struct, frozen=True):
    users: list[_Account] = []
    tweets: list[_Written] = []
    posts: list[_Written] = []


class _OwnPost(_Written, kw_only=True):
    id: str
    text: str
    event_type: Any = UNSET


class _Message(Struct):
    """The fields of a stream message by which `_read` decides. Skipping the rest takes a fifth of the time of parsing it."""

    data: _OwnPost
    includes: _Included = _Included()
    payload: Any = UNSET
    source_platform: Any = UNSET
    twarc: Any = field(default=UNSET, name="__twarc")


_message = msgspec.json.Decoder(_Message)


def _is_message_to_keep(text: str) -> bool:
    """Return whether `_read` would certainly return this text as it is, and nothing else with it."""
    try:
        message = _message.decode(text)
    except ValueError:
        return False
    if any(
        value is not UNSET
        for value in (message.data.event_type, message.payload, message.source_platform, message.twarc)
    ):
        return False
    included = message.includes
    authors = {post.author_id for post in (message.data, *included.tweets, *included.posts)}
    return all(user.id is not None and user.id in authors for user in included.users)


def _with_authors_alone(message: Object) -> Object:
    """Return a message without the profiles of people who wrote none of its posts. The same object, if there are none.

    remove_deleted finds people by the posts that they wrote. The profile of somebody who was only mentioned or answered would stay.
    """
    includes = as_object(message.get("includes"))
    users = includes.get("users")
    authors = {str(post.get("author_id")) for post in (as_object(message.get("data")), *included_posts(message))}
    kept = [user for user in as_objects(users) if str(user.get("id")) in authors]
    if len(kept) == len(as_objects(users)):
        return message
    others = {kind: items for kind, items in includes.items() if kind != "users"}
    return message | {"includes": others | ({"users": kept} if kept else {})}


def _text_with_authors_alone(payload: str) -> str:
    try:
        message = parse_json(payload)
    except ValueError:
        return payload  # goes to `rejected`, as it came
    kept = _with_authors_alone(message) if isinstance(message, dict) else message
    return payload if kept is message else _dump(kept)


def _no_post(value: Any) -> str:
    """Return why an object is no post: accounts, lists and private messages have ids too. '' for what the row code judges."""
    if isinstance(value, dict) and "id" in value and ("text" not in value or "event_type" in value):
        return "The object is no post: it has an id and no text, or is a private message"
    return ""


def _unflatten(post: Object, tag: str) -> Object:
    """Undo twarc2's `flatten`: objects that it put into the post go back to `includes`."""
    includes: dict[str, dict[str, Object]] = {}
    data = _put_back(post, includes)
    message: Object = {"data": data} | {name: post[name] for name in ("source_format",) if name in post}
    if includes:
        message["includes"] = {kind: list(items.values()) for kind, items in includes.items()}
    return message | {"matching_rules": post.get("matching_rules") or _rules(tag)}


def _put_back(post: Object, includes: dict[str, dict[str, Object]]) -> Object:
    def put(kind: str, item: Any, key: str = "id") -> None:
        if isinstance(item, dict) and item.get(key):
            includes.setdefault(kind, {})[str(item[key])] = item

    data = {name: value for name, value in post.items() if name not in _FLATTENED_FIELDS}
    put("users", post.get("author"))
    if isinstance(attached := data.get("attachments"), dict):
        for media in as_objects(attached.get("media")):
            put("media", media, "media_key")
        put("polls", attached.get("poll"))
        data["attachments"] = {name: value for name, value in attached.items() if name not in ("media", "poll")}
    if isinstance(geo := data.get("geo"), dict):
        place = {name: value for name, value in geo.items() if name not in _GEO_FIELDS}
        put("places", place)
        data["geo"] = {name: geo[name] for name in _GEO_FIELDS if name in geo} if place.get("id") else geo
    if isinstance(entities := data.get("entities"), dict) and "mentions" in entities:
        kept = [
            {name: mention[name] for name in _MENTION_FIELDS if name in mention}
            for mention in as_objects(entities["mentions"])
        ]
        data["entities"] = entities | {"mentions": kept}
    references = as_objects(data.get("referenced_tweets"))
    for reference in references:
        if "text" in reference:
            put("tweets", _put_back({name: value for name, value in reference.items() if name != "type"}, includes))
    if references:
        data["referenced_tweets"] = [
            {name: reference[name] for name in ("type", "id") if name in reference} for reference in references
        ]
    return data


def _rules(tag: str) -> list[Object]:
    return [{"id": "", "tag": tag}] if tag else []


def _retrieved_at(value: Object) -> int | None:
    """When twarc2 got it, if twarc2 wrote the line."""
    return _micros(as_object(value.get("__twarc")).get("retrieved_at"))


def _micros(at: Any) -> int | None:
    if isinstance(at, int) and not isinstance(at, bool):
        return at
    try:
        moment = datetime.fromisoformat(str(at).removesuffix(" UTC"))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return round(moment.timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return None


def _dump(value: Any) -> str:
    """Write JSON. Raises BadMessage for what JSON takes and its writer does not: numbers over 64 bits, deep nesting."""
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise BadMessage("not_json", f"The message cannot be written as JSON: {error}") from None
