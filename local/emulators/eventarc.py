"""Eventarc: delivers messages of the function's subscription as CloudEvents, many at once, each until it is acknowledged.

    python -m local.emulators.eventarc --pubsub 127.0.0.1:8085 --project local --function http://127.0.0.1:8080

A 2xx answer acknowledges a message. Any other answer, or none in time, is a nack; Pub/Sub's retry policy and dead letters do the rest.
"""

import argparse
import asyncio
import base64
import signal
from collections.abc import Coroutine
from typing import Any

import aiohttp
import orjson
from google.pubsub_v1.types import ReceivedMessage

from . import log
from .pubsub import create
from .pull import Puller

_CONCURRENCY = 80  # requests at once: enough for a run here, and a fifth of what one instance is deployed with
_REQUEST_SECONDS = 60.0  # the function's timeout; half of the ack deadline


class Eventarc:
    """Posts messages to the function and counts its answers."""

    def __init__(
        self, function: str, session: aiohttp.ClientSession, project: str, topic: str, subscription: str
    ) -> None:
        self._function = function
        self._session = session
        self._source = f"//pubsub.googleapis.com/projects/{project}/topics/{topic}"
        self._subscription = subscription
        self.totals = {"delivered": 0, "acknowledged": 0, "refused": 0}

    async def deliver(self, group: list[ReceivedMessage]) -> list[bool]:
        return [await self._post(received) for received in group]

    async def _post(self, received: ReceivedMessage) -> bool:
        body, headers = event(received, self._source, self._subscription)
        self.totals["delivered"] += 1
        try:
            async with self._session.post(self._function, data=body, headers=headers) as response:
                await response.read()
                good = 200 <= response.status < 300
        except (aiohttp.ClientError, TimeoutError):
            good = False
        self.totals["acknowledged" if good else "refused"] += 1
        return good


def event(received: ReceivedMessage, source: str, subscription: str) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of the HTTP request that Eventarc makes of a Pub/Sub message."""
    message = received.message
    published = message.publish_time.isoformat().replace("+00:00", "Z")
    content = {
        "message": {
            "data": base64.b64encode(message.data).decode(),
            "messageId": message.message_id,
            "message_id": message.message_id,
            "publishTime": published,
            "publish_time": published,
            **({"attributes": dict(message.attributes)} if message.attributes else {}),
        },
        "subscription": subscription,
        **({"deliveryAttempt": received.delivery_attempt} if received.delivery_attempt else {}),
    }
    headers = {
        "Content-Type": "application/json",
        "ce-id": message.message_id,
        "ce-source": source,
        "ce-specversion": "1.0",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
        "ce-time": published,
    }
    return orjson.dumps(content), headers


async def _main(arguments: argparse.Namespace) -> None:
    subscription = f"projects/{arguments.project}/subscriptions/{create.FUNCTION}"
    timeout = aiohttp.ClientTimeout(total=_REQUEST_SECONDS * arguments.ack_scale)
    connector = aiohttp.TCPConnector(limit=_CONCURRENCY)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        eventarc = Eventarc(arguments.function, session, arguments.project, create.TOPIC, subscription)
        puller = Puller(
            arguments.pubsub, subscription, eventarc.deliver, batch=1, outstanding=_CONCURRENCY, part="eventarc"
        )
        log.event("ready", "eventarc")
        await run_until_signal(puller.run(), log.tick("eventarc", eventarc.totals))


async def run_until_signal(*work: Coroutine[Any, Any, None]) -> None:
    """Run until SIGTERM or SIGINT, or until a task fails; then raise its error."""
    tasks = [asyncio.create_task(coroutine) for coroutine in work]
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, lambda: [task.cancel() for task in tasks])
    await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m local.emulators.eventarc", description="Delivers messages to the function."
    )
    parser.add_argument("--pubsub", required=True, help="host:port of Pub/Sub")
    parser.add_argument("--project", required=True)
    parser.add_argument("--function", required=True, help="the function's URL")
    parser.add_argument("--ack-scale", type=float, default=1.0, help="of the ack deadline, and of its own")
    asyncio.run(_main(parser.parse_args()))
