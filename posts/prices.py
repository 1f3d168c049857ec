"""X's price list (prices.json), and the resources in an answer from X that it may bill.

X charges for each post and user that it returns, in `data` and in `includes`, once per UTC day; pictures and videos left its list on
2026-06-18. X does not document whether it bills every included post and user, so we count them all: our figure is never below the bill.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .includes import Object, as_object, as_objects, included_posts

_LIST: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))
DOLLARS: float = _LIST["post"]["dollars"]  # of a unit, which is a post's price


def dollars(kind: str) -> float:
    """Return the price of a kind of resource."""
    return float(_LIST[kind]["dollars"])


def units(kind: str) -> int:
    """Return the price of a kind of resource in whole units, rounded up."""
    return -int(-dollars(kind) // DOLLARS)


POST, USER, COUNTS, COUNTS_ALL = (units(kind) for kind in ("post", "user", "counts_recent", "counts_all"))


@dataclass(frozen=True, slots=True)
class Resources:
    """Ids of the billable resources in one answer."""

    posts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


NOTHING = Resources()


def resources(body: Mapping[str, Any]) -> Resources:
    """Return the billable resources of a stream message or of a page of search results. Accepts any JSON."""
    data, users = body.get("data"), as_object(body.get("includes")).get("users")
    own = as_objects(data) if isinstance(data, list) else [as_object(data)]
    return Resources(_ids([*own, *included_posts(body)]), _ids(as_objects(users)))


def most(*, authors: bool, referenced: bool) -> int:
    """Return the most units that one post can cost: a retweet whose author, original and original's author are all new that day."""
    unit = POST + (USER if authors else 0)
    return unit * (2 if referenced else 1)


def _ids(items: Iterable[Object]) -> tuple[str, ...]:
    return tuple(str(item["id"]) for item in items if item.get("id"))
