"""Compares X's own price list with posts/prices.json, for ./deploy.sh estimate and doctor.

python3 infra/deploy/price_list.py    a line a difference; nothing where they are equal. Exit code 3: X's list could not be read.

X's console serves the list to everybody, and X's own playground reads it: github.com/xdevplatform/playground,
internal/playground/credits.go. Standard library only.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

URL = os.environ.get("X_PRICE_LIST") or "https://console.x.com/api/credits/pricing"
BUNDLED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).resolve().parents[2] / "posts" / "prices.json").read_text(encoding="utf-8")
)
_NAMES = {  # ours: (part of X's list, name in it)
    "post": ("eventTypePricing", "Post"),
    "user": ("eventTypePricing", "User"),
    "counts_recent": ("requestTypePricing", "CountsRecent"),
    "counts_all": ("requestTypePricing", "CountsAll"),
}
_SECONDS = 10.0
_MOST_BYTES = 1_000_000
_UNREAD = 3


class ListUnread(Exception):
    """X's list could not be read; the text says why."""


def fetch() -> dict[str, Any]:
    """Return X's list, from X_PRICE_LIST if that is set. Raises ListUnread."""
    try:
        with urllib.request.urlopen(URL, timeout=_SECONDS) as response:  # noqa: S310 - a constant, or what the person wrote
            prices = json.loads(response.read(_MOST_BYTES))
    except (OSError, ValueError) as error:
        raise ListUnread(f"X's price list was not read ({type(error).__name__}: {str(error)[:100]})") from None
    if not isinstance(prices, dict) or not any(isinstance(prices.get(part), dict) for part, _ in _NAMES.values()):
        raise ListUnread("X's price list was not read: the answer has another form than before")
    return prices


def differences(theirs: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each price of ours that X's list has otherwise, or lacks."""
    for kind, (part, name) in _NAMES.items():
        prices = theirs.get(part)
        price = prices.get(name) if isinstance(prices, dict) else None
        bundled = BUNDLED[kind]["dollars"]
        if not isinstance(price, (int, float)) or isinstance(price, bool):
            yield f"{BUNDLED[kind]['what']}: ${bundled:.3f} here, and X's list does not have it ({name})"
        elif abs(price - bundled) > 1e-9:
            yield f"{BUNDLED[kind]['what']}: ${bundled:.3f} here, ${price:.3f} in X's list ({name})"


def main() -> int:
    try:
        for sentence in differences(fetch()):
            print(sentence)
    except ListUnread as error:
        print(error, file=sys.stderr)
        return _UNREAD
    return 0


if __name__ == "__main__":
    sys.exit(main())
