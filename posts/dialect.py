"""Reads X's JSON. X's two dialects are made one here, and nowhere else.

Since 2026-08 X's specification names the same things twice (`note_tweet` and `note_post`, `includes.tweets` and `includes.posts`, ...);
which one arrives depends on the parameters and may change. Fields are absent rather than null, objects may be empty, and ids were JSON
numbers in 2021. A `Reader` knows where its object stands in the message, so that a field of the wrong type can be named.
"""

from collections.abc import Iterator
from typing import Any, TypeVar

from .errors import BadMessage

Object = dict[str, Any]
T = TypeVar("T", str, int, bool, dict[str, Any], list[Any])

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


class Reader:
    """One JSON object of a message. Each method reads a field by its name, or by the name that the other dialect has for it.

    A field that is absent or null is None, or empty for objects and lists. Raises BadMessage for a field of another type.
    """

    __slots__ = ("_found", "_path")

    def __init__(self, found: Object, path: str) -> None:
        """`path` is where the object stands, as `includes.tweets`; empty for the message itself."""
        self._found = found
        self._path = path

    def __bool__(self) -> bool:
        return bool(self._found)

    def string(self, name: str) -> str | None:
        value = self._found.get(name)
        if value is None and name not in _TWINS:
            return None
        return value if type(value) is str else self._try_other_name(name, value, str)

    def integer(self, name: str) -> int | None:
        value = self._found.get(name)
        return value if type(value) is int else self._try_other_name(name, value, int)

    def boolean(self, name: str) -> bool | None:
        value = self._found.get(name)
        return value if type(value) is bool else self._try_other_name(name, value, bool)

    def id(self, name: str) -> str | None:
        """Return an id as a string, whether X sent a string or a number."""
        value = self._found.get(name)
        if type(value) is str:
            return value
        return str(value) if type(value) is int else self._try_other_name(name, value, str)

    def ids(self, name: str) -> list[str]:
        listed = self._list(name)
        if all(type(item) is str for item in listed):
            return listed
        items = Reader({str(i): item for i, item in enumerate(listed)}, self.path(name))
        return [found for i in items._found if (found := items.id(i))]

    def object(self, name: str) -> "Reader":
        if not self._found:
            return _EMPTY
        value = self._found.get(name)
        if type(value) is not dict:
            value = self._try_other_name(name, value, dict)
        return Reader(value, self.path(name)) if value else _EMPTY

    def objects(self, name: str) -> "list[Reader]":
        items = self._list(name)
        if not items:
            return []
        path = self.path(name)
        for number, item in enumerate(items):
            if type(item) is not dict:
                raise _wrong(f"{path}[{number}]", item, dict)
        return [Reader(item, path) for item in items]

    def raw(self, name: str) -> Any:
        """Return a field as X sent it, for what X's specification does not describe."""
        return self._found.get(name)

    def references(self) -> Iterator[tuple[str, str]]:
        """Yield (kind, id) for each post that this one refers to; kind is retweeted, quoted or replied_to."""
        for item in self.objects("referenced_tweets"):
            kind, target = item.string("type") or "", item.id("id")
            if target:
                yield ("retweeted" if kind == _TWINS["retweeted"] else kind), target

    def path(self, name: str) -> str:
        """Return where a field of this object stands in the message."""
        return f"{self._path}.{name}" if self._path else name

    def _list(self, name: str) -> list[Any]:
        value = self._found.get(name)
        return value if type(value) is list else self._try_other_name(name, value, list) or []

    def _try_other_name(self, name: str, value: Any, kind: type[T]) -> T | None:
        """Fall back to the other dialect's name. Raises BadMessage if the field has another type under either name."""
        if value is None:
            if name not in _TWINS:
                return None
            value = self._found.get(_TWINS[name])
            if value is None or type(value) is kind:
                return value
        raise _wrong(self.path(name), value, kind)


_EMPTY = Reader({}, "")


def _wrong(path: str, value: Any, kind: type) -> BadMessage:
    got = "nothing" if value is None else _NAMES.get(type(value), type(value).__name__)
    return BadMessage("wrong_type", f"{path}: expected {_NAMES[kind]}, got {got}")
