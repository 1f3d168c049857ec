"""Pub/Sub's BigQuery subscriptions: topic `tweets` into `archive`, topic `tweets-dead` into `rejected`.

    python -m local.emulators.bigquery_subscription --pubsub 127.0.0.1:8085 --project local --dataset twitter

With a topic schema the message's fields become columns; without one there is only `data`. Both have the message's metadata. A row that
BigQuery refuses is nacked, and goes to the dead-letter topic in the end, as in the cloud.
"""

import argparse
import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import requests
from google.api_core.exceptions import GoogleAPIError
from google.cloud import bigquery
from google.pubsub_v1.types import ReceivedMessage

from . import log
from .eventarc import run_until_signal
from .pubsub import create
from .pull import Puller

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = 10.0  # a sixth of the ack deadline
_BATCH = 200
_PAUSE = 0.2  # seconds between pulls: each insert costs BigQuery's stand-in 10 ms, however few rows it has

Row = dict[str, Any]


def metadata(received: ReceivedMessage, subscription: str) -> Row:
    """Return the columns of --write-metadata."""
    message = received.message
    return {
        "subscription_name": subscription,
        "message_id": message.message_id,
        "publish_time": message.publish_time.isoformat(),
        "attributes": orjson.dumps(dict(message.attributes)).decode(),
    }


def archive_row(received: ReceivedMessage) -> Row:
    """Return the columns of --use-topic-schema: the message's own fields."""
    record = orjson.loads(received.message.data)
    return {
        "id": record["id"],
        "payload": record["payload"],
        "received_at": (EPOCH + timedelta(microseconds=record["received_at"])).isoformat(),
        "source": record["source"],
    }


def rejected_row(received: ReceivedMessage) -> Row:
    """Return a row for a topic without a schema, which has only `data`."""
    return {"data": base64.b64encode(received.message.data).decode()}


class Subscription:
    """Stores one table's rows; `stored` counts distinct messages."""

    def __init__(
        self,
        client: bigquery.Client,
        name: str,
        table: str,
        columns: Callable[[ReceivedMessage], Row],
        seconds: float,
    ) -> None:
        self._client = client
        self._name = name
        self._table = table
        self._columns = columns
        self._seconds = seconds
        self._stored: set[str] = set()

    @property
    def stored(self) -> int:
        return len(self._stored)

    async def write(self, group: list[ReceivedMessage]) -> list[bool]:
        return await asyncio.to_thread(self._write, group)

    def _write(self, group: list[ReceivedMessage]) -> list[bool]:
        rows = [self._columns(received) | metadata(received, self._name) for received in group]
        ids = [received.message.message_id for received in group]
        try:
            errors = self._client.insert_rows_json(
                self._table,
                rows,
                row_ids=ids,
                retry=None,  # type: ignore[arg-type]
                timeout=self._seconds,
                skip_invalid_rows=True,
            )
        except (GoogleAPIError, requests.RequestException) as error:
            log.event(
                "insert_failed",
                "bigquery_subscription",
                "WARNING",
                message=f"{self._table}: {error}"[:300],
            )
            return [False] * len(group)
        bad = {int(error["index"]) for error in errors}
        self._stored.update(message_id for index, message_id in enumerate(ids) if index not in bad)
        return [index not in bad for index in range(len(group))]


async def _main(arguments: argparse.Namespace) -> None:
    client = bigquery.Client(project=arguments.project)
    base = f"projects/{arguments.project}/subscriptions"
    dataset = f"{arguments.project}.{arguments.dataset}"
    seconds = _SECONDS * arguments.ack_scale
    archive = Subscription(client, f"{base}/{create.ARCHIVE}", f"{dataset}.archive", archive_row, seconds)
    rejected = Subscription(client, f"{base}/{create.DEAD_REJECTED}", f"{dataset}.rejected", rejected_row, seconds)
    totals = {"archived": 0, "dead_lettered": 0}
    log.event("ready", "bigquery_subscription")

    def work(subscription: Subscription, name: str) -> Callable[[list[ReceivedMessage]], Awaitable[list[bool]]]:
        async def write(group: list[ReceivedMessage]) -> list[bool]:
            done = await subscription.write(group)
            totals[name] = subscription.stored
            return done

        return write

    def pull(name: str, handle: Callable[[list[ReceivedMessage]], Awaitable[list[bool]]]) -> Puller:
        return Puller(
            arguments.pubsub,
            f"{base}/{name}",
            handle,
            batch=_BATCH,
            outstanding=2 * _BATCH,
            part="bigquery_subscription",
            pause=_PAUSE,
        )

    await run_until_signal(
        pull(create.ARCHIVE, work(archive, "archived")).run(),
        pull(create.DEAD_REJECTED, work(rejected, "dead_lettered")).run(),
        log.tick("bigquery_subscription", totals),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m local.emulators.bigquery_subscription", description="Writes archive and rejected."
    )
    parser.add_argument("--pubsub", required=True, help="host:port of Pub/Sub")
    parser.add_argument("--project", required=True)
    parser.add_argument("--dataset", default="twitter")
    parser.add_argument("--ack-scale", type=float, default=1.0, help="of the ack deadline, and of its own")
    asyncio.run(_main(parser.parse_args()))
