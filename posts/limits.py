"""What X's values may be at the most: an id, and how deep JSON is nested. Pure.

One place for all parts, because a value that one takes and another refuses would be lost in between.
"""

from typing import Any

import orjson

HIGHEST_ID = 1 << 63  # BigQuery's INT64 ends here
DEEPEST = 200  # levels of JSON; X's own have eight, orjson writes 254, and GoogleSQL's JSON takes 500
_MOST_DIGITS = 19


def parse_id(value: Any) -> int | None:
    """Return an id as a number, whether X sent a string or a number; None for anything but 1 to 19 digits below 2 to the 63rd."""
    if type(value) is str and len(value) <= _MOST_DIGITS and value.isascii() and value.isdigit():
        value = int(value)
    return value if type(value) is int and 0 <= value < HIGHEST_ID else None


def parse_json(text: str | bytes) -> Any:
    """Parse JSON. Raises ValueError for what is none, or is nested too deep."""
    value = orjson.loads(text)
    opening = text.count(b"{") + text.count(b"[") if isinstance(text, bytes) else text.count("{") + text.count("[")
    if opening > DEEPEST and is_deep(value):
        raise ValueError(f"JSON that is nested deeper than {DEEPEST} levels")
    return value


def is_deep(value: Any) -> bool:
    """Return whether parsed JSON is nested deeper than any part of the project takes."""
    level = [value]
    for _ in range(DEEPEST):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(item: Any) -> list[Any]:
    children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return [child for child in children if isinstance(child, (dict, list))]
