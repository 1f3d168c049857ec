"""The bill for what the emulator has delivered: each resource once per UTC day, each request for counts, at X's prices."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

_PRICES = json.loads((Path(__file__).parents[3] / "posts" / "prices.json").read_text(encoding="utf-8"))
_KINDS = {"tweets": "post", "posts": "post", "users": "user"}


def price_list() -> dict[str, Any]:
    """Return the price list in X's own words."""
    names = {"Post": "post", "User": "user"}, {"CountsRecent": "counts_recent", "CountsAll": "counts_all"}
    resources, requests = ({name: _PRICES[kind]["dollars"] for name, kind in part.items()} for part in names)
    return {"eventTypePricing": resources, "requestTypePricing": requests, "defaultCost": 0}


class Bill:
    """Adds up what X would charge. `mills` are tenths of a cent."""

    def __init__(self) -> None:
        self.mills = 0
        self._billed: set[tuple[date, str, str]] = set()

    def deliver(self, message: dict[str, Any]) -> None:
        """Bill a message of the stream, or a page of a search."""
        data = message.get("data")
        for post in data if isinstance(data, list) else [data]:
            if isinstance(post, dict):
                self._add("post", str(post["id"]))
        for name, items in (message.get("includes") or {}).items():
            for item in items if name in _KINDS else ():
                self._add(_KINDS[name], str(item["id"]))

    def request(self, kind: str) -> None:
        self.mills += round(_PRICES[kind]["dollars"] * 1_000)

    def _add(self, kind: str, name: str) -> None:
        key = (datetime.now(UTC).date(), kind, name)
        if key not in self._billed:
            self._billed.add(key)
            self.mills += round(_PRICES[kind]["dollars"] * 1_000)
