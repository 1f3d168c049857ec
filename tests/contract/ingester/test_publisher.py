"""One message that Pub/Sub refuses does not take its batch with it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingester.pubsub.envelope import OutgoingMessage, to_message
from ingester.pubsub.publisher import Publisher
from local.emulators.pubsub import client, create
from posts import limits
from tests.support import processes
from tests.support.brokers import BROKERS


@pytest.fixture(params=BROKERS)
def host(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with processes.pubsub(request.param, tmp_path) as address:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
        create.create(address, "local")
        yield address


def test_the_good_ones_of_a_refused_batch_are_published_and_the_bad_one_is_buried(host: str) -> None:
    publisher = Publisher("projects/local/topics/tweets", "projects/local/topics/tweets-dead")
    for number in range(20):
        publisher.publish(to_message(b"{}", str(number), 1, "stream"))
        if number == 10:
            publisher.publish(OutgoingMessage(b'{"id": 5}', b"what X sent", "stream"))
    assert publisher.drain(30) == 0
    assert (publisher.accepted, publisher.published, publisher.dead) == (21, 20, 1)
    subscriber = client.subscriber(host)
    path = "projects/local/subscriptions/"
    good = subscriber.pull(subscription=path + create.FUNCTION, max_messages=100, timeout=20).received_messages
    assert {json.loads(one.message.data)["id"] for one in good} == {str(number) for number in range(20)}
    (dead,) = subscriber.pull(subscription=path + create.DEAD_REJECTED, max_messages=100, timeout=20).received_messages
    assert (dead.message.data, dead.message.attributes["source"]) == (b"what X sent", "stream")
    assert dead.message.attributes["reason"].startswith("400 ")  # the words are the broker's own


def test_after_a_batch_that_failed_the_next_ones_are_published(host: str) -> None:
    """By itself, Google's client refuses every later message of a topic after a failed batch."""
    publisher = Publisher("projects/local/topics/tweets", "projects/local/topics/tweets-dead")
    for number in range(3):
        publisher.publish(OutgoingMessage(b"no message", b"raw", "stream"))
        assert publisher.drain(30) == 0
        publisher.publish(to_message(b"{}", str(number), 1, "stream"))
        assert publisher.drain(30) == 0
    assert (publisher.published, publisher.dead) == (3, 3)


def test_invalid_post_ids_do_not_break_queries_for_unpublished_or_acknowledged_posts(host: str) -> None:
    publisher = Publisher("projects/local/topics/tweets", "projects/local/topics/tweets-dead")
    for one in ("7", "\u00b2", "", "9" * 20):
        publisher.publish(to_message(b"{}", one, 1, "stream"))
        assert publisher.first_id() in (7, None)
        publisher.has_unpublished(0, 9)
    assert publisher.drain(30) == 0
    assert publisher.acknowledged_ids(0, limits.HIGHEST_ID) == {"7"}
