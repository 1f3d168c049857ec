"""What Pub/Sub does with messages, in simulated time."""

import pytest

from local.emulators.pubsub.broker import AlreadyExists, Broker, DeadLetter, NotFound, Subscription
from local.emulators.pubsub.filters import parse

TOPIC, DEAD, SUB = "projects/p/topics/t", "projects/p/topics/dead", "projects/p/subscriptions/s"


def broker(*, deliver_twice: bool = False, **settings: object) -> Broker:
    made = Broker(deliver_twice=deliver_twice)
    made.create_topic(TOPIC)
    made.create_topic(DEAD)
    made.create_subscription(Subscription(SUB, TOPIC, parse(""), **settings))  # type: ignore[arg-type]
    made.create_subscription(Subscription("projects/p/subscriptions/dead", DEAD, parse("")))
    return made


def publish(made: Broker, *texts: bytes, now: float = 0) -> list[str]:
    return made.publish(TOPIC, [(text, {}) for text in texts], now)


def pulled(made: Broker, now: float, most: int = 100) -> list[tuple[bytes, int]]:
    return [(delivery.message.data, delivery.attempt) for delivery in made.pull(SUB, most, now)]


def test_messages_come_in_order_and_are_gone_once_acknowledged() -> None:
    made = broker()
    publish(made, b"a", b"b", b"c")
    first = made.pull(SUB, 2, 0)
    assert [delivery.message.data for delivery in first] == [b"a", b"b"]
    made.acknowledge(SUB, [delivery.ack_id for delivery in first])
    assert pulled(made, 0) == [(b"c", 1)]
    assert made.backlog(SUB) == 1


def test_what_is_not_acknowledged_in_time_comes_again() -> None:
    made = broker(ack_deadline=10)
    publish(made, b"a")
    assert pulled(made, 0) == [(b"a", 1)]
    assert pulled(made, 9.9) == []
    assert pulled(made, 10) == [(b"a", 2)]


def test_a_late_acknowledgement_does_not_stop_the_second_delivery() -> None:
    made = broker(ack_deadline=10)
    publish(made, b"a")
    (late,) = made.pull(SUB, 1, 0)
    (second,) = made.pull(SUB, 1, 10)
    made.acknowledge(SUB, [late.ack_id])
    assert made.backlog(SUB) == 1
    made.acknowledge(SUB, [second.ack_id])
    assert made.backlog(SUB) == 0


def test_the_ack_deadline_can_be_extended() -> None:
    made = broker(ack_deadline=10)
    publish(made, b"a")
    (delivery,) = made.pull(SUB, 1, 0)
    made.modify_ack_deadline(SUB, [delivery.ack_id], 60, 5)
    assert pulled(made, 64) == []
    assert pulled(made, 65) == [(b"a", 2)]


def test_a_nack_comes_again_after_a_back_off_that_doubles_up_to_its_end() -> None:
    made = broker(backoff=(1, 5))
    publish(made, b"a")
    now, waits = 0.0, []
    for _ in range(5):
        (delivery,) = made.pull(SUB, 1, now)
        made.modify_ack_deadline(SUB, [delivery.ack_id], 0, now)
        wait = next(
            w for w in (1, 2, 4, 5) if pulled(made, now + w - 0.01) == [] and made.backlog(SUB) and _due(made, now + w)
        )
        waits.append(wait)
        now += wait
    assert waits == [1, 2, 4, 5, 5]


def _due(made: Broker, now: float) -> bool:
    subscription = made._subscription(SUB)
    return bool(subscription.due) and subscription.due[0][0] <= now


def test_after_so_many_deliveries_a_message_goes_to_the_dead_letter_topic() -> None:
    made = broker(dead_letter=DeadLetter(DEAD, 3), ack_deadline=10)
    made.publish(TOPIC, [(b"a", {"source": "stream"})], 0)
    assert [pulled(made, now) for now in (0, 10, 20, 30)] == [[(b"a", 1)], [(b"a", 2)], [(b"a", 3)], []]
    assert made.backlog(SUB) == 0
    (dead,) = made.pull("projects/p/subscriptions/dead", 1, 30)
    assert (dead.message.data, dead.message.attributes) == (
        b"a",
        {
            "source": "stream",
            "CloudPubSubDeadLetterSourceDeliveryCount": "3",
            "CloudPubSubDeadLetterSourceSubscription": "s",
            "CloudPubSubDeadLetterSourceSubscriptionProject": "p",
            "CloudPubSubDeadLetterSourceTopicPublishTime": "1970-01-01T00:00:00+00:00",
        },
    )


def test_a_subscription_gets_what_its_filter_lets_through_and_only_what_comes_after_it() -> None:
    made = broker()
    publish(made, b"before")
    made.create_subscription(Subscription("projects/p/subscriptions/f", TOPIC, parse('attributes.source = "stream"')))
    made.publish(TOPIC, [(b"a", {"source": "stream"}), (b"b", {"source": "archive"})], 0)
    assert [d.message.data for d in made.pull("projects/p/subscriptions/f", 10, 0)] == [b"a"]


def test_told_to_it_delivers_every_message_twice() -> None:
    made = broker(deliver_twice=True)
    publish(made, b"a")
    assert pulled(made, 0) == [(b"a", 1), (b"a", 1)]


def test_names_that_are_taken_or_unknown() -> None:
    made = broker()
    with pytest.raises(AlreadyExists):
        made.create_topic(TOPIC)
    with pytest.raises(NotFound):
        made.publish("projects/p/topics/none", [], 0)
    with pytest.raises(NotFound):
        made.pull("projects/p/subscriptions/none", 1, 0)
    with pytest.raises(NotFound):
        made.create_subscription(Subscription("projects/p/subscriptions/x", "projects/p/topics/none", parse("")))
