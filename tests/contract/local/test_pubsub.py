"""The same contract for our broker and, where it is installed, Google's emulator."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from google.api_core.exceptions import AlreadyExists, InvalidArgument, MethodNotImplemented, NotFound
from google.pubsub_v1 import types

from local.emulators.pubsub import client, create, emulator
from local.processes import Process
from tests.support import processes
from tests.support.brokers import BROKERS
from tests.support.pubsub import message, publish, pull
from tests.support.waiting import eventually


@pytest.fixture(scope="module", params=BROKERS)
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with processes.pubsub(request.param, tmp_path_factory.mktemp("pubsub")) as address:
        yield address


@pytest.fixture
def project(host: str) -> str:
    """A project of the test's own, with our schema, topics and subscriptions."""
    name = f"p{uuid.uuid4().hex[:8]}"
    create.create(host, name, first_backoff=0.1)
    return name


def test_a_message_comes_as_it_was_published(host: str, project: str) -> None:
    (message_id,) = publish(host, project, message(), source="stream")
    (received,) = pull(host, project)
    assert (received.message.data, received.message.message_id, received.delivery_attempt) == (message(), message_id, 1)
    assert received.message.attributes["source"] == "stream"
    assert received.message.attributes["googclient_schemaencoding"] == "JSON"


@pytest.mark.parametrize(
    "bad",
    [b"", b"not json", message(id=5), message(payload=None), b'{"id": "1"}', message(received_at="x")],
    ids=["empty", "no json", "id is a number", "payload is null", "fields are missing", "time is a string"],
)
def test_what_the_schema_refuses_is_refused_with_its_whole_batch(host: str, project: str, bad: bytes) -> None:
    with pytest.raises(InvalidArgument):
        publish(host, project, message("1"), bad, message("2"), source="stream")
    publish(host, project, message("3"))
    assert [json.loads(received.message.data)["id"] for received in pull(host, project)] == ["3"]


def test_extra_fields_pass(host: str, project: str) -> None:
    assert publish(host, project, message(more=1))


def test_the_dead_topic_takes_anything(host: str, project: str) -> None:
    publish(host, project, b"\xff\x00", topic=create.DEAD_TOPIC, reason="not UTF-8")
    (received,) = pull(host, project, create.DEAD_REJECTED)
    assert (received.message.data, dict(received.message.attributes)) == (b"\xff\x00", {"reason": "not UTF-8"})


def test_an_acknowledged_message_is_gone_and_a_nacked_one_comes_again(host: str, project: str) -> None:
    publish(host, project, message("1"), message("2"))
    subscriber, path = client.subscriber(host), f"projects/{project}/subscriptions/{create.FUNCTION}"
    received = {json.loads(one.message.data)["id"]: one.ack_id for one in pull(host, project)}
    subscriber.acknowledge(subscription=path, ack_ids=[received["1"]])
    subscriber.modify_ack_deadline(subscription=path, ack_ids=[received["2"]], ack_deadline_seconds=0)
    again: list[types.ReceivedMessage] = []

    def came_again() -> bool:
        again.extend(pull(host, project))
        return bool(again)

    assert eventually(came_again)
    assert [(json.loads(one.message.data)["id"], one.delivery_attempt) for one in again] == [("2", 2)]


def test_a_message_that_is_never_acknowledged_dead_letters_with_its_history(host: str, project: str) -> None:
    base, subscriber = f"projects/{project}", client.subscriber(host)
    policy = types.DeadLetterPolicy(dead_letter_topic=f"{base}/topics/{create.DEAD_TOPIC}", max_delivery_attempts=5)
    path = f"{base}/subscriptions/poison"
    subscriber.create_subscription(
        types.Subscription(name=path, topic=f"{base}/topics/{create.TOPIC}", dead_letter_policy=policy)
    )
    publish(host, project, message())
    buried: list[types.ReceivedMessage] = []

    def refuse_and_look() -> bool:
        ids = [one.ack_id for one in pull(host, project, "poison")]
        if ids:
            subscriber.modify_ack_deadline(subscription=path, ack_ids=ids, ack_deadline_seconds=0)
            return False
        buried.extend(pull(host, project, create.DEAD_REJECTED))
        return bool(buried)

    assert eventually(refuse_and_look, 60)
    assert buried[0].message.data == message()
    assert buried[0].message.attributes["CloudPubSubDeadLetterSourceDeliveryCount"] == "5"
    assert buried[0].message.attributes["CloudPubSubDeadLetterSourceSubscription"] == "poison"


def test_creating_again_changes_nothing_and_unknown_names_are_told(host: str, project: str) -> None:
    create.create(host, project)
    with pytest.raises(AlreadyExists):
        client.publisher(host).create_topic(name=f"projects/{project}/topics/{create.TOPIC}")
    with pytest.raises(NotFound):
        publish(host, project, message(), topic="nowhere")
    with pytest.raises(NotFound):
        pull(host, project, "nowhere")


# Google's emulator ignores filters, as its documentation says
@pytest.mark.parametrize("host", ["embedded"], indirect=True)
def test_replays_are_not_archived_again(host: str, project: str) -> None:
    publish(host, project, message("1"), source="stream")
    publish(host, project, message("2"), source="archive")
    publish(host, project, message("3"), source="rejected")
    assert [json.loads(one.message.data)["id"] for one in pull(host, project, create.ARCHIVE)] == ["1"]
    assert len(pull(host, project)) == 3


def test_a_missing_java_or_gcloud_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(emulator.NotInstalled, match=r"no 'java' on the PATH.*leave --pubsub emulator out"):
        emulator.command(1)
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\n")
    java.chmod(0o755)
    with pytest.raises(emulator.NotInstalled, match="no 'gcloud' on the PATH"):
        emulator.command(1)


NOT_DONE = {
    "ordered delivery": {"enable_message_ordering": True},
    "exactly-once delivery": {"enable_exactly_once_delivery": True},
    "push subscriptions": {"push_config": {"push_endpoint": "https://example.com/"}},
    "BigQuery subscriptions": {"bigquery_config": {"table": "p.d.t"}},
}


@pytest.mark.parametrize(("what", "settings"), NOT_DONE.items(), ids=NOT_DONE.keys())
def test_our_broker_refuses_what_it_would_only_pretend_to_do(
    broker: Process, what: str, settings: dict[str, object]
) -> None:
    host, name = f"127.0.0.1:{broker.port}", f"p{uuid.uuid4().hex[:8]}"
    create.create(host, name)
    wanted = types.Subscription(
        name=f"projects/{name}/subscriptions/other", topic=f"projects/{name}/topics/{create.TOPIC}", **settings
    )
    with pytest.raises(MethodNotImplemented, match=f"does not do {what}"):
        client.subscriber(host).create_subscription(request=wanted, retry=None, timeout=10)


def test_our_broker_refuses_a_streaming_pull_in_words(broker: Process) -> None:
    host, name = f"127.0.0.1:{broker.port}", f"p{uuid.uuid4().hex[:8]}"
    create.create(host, name)
    path = f"projects/{name}/subscriptions/{create.FUNCTION}"
    asked = iter([types.StreamingPullRequest(subscription=path, stream_ack_deadline_seconds=10)])
    with pytest.raises(MethodNotImplemented, match=r"Use SubscriberClient\.pull"):
        list(client.subscriber(host).streaming_pull(requests=asked, timeout=10))


NOT_OFFERED: dict[str, Callable[[str], object]] = {
    "ListTopics": lambda host: client.publisher(host).list_topics(project="projects/p", retry=None, timeout=10),
    "DeleteTopic": lambda host: client.publisher(host).delete_topic(
        topic="projects/p/topics/t", retry=None, timeout=10
    ),
    "Seek": lambda host: client.subscriber(host).seek(
        request={"subscription": "projects/p/subscriptions/s"}, retry=None, timeout=10
    ),
    "GetSchema": lambda host: client.schemas(host).get_schema(name="projects/p/schemas/s", retry=None, timeout=10),
}


@pytest.mark.parametrize(("name", "call"), NOT_OFFERED.items(), ids=NOT_OFFERED.keys())
def test_our_broker_refuses_every_other_call_with_a_sentence(
    broker: Process, name: str, call: Callable[[str], object]
) -> None:
    with pytest.raises(MethodNotImplemented, match=f"does not do {name}. Use Google's emulator"):
        call(f"127.0.0.1:{broker.port}")
