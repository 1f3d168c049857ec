"""The bill for what X has delivered: each resource once per UTC day, each request for counts, at X's prices."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PRICES = json.loads((Path(__file__).parents[3] / "posts" / "prices.json").read_text(encoding="utf-8"))
_MILLS: dict[str, int] = {kind: round(entry["dollars"] * 1_000) for kind, entry in _PRICES.items()}
_DAY = 86_400


def price_list() -> dict[str, Any]:
    """Return the price list in X's own words."""
    names = {"Post": "post", "User": "user"}, {"CountsRecent": "counts_recent", "CountsAll": "counts_all"}
    resources, requests = ({name: _PRICES[kind]["dollars"] for name, kind in part.items()} for part in names)
    return {"eventTypePricing": resources, "requestTypePricing": requests, "defaultCost": 0}


@dataclass(frozen=True, slots=True)
class Charge:
    """One entry of the bill, in tenths of a cent. `post` is the post that it came with, 0 for requests; `caller` who got it."""

    at: float  # seconds since 1970
    mills: int
    caller: Any
    kind: str  # stream | search | lookup | counts
    post: int = 0

    @property
    def units(self) -> int:
        """Return it in the price of a post."""
        return self.mills // _MILLS["post"]


class Bill:
    """Adds up what X would charge."""

    def __init__(self, on_charge: Callable[[Charge], object] = lambda charge: None) -> None:
        """`on_charge` hears of each entry."""
        self.mills = 0
        self._billed: set[tuple[int, str, str]] = set()
        self._on_charge = on_charge

    def deliver(self, message: dict[str, Any], at: float, caller: Any = None, kind: str = "stream") -> None:
        """Bill a message of the stream, or a page of posts."""
        data = message.get("data")
        posts = [post for post in (data if isinstance(data, list) else [data]) if isinstance(post, dict)]
        includes = message.get("includes") or {}
        users = {str(user["id"]) for user in includes.get("users") or ()}
        for post in posts:
            number = int(post["id"])
            self._add("post", str(post["id"]), Charge(at, _MILLS["post"], caller, kind, number))
            author = str(post.get("author_id"))
            if author in users:
                users.discard(author)
                self._add("user", author, Charge(at, _MILLS["user"], caller, kind, number))
        first = int(posts[0]["id"]) if posts else 0
        for other in (*(includes.get("tweets") or ()), *(includes.get("posts") or ())):
            self._add("post", str(other["id"]), Charge(at, _MILLS["post"], caller, kind, first))
        for user in sorted(users):
            self._add("user", user, Charge(at, _MILLS["user"], caller, kind, first))

    def unreadable_post(self, at: float, caller: Any = None) -> None:
        """Bill a post whose line nobody can read."""
        self._enter(Charge(at, _MILLS["post"], caller, "stream"))

    def request(self, kind: str, at: float, caller: Any = None) -> None:
        """Bill a request for counts; `kind` is as in the price list."""
        self._enter(Charge(at, _MILLS[kind], caller, "counts"))

    def _add(self, what: str, name: str, charge: Charge) -> None:
        """Enter a charge for a resource, if it is the first one of that day."""
        key = (int(charge.at // _DAY), what, name)
        if key not in self._billed:
            self._billed.add(key)
            self._enter(charge)

    def _enter(self, charge: Charge) -> None:
        self.mills += charge.mills
        self._on_charge(charge)
