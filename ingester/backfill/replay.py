"""Sources that need no X: posts out of `archive` again (after a repair of the parser, or for another filter), and messages
out of `rejected` again (after what they were rejected for is mended).

A replay keeps the time of the first arrival and says so in `source`, by which the archive leaves it out; the view shows a
post once however often it is stored. What was redriven is remembered in the ledger, and a message that is rejected again
is not taken for a new one.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import orjson
import requests
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from ..errors import LedgerFailed
from ..pubsub.envelope import NotText, OutgoingMessage, inspect_line, to_message
from ..pubsub.publishing import MessagePublisher
from ..settings import Settings
from ..threads import in_thread

REDRIVEN = "rejected_message_id"  # the attribute that names what a redriven message was
_SECONDS = 60.0  # for a query, and for each page of it
_RETRY = DEFAULT_RETRY.with_timeout(10.0)  # the client would go on for 600 s
_PAGE = 1_000  # rows
_MOST_WAITING = 5_000  # messages that Pub/Sub has not acknowledged yet
_POLL_SECONDS = 0.02

_ARCHIVE = """
-- Which posts arrived between two times, each as it came first?
SELECT id, ANY_VALUE(payload HAVING MIN received_at) AS payload, MIN(received_at) AS received_at
FROM archive
WHERE received_at >= @since AND received_at < @until AND source IN ('stream', 'search') AND id != ''
GROUP BY id
ORDER BY received_at
"""

_REJECTED = """
-- Which messages were rejected between two times? Not those that are a second try themselves, nor X's messages that are no posts.
SELECT message_id, ANY_VALUE(data) AS data, ANY_VALUE(reason) AS reason, MIN(COALESCE(rejected_at, publish_time)) AS `at`
FROM rejected
WHERE COALESCE(rejected_at, publish_time) >= @since AND COALESCE(rejected_at, publish_time) < @until
  AND COALESCE(reason, '') != 'no_post'
  AND JSON_VALUE(attributes, '$.rejected_message_id') IS NULL
GROUP BY message_id
ORDER BY `at`
"""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message to publish again; `at` orders them, and is where an interrupted replay goes on."""

    message: OutgoingMessage
    at: datetime


class Replay:
    """One of the two sources between two times. Each method raises LedgerFailed."""

    def __init__(self, settings: Settings, source: str, since: datetime, until: datetime) -> None:
        self._client = bigquery.Client(project=settings.google_cloud_project)
        self._dataset = f"{settings.google_cloud_project}.{settings.bigquery_dataset}"
        self._sql = {"archive": _ARCHIVE, "rejected": _REJECTED}[source]
        self._make = {"archive": _from_archive, "rejected": _from_rejected}[source]
        self._since, self._until = since, until

    def count(self) -> int:
        unordered = self._sql.partition("ORDER BY")[0]
        return int(next(self._query("SELECT COUNT(*) AS messages FROM (\n" + unordered + ")"))["messages"])

    def messages(self) -> Iterator[StoredMessage]:
        """Yield the messages, oldest first."""
        for row in self._query(self._sql):
            yield self._make(row)

    def _query(self, sql: str) -> Iterator[dict[str, Any]]:
        times = {"since": self._since, "until": self._until}
        parameters = [bigquery.ScalarQueryParameter(name, "TIMESTAMP", value) for name, value in times.items()]
        config = bigquery.QueryJobConfig(query_parameters=parameters, default_dataset=self._dataset)
        try:
            job = self._client.query(sql, config, timeout=_SECONDS, retry=_RETRY, job_retry=None)
            for row in job.result(timeout=_SECONDS, retry=_RETRY, page_size=_PAGE):
                yield dict(row)
        except (GoogleAPIError, GoogleAuthError, requests.RequestException, TimeoutError) as error:
            raise LedgerFailed(
                f"BigQuery did not give the rows: {type(error).__name__}: {error}"[:500]
                + ". Does the dataset exist, and may this account query it?"
            ) from None


async def run(
    replay: Replay, publisher: MessagePublisher, rate: float, on_published: Callable[[StoredMessage], None]
) -> None:
    """Publish all, at most `rate` a second; calls `on_published` for each that was handed over. Raises LedgerFailed, PublishFailed."""
    began, number = time.monotonic(), 0
    messages = replay.messages()
    while page := await in_thread(lambda: list(islice(messages, _PAGE)), seconds=2 * _SECONDS):
        for stored in page:
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            while publisher.waiting >= _MOST_WAITING and publisher.failure is None:  # publish would block the loop
                await asyncio.sleep(_POLL_SECONDS)
            publisher.publish(stored.message)
            on_published(stored)
            number += 1


def _from_archive(row: dict[str, Any]) -> StoredMessage:
    received_at = row["received_at"]
    payload = (row["payload"] or "").encode()
    return StoredMessage(to_message(payload, row["id"], _micros(received_at), "archive"), received_at)


def _from_rejected(row: dict[str, Any]) -> StoredMessage:
    """Make a message of a rejected one, with the time at which it first arrived if that is known."""
    data: bytes = row["data"] or b""
    try:
        record = orjson.loads(data)
        payload, received_at = record["payload"].encode(), int(record["received_at"])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError):
        payload, received_at = data, _micros(row["at"] or datetime.now(UTC))
    try:
        message = to_message(payload, inspect_line(payload).id, received_at, "rejected")
    except NotText:
        message = to_message(payload.decode("utf-8", "replace").encode(), "", received_at, "rejected")
    return StoredMessage(replace(message, more={REDRIVEN: row["message_id"] or ""}), row["at"] or datetime.now(UTC))


def _micros(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
