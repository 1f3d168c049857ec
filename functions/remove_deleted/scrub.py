"""Takes what may not be kept out of one message of X's. Pure: messages in, messages out.

A message carries more than its own post: the posts that it retweets, quotes or answers, their authors, places and media. What
is taken out takes along what nothing else in the message refers to.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import orjson

from posts.includes import POSTS, Object, as_object, as_objects, included_posts, named_by, object_key, retweeted
from posts.limits import parse_id, parse_json

_ID = re.compile(rb"[0-9]{17,19}")  # shorter numbers may be anything: ids of posts have had so many digits since 2011


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """The message as it may be kept, and whose copy or location is no longer in it. Nothing changed where both are empty."""

    message: Object
    copies: frozenset[str]
    locations: frozenset[str]

    @property
    def changed(self) -> bool:
        return bool(self.copies or self.locations)


def scrub(message: Object, gone: Collection[str], unplaced: Collection[str]) -> Scrubbed:
    """Return a message without copies of the posts in `gone` and without the location of posts in `unplaced`. Both hold ids."""
    includes = dict(as_object(message.get("includes")))
    copies: set[str] = set()
    locations: set[str] = set()
    for kind in POSTS:
        kept = []
        for post in as_objects(includes.get(kind)):
            post_id = str(post.get("id"))
            if post_id in gone:
                copies.add(post_id)
            else:
                kept.append(_without_place(post, unplaced, locations))
        if kind in includes:
            includes[kind] = kept
    data = _without_place(as_object(message.get("data")), unplaced, locations)
    if not copies and not locations:
        return Scrubbed(message, frozenset(), frozenset())
    _drop_what_nobody_names(data, includes)
    result = message | {"includes": {kind: entries for kind, entries in includes.items() if entries}}
    if "data" in message:
        result["data"] = data
    if not result["includes"]:
        del result["includes"]
    return Scrubbed(result, frozenset(copies), frozenset(locations))


def scrub_bytes(raw: bytes, gone: Collection[str], unplaced: Collection[str]) -> tuple[bytes | None, Scrubbed]:
    """Scrub a message that could not become a row, as Pub/Sub carried it; return None for its bytes where nothing of it may stay.

    A message that cannot be read cannot be cleaned, so all of it is removed if it contains the id of any post in `gone`.
    """
    nothing = Scrubbed({}, frozenset(), frozenset())
    record = _read(raw)
    message = _read(record.get("payload") if record else None)
    if record is None or message is None or own_id(message) is None:
        named = {match.group().decode() for match in _ID.finditer(raw)}
        mentioned = frozenset(named & set(gone))
        return (None, Scrubbed({}, mentioned, frozenset())) if mentioned else (raw, nothing)
    own = {str(own_id(message)), str(record.get("id")), *retweeted(as_object(message.get("data")))} & set(gone)
    if own:
        return None, Scrubbed({}, frozenset(own), frozenset())
    scrubbed = scrub(message, gone, unplaced)
    if not scrubbed.changed:
        return raw, nothing
    return orjson.dumps(record | {"payload": orjson.dumps(scrubbed.message).decode()}), scrubbed


def _without_place(post: Object, unplaced: Collection[str], done: set[str]) -> Object:
    if str(post.get("id")) not in unplaced or not post.get("geo"):
        return post
    done.add(str(post["id"]))
    return {name: value for name, value in post.items() if name != "geo"}


def _drop_what_nobody_names(data: Object, includes: Object) -> None:
    names = named_by([data, *included_posts({"includes": includes})])
    for kind, keys in names.items():  # the ingester asks for no others (ingester/x/fields.py)
        if kind in includes:
            includes[kind] = [item for item in as_objects(includes[kind]) if object_key(kind, item) in keys]


def own_id(message: Object) -> str | None:
    """Return the id of a message's post; None if it cannot be read."""
    post_id = as_object(message.get("data")).get("id")
    number = parse_id(post_id)
    return None if number is None else str(number)


def referenced_posts(message: Object, user: str) -> set[str]:
    """Return the ids of this author's posts in a message: its own post, and copies."""
    posts = [as_object(message.get("data")), *included_posts(message)]
    return {str(post.get("id")) for post in posts if str(post.get("author_id")) == user and post.get("id")}


def message_payload(raw: bytes) -> Object | None:
    """Return X's message inside a message of the topic; None if it cannot be read."""
    record = _read(raw)
    return _read(record.get("payload")) if record else None


def _read(text: Any) -> Object | None:
    try:
        value = parse_json(text)
    except (ValueError, TypeError):
        return None
    return value if isinstance(value, dict) else None
