"""Turns a delivery into rows and an outcome. Pure: the time is passed in.

A row is (table, row id, columns). BigQuery deduplicates by row id as far as it can, and so does a group of inserts. The view
`tweets` is what guarantees that each post appears once.
"""

import base64
import hashlib
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from .errors import BadMessage
from .filter import Filter, FilterDecision, apply_filter
from .message import Delivery, Message, decode
from .post import ParsedPost, parse
from .sentiment import Scorer, add_scores
from .tables import FilteredRow, RejectedRow, SupersededRow, columns

_MOST_KEPT = 7_000_000  # bytes: as base64 they fit BigQuery's request of 10 MB
_LARGE_MESSAGE_KEPT = 1_000_000

# What is stored whatever keywords.txt says: the doctor's post, and a reading of a post that was kept when it came.
_UNFILTERED = frozenset({"doctor", "refresh"})

TableRow = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Result:
    """`outcome` is loaded, filtered or rejected; `reason` says why one of the latter two."""

    outcome: str
    rows: list[TableRow]
    reason: str = ""
    unknown: tuple[str, ...] = ()  # fields of X's that this code does not know


def make_rows(delivery: Delivery, topic: Filter, now: datetime, message: Message | None = None) -> Result:
    """Return the rows of a delivery, and its outcome: what cannot become a post's row becomes a row of `rejected`.

    `message` is what the delivery carries, if the caller knows it; otherwise the delivery's data are decoded.
    """
    try:
        return _rows(message or decode(delivery.data), topic, now)
    except BadMessage as error:
        return reject(delivery, error, now)
    except Exception as error:  # noqa: BLE001 - a bug of ours: reject it, to be published again after a repair; retrying would never end
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__} at {where.name}, line {where.lineno}: a mistake in this code"
        return reject(delivery, BadMessage("unforeseen", text), now)


def score(results: Iterable[Result], scorer: Scorer) -> str:
    """Add the columns sentiment and sentiment_model to the rows of posts, all texts together: `make_rows` leaves them out.

    Returns why they have no scores, if a mistake prevented it: a post is worth more than its score.
    """
    try:
        add_scores((row for result in results for table, _, row in result.rows if table == "tweet_versions"), scorer)
    except Exception as error:  # noqa: BLE001 - see above
        return f"Stored without a sentiment: {type(error).__name__}: {error}"
    return ""


def _rows(message: Message, topic: Filter, now: datetime) -> Result:
    post = parse(message.payload)
    decision = apply_filter(post, topic)
    # an edit replaces its earlier versions even if the filter drops the edit
    rows: list[TableRow] = [
        ("superseded", f"{earlier}/{post.id}", columns(SupersededRow(earlier, post.id, timestamp(now))))
        for earlier in post.earlier_versions
    ]
    if decision.reason is None or message.source in _UNFILTERED:
        row = _tweet_row(post, decision, message, now)
        return Result("loaded", [("tweet_versions", _row_id(post, message), row), *rows], "", post.unknown)
    row = columns(FilteredRow(post.id, decision.reason, _received_at(message), timestamp(now), message.source))
    return Result("filtered", [("filtered", post.id, row), *rows], decision.reason, post.unknown)


def reject(delivery: Delivery, error: BadMessage, now: datetime) -> Result:
    """Return a row of `rejected`: all of the delivery, and why it cannot become a row of a post.

    Of data that would make the row larger than BigQuery takes the beginning is kept; `archive` has all of it.
    """
    size, data, why = len(delivery.data), delivery.data, str(error)
    if size > _MOST_KEPT:
        data = data[:_LARGE_MESSAGE_KEPT]
        why = f"{why} The first {_LARGE_MESSAGE_KEPT:,} of {size:,} bytes are kept here: more is no row of BigQuery's"
    row = RejectedRow(
        data=base64.b64encode(data).decode(),
        subscription_name=delivery.subscription,
        message_id=delivery.message_id,
        publish_time=_time_or_none(delivery.publish_time),
        attributes=orjson.dumps(delivery.attributes).decode(),
        reason=error.reason,
        error=why,
        rejected_at=timestamp(now),
    )
    row_id = delivery.message_id or hashlib.blake2b(delivery.data, digest_size=16).hexdigest()
    return Result("rejected", [("rejected", row_id, columns(row))], error.reason)


def _tweet_row(post: ParsedPost, decision: FilterDecision, message: Message, now: datetime) -> dict[str, Any]:
    """Return the columns of tables.TweetRow. A dict, because making a TweetRow is slow; a test holds the two equal."""
    row = post.columns | {
        "keywords": list(decision.keywords),
        "source": message.source,
        "received_at": _received_at(message),
        "loaded_at": timestamp(now),
        "payload": message.payload,
    }
    return {name: value for name, value in row.items() if value is not None}


def _row_id(post: ParsedPost, message: Message) -> str:
    """Return an id that is the same for each retry, and another one for a delivery that matches other rules, and for each reading."""
    if message.source == "refresh":
        return f"{post.id}/refresh/{message.received_at}"
    rules = post.columns.get("rules")
    return f"{post.id}/{message.source}/{_digest(tuple(rules))}" if rules else f"{post.id}/{message.source}"


@lru_cache(maxsize=256)
def _digest(rules: tuple[str, ...]) -> str:
    return hashlib.blake2b("\n".join(sorted(rules)).encode(), digest_size=8).hexdigest()


def _received_at(message: Message) -> str:
    return _from_microseconds(message.received_at)


@lru_cache(maxsize=64)
def _from_microseconds(count: int) -> str:
    seconds, microseconds = divmod(count, 1_000_000)
    return timestamp(datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds))


def _time_or_none(text: str | None) -> str | None:
    """Return None for an invalid time, so that the rejected row can still be stored."""
    try:
        return timestamp(datetime.fromisoformat(text or "").astimezone(UTC))
    except (ValueError, OverflowError, TypeError):
        return None


@lru_cache(maxsize=64)
def timestamp(moment: datetime) -> str:
    """Return a TIMESTAMP as insertAll takes it. Cached, because the messages of a group share times."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
