"""From a delivery to the rows that it leaves in the tables, and its outcome. Pure: the time is passed in.

A row is (table, row id, columns). The row id serves BigQuery's best-effort deduplication and ours within a group; what
makes a post appear once is the view `tweets`.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from . import sentiment
from .errors import BadMessage
from .filter import Keywords, Verdict, judge
from .message import Delivery, Message, decode
from .row import Post, TweetRow, parse
from .settings import Settings

TableRow = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Result:
    """`outcome` is loaded, filtered or rejected."""

    outcome: str
    rows: list[TableRow]


def make_rows(delivery: Delivery, keywords: Keywords, settings: Settings, now: datetime) -> Result:
    """Every delivery has an outcome: what cannot become a post's row becomes a row of `rejected`."""
    try:
        message = decode(delivery.data)
        post = parse(message.payload)
        verdict = judge(post, keywords, settings)
    except BadMessage as error:
        return Result("rejected", [rejected_row(delivery, error, now)])
    # an edit replaces its earlier versions even where the filter drops the edit itself
    rows: list[TableRow] = [
        ("superseded", f"{earlier}/{post.id}", {"id": earlier, "by_id": post.id, "at": timestamp(now)})
        for earlier in post.earlier_versions
    ]
    if verdict.reason is None or message.source == "doctor":
        return Result("loaded", [("tweet_versions", post.id, _tweet_row(post, verdict, message, now)), *rows])
    return Result("filtered", [("filtered", post.id, _filtered_row(post, verdict.reason, message, now)), *rows])


def rejected_row(delivery: Delivery, error: BadMessage, now: datetime) -> TableRow:
    """All that came, and why it can never become a post's row."""
    columns = {
        "data": base64.b64encode(delivery.data).decode(),
        "subscription_name": delivery.subscription,
        "message_id": delivery.message_id,
        "publish_time": delivery.publish_time,
        "attributes": orjson.dumps(delivery.attributes).decode(),
        "reason": error.reason,
        "error": str(error),
        "rejected_at": timestamp(now),
    }
    return "rejected", delivery.message_id, columns


def _tweet_row(post: Post, verdict: Verdict, message: Message, now: datetime) -> dict[str, Any]:
    tweet = TweetRow(
        **post.columns,
        keywords=list(verdict.keywords),
        sentiment=sentiment.score(post.text, post.columns["lang"]),
        source=message.source,
        received_at=_received_at(message),
        loaded_at=timestamp(now),
        payload=message.payload,
    )
    # to BigQuery an absent key is a null, and shorter
    return {name: value for name in TweetRow.__slots__ if (value := getattr(tweet, name)) is not None}


def _filtered_row(post: Post, reason: str, message: Message, now: datetime) -> dict[str, Any]:
    return {"id": post.id, "reason": reason, "received_at": _received_at(message), "loaded_at": timestamp(now)}


def _received_at(message: Message) -> str:
    seconds, microseconds = divmod(message.received_at, 1_000_000)
    return timestamp(datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds))


def timestamp(moment: datetime) -> str:
    """BigQuery's TIMESTAMP as insertAll takes it."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
