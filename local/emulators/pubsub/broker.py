"""What Pub/Sub does with messages, without a network. Time is passed in as `now`, in seconds.

Delivery is at least once: a message stays until it is acknowledged. One that is nacked, or not acknowledged within the ack deadline,
comes again after a back-off that doubles between the two limits of the retry policy. After `max_attempts` deliveries it goes to the
dead-letter topic instead.
"""

import heapq
import itertools
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .filters import Filter
from .journal import Journal, Owed

_LATEST = 2.0  # seconds by which a message may be late, where messages come out of order


class NotFound(Exception):
    """There is no topic or subscription of that name."""


class AlreadyExists(Exception):
    """There is one of that name already."""


@dataclass(frozen=True, slots=True)
class Message:
    """A published message; `publish_time` is in seconds since 1970."""

    data: bytes
    attributes: dict[str, str]
    message_id: str
    publish_time: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Where a message goes after so many deliveries."""

    topic: str
    max_attempts: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One lease of a message; `attempt` counts from 1."""

    ack_id: str
    message: Message
    attempt: int


@dataclass(slots=True)
class Subscription:
    """A subscription's settings, and the messages that have not been acknowledged."""

    name: str
    topic: str
    lets_through: Filter
    ack_deadline: float = 10.0  # seconds
    backoff: tuple[float, float] = (0.0, 0.0)  # seconds: first, longest
    dead_letter: DeadLetter | None = None
    # heap of (when, order, key of this copy, message, attempts so far)
    due: list[tuple[float, int, int, Message, int]] = field(default_factory=list)
    # ack id: (until, key, message, attempt)
    leased: dict[str, tuple[float, int, Message, int]] = field(default_factory=dict)

    @property
    def owed(self) -> int:
        return len(self.due) + len(self.leased)


class Broker:
    """Topics and subscriptions by full name."""

    def __init__(self, *, deliver_twice: bool = False, shuffle: bool = False, journal: Journal | None = None) -> None:
        self._subscriptions: dict[str, Subscription] = {}
        self._topics: dict[str, list[Subscription]] = {}
        self._journal = journal or Journal()
        self._ids = itertools.count(self._journal.content.last_id + 1)
        self._keys = itertools.count(self._journal.content.last_key + 1)
        self._order = itertools.count()
        self._deliver_twice = deliver_twice
        self._late = random.Random(1).uniform if shuffle else None

    def restore(self, now: float) -> None:
        """Make everything due that the journal has as unacknowledged. Attempts are counted anew."""
        for owed in self._journal.content.owed.values():
            if owed.subscription in self._subscriptions:
                message = Message(owed.data, owed.attributes, owed.message_id, owed.publish_time)
                self._owe(self._subscriptions[owed.subscription], owed.key, message, now, attempts=0)

    def create_topic(self, name: str) -> None:
        if name in self._topics:
            raise AlreadyExists(name)
        self._topics[name] = []

    def has_topic(self, name: str) -> bool:
        return name in self._topics

    def create_subscription(self, subscription: Subscription) -> None:
        if subscription.name in self._subscriptions:
            raise AlreadyExists(subscription.name)
        if subscription.topic not in self._topics:
            raise NotFound(subscription.topic)
        if subscription.dead_letter and subscription.dead_letter.topic not in self._topics:
            raise NotFound(subscription.dead_letter.topic)
        self._subscriptions[subscription.name] = subscription
        self._topics[subscription.topic].append(subscription)

    def delete_subscription(self, name: str) -> None:
        subscription = self._subscription(name)
        del self._subscriptions[name]
        self._topics[subscription.topic].remove(subscription)

    def publish(self, topic: str, messages: list[tuple[bytes, dict[str, str]]], now: float) -> list[str]:
        """Return the messages' ids, in order. A topic without subscriptions keeps nothing, as in the cloud."""
        if topic not in self._topics:
            raise NotFound(topic)
        published = [Message(data, attributes, str(next(self._ids)), now) for data, attributes in messages]
        copies = [
            (subscription, next(self._keys), message)
            for message in published
            for subscription in self._topics[topic]
            if subscription.lets_through(message.attributes)
            for _ in range(2 if self._deliver_twice else 1)
        ]
        self._journal.owe(
            [Owed(s.name, key, m.data, m.attributes, m.message_id, m.publish_time) for s, key, m in copies]
        )
        for subscription, key, message in copies:
            late = self._late(0.0, _LATEST) if self._late else 0.0
            self._owe(subscription, key, message, now + late, attempts=0)
        return [message.message_id for message in published]

    def pull(self, name: str, most: int, now: float) -> list[Delivery]:
        """Lease up to `most` messages that are due."""
        subscription = self._subscription(name)
        self._expire(subscription, now)
        deliveries: list[Delivery] = []
        while subscription.due and subscription.due[0][0] <= now and len(deliveries) < most:
            _, order, key, message, attempts = heapq.heappop(subscription.due)
            ack_id = f"{message.message_id}-{order}-{attempts + 1}"
            subscription.leased[ack_id] = (now + subscription.ack_deadline, key, message, attempts + 1)
            deliveries.append(Delivery(ack_id, message, attempts + 1))
        return deliveries

    def acknowledge(self, name: str, ack_ids: list[str]) -> None:
        """Remove messages. An ack id whose deadline has passed is ignored, as in the cloud: the message comes again."""
        subscription = self._subscription(name)
        leases = [subscription.leased.pop(ack_id) for ack_id in ack_ids if ack_id in subscription.leased]
        self._journal.done([key for _, key, _, _ in leases])

    def modify_ack_deadline(self, name: str, ack_ids: list[str], seconds: float, now: float) -> None:
        """Set another deadline; 0 seconds is a nack."""
        subscription = self._subscription(name)
        for ack_id in ack_ids:
            if ack_id not in subscription.leased:
                continue
            _, key, message, attempt = subscription.leased[ack_id]
            if seconds > 0:
                subscription.leased[ack_id] = (now + seconds, key, message, attempt)
            else:
                del subscription.leased[ack_id]
                self._redeliver(subscription, key, message, attempt, now)

    def backlog(self, name: str) -> int:
        """Return how many messages the subscription has not had acknowledged."""
        return self._subscription(name).owed

    def owed(self) -> int:
        """Return how many messages all subscriptions together have not had acknowledged."""
        return sum(subscription.owed for subscription in self._subscriptions.values())

    def _subscription(self, name: str) -> Subscription:
        try:
            return self._subscriptions[name]
        except KeyError:
            raise NotFound(name) from None

    def _expire(self, subscription: Subscription, now: float) -> None:
        for ack_id in [a for a, (until, _, _, _) in subscription.leased.items() if until <= now]:
            _, key, message, attempt = subscription.leased.pop(ack_id)
            self._redeliver(subscription, key, message, attempt, now)

    def _redeliver(self, subscription: Subscription, key: int, message: Message, attempt: int, now: float) -> None:
        dead = subscription.dead_letter
        if dead is not None and attempt >= dead.max_attempts:
            self.publish(
                dead.topic,
                [(message.data, message.attributes | _dead_letter_attributes(subscription, message, attempt))],
                now,
            )
            self._journal.done([key])
            return
        first, longest = subscription.backoff
        self._owe(subscription, key, message, now + min(longest, first * 2 ** min(attempt - 1, 30)), attempts=attempt)

    def _owe(self, subscription: Subscription, key: int, message: Message, when: float, *, attempts: int) -> None:
        heapq.heappush(subscription.due, (when, next(self._order), key, message, attempts))


def _dead_letter_attributes(subscription: Subscription, message: Message, attempt: int) -> dict[str, str]:
    """Return the attributes that Pub/Sub adds to a dead letter."""
    _, project, _, name = subscription.name.split("/")
    return {
        "CloudPubSubDeadLetterSourceDeliveryCount": str(attempt),
        "CloudPubSubDeadLetterSourceSubscription": name,
        "CloudPubSubDeadLetterSourceSubscriptionProject": project,
        "CloudPubSubDeadLetterSourceTopicPublishTime": datetime.fromtimestamp(message.publish_time, UTC).isoformat(),
    }
