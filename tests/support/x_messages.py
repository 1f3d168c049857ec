"""Messages in X's shapes, small enough to read."""

from datetime import UTC, datetime, timedelta
from typing import Any

_NOW = datetime.now(UTC)
_EPOCH_MS = 1_288_834_974_657


def post_id(number: int, days_ago: float = 1.0) -> str:
    moment = _NOW - timedelta(days=days_ago)
    return str(((int(moment.timestamp() * 1_000) - _EPOCH_MS) << 22) + number)


def post(number: int, text: str, days_ago: float = 1.0, **more: Any) -> dict[str, Any]:
    """Return a post as X calls it: the object `data`, or one of `includes.tweets`."""
    moment = _NOW - timedelta(days=days_ago)
    return {
        "id": post_id(number, days_ago),
        "text": text,
        "author_id": f"77{number}",
        "created_at": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "edit_history_tweet_ids": [post_id(number, days_ago)],
    } | more


def message(data: dict[str, Any], *included: dict[str, Any], **includes: Any) -> dict[str, Any]:
    users = [
        {"id": one["author_id"], "name": f"name of {one['author_id']}", "username": f"user{one['author_id']}"}
        for one in (data, *included)
    ]
    found: dict[str, Any] = {"users": users, **includes}
    if included:
        found["tweets"] = list(included)
    return {"data": data, "includes": found, "matching_rules": [{"id": "1", "tag": "rule"}]}


def refer(kind: str, to: dict[str, Any]) -> dict[str, Any]:
    return {"referenced_tweets": [{"type": kind, "id": to["id"]}]}
