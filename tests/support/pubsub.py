"""Publishing and pulling with Google's clients, for tests of both sides of a topic."""

import json
from dataclasses import dataclass

from google.pubsub_v1 import types

from local.emulators.pubsub import client, create

SECONDS = 20.0  # deadline of each call


def message(post_id: str = "1", **change: object) -> bytes:
    """Return a message of the topic tweets that fits its schema, unless `change` says otherwise."""
    return json.dumps({"id": post_id, "payload": "{}", "received_at": 1, "source": "stream", **change}).encode()


def publish(host: str, project: str, *data: bytes, topic: str = create.TOPIC, **attributes: str) -> list[str]:
    """Publish, and return the messages' ids."""
    messages = [types.PubsubMessage(data=one, attributes=attributes) for one in data]
    answer = client.publisher(host).publish(
        topic=f"projects/{project}/topics/{topic}", messages=messages, retry=None, timeout=SECONDS
    )
    return list(answer.message_ids)


def pull(host: str, project: str, subscription: str = create.FUNCTION, most: int = 10) -> list[types.ReceivedMessage]:
    """Lease up to `most` messages; they are not acknowledged."""
    path = f"projects/{project}/subscriptions/{subscription}"
    answer = client.subscriber(host).pull(subscription=path, max_messages=most, retry=None, timeout=SECONDS)
    return list(answer.received_messages)


def acknowledge(host: str, project: str, ack_ids: list[str], subscription: str = create.FUNCTION) -> None:
    path = f"projects/{project}/subscriptions/{subscription}"
    client.subscriber(host).acknowledge(subscription=path, ack_ids=ack_ids, retry=None, timeout=SECONDS)


def take_all(host: str, project: str = "local", subscription: str = create.FUNCTION) -> list[types.PubsubMessage]:
    """Pull and acknowledge every waiting message."""
    found = []
    while received := pull(host, project, subscription, most=1_000):
        found += [one.message for one in received]
        acknowledge(host, project, [one.ack_id for one in received], subscription)
        if len(received) < 1_000:
            break
    return found


@dataclass(frozen=True, slots=True)
class Topics:
    """Our topics and subscriptions in one project."""

    host: str
    project: str

    def take_all(self, subscription: str = create.FUNCTION) -> list[types.PubsubMessage]:
        return take_all(self.host, self.project, subscription)
