"""X's two dialects made one, here and nowhere else.

Since 2026-08 X's specification names the same things twice (`note_tweet` and `note_post`, `includes.tweets` and
`includes.posts`, ...); which one arrives depends on the parameters and may change. Fields are absent rather than null,
objects may be empty, and ids were JSON numbers in 2021. Everything is read through these functions; a known field of the
wrong type is a BadMessage that names the field.
"""

from collections.abc import Iterator
from typing import Any, TypeVar

from .errors import BadMessage

Object = dict[str, Any]
T = TypeVar("T", str, int, float, bool, dict[str, Any], list[Any])

_TWINS = {
    "note_tweet": "note_post",
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "retweet_count": "repost_count",
    "tweets": "posts",
    "retweeted": "reposted",
}
_NAMES: dict[type, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "array",
}


def get(owner: Object, name: str, kind: type[T], path: str) -> T | None:
    """The field `name` (or its twin) of `owner`, or None where it is absent or null. `path` is the owner's, for the error."""
    value = owner.get(name)
    if value is None and name in _TWINS:
        value = owner.get(_TWINS[name])
    return value if value is None or type(value) is kind else _convert(value, kind, path, name)


def get_object(owner: Object, name: str, path: str) -> Object:
    """The same for an object; an absent one is empty."""
    return get(owner, name, dict, path) or {}


def get_objects(owner: Object, name: str, path: str) -> list[Object]:
    """The same for an array of objects; an absent one is empty."""
    items = get(owner, name, list, path) or []
    for number, item in enumerate(items):
        if type(item) is not dict:
            raise _wrong(item, dict, path, f"{name}[{number}]")
    return items


def get_id(owner: Object, name: str, path: str) -> str | None:
    """An id as a string, whether X sent a string or a number."""
    value = owner.get(name)
    return str(value) if type(value) is int else get(owner, name, str, path)


def get_ids(owner: Object, name: str, path: str) -> list[str]:
    """An array of ids as strings."""
    items = get(owner, name, list, path) or []
    named = {str(i): item for i, item in enumerate(items)}
    return [found for i in named if (found := get_id(named, i, f"{path}.{name}"))]


def references(post: Object, path: str) -> Iterator[tuple[str, str]]:
    """(kind, id) for each post that this one refers to; kind is retweeted, quoted or replied_to."""
    for item in get_objects(post, "referenced_tweets", path):
        kind = get(item, "type", str, f"{path}.referenced_tweets") or ""
        target = get_id(item, "id", f"{path}.referenced_tweets")
        if target:
            yield ("retweeted" if kind == _TWINS["retweeted"] else kind), target


def _convert(value: Any, kind: type[T], path: str, name: str) -> T:
    """A whole number may stand for a number; nothing else may stand for anything."""
    if kind is float and type(value) is int:
        return float(value)  # type: ignore[return-value]
    raise _wrong(value, kind, path, name)


def _wrong(value: Any, kind: type, path: str, name: str) -> BadMessage:
    got = "nothing" if value is None else _NAMES.get(type(value), type(value).__name__)
    return BadMessage("wrong_type", f"{path}.{name}: expected {_NAMES[kind]}, got {got}")
