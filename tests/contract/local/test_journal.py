"""Our broker's unacknowledged messages survive any end of it."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.api_core.exceptions import InvalidArgument, NotFound

from local.emulators.pubsub import client, create
from local.emulators.pubsub.journal import Journal, Owed
from local.processes import Process, wait_until_ready
from tests.support.processes import running
from tests.support.pubsub import acknowledge, message, publish, pull

PROJECT = "journal"


class Broker:
    """The server, which may stop and start again at the same address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = 0
        self.start()
        self.host = f"127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "local.emulators.pubsub.server", "--port", str(self.port)]
        command += ["--data", str(self._folder / "pubsub.journal")]
        self._running = running("pubsub", command, {}, self._folder)
        self.process: Process = self._running.__enter__()
        self.port = wait_until_ready(self.process)

    def end(self, number: signal.Signals) -> None:
        self.process.signal(number)
        assert self.process.wait(20) is not None
        self._running.__exit__(None, None, None)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path)
    create.create(one.host, PROJECT, first_backoff=0.1)
    yield one
    one.end(signal.SIGTERM)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGTERM, id="told to stop", marks=pytest.mark.processes),
    ],
)
def test_what_was_published_and_not_acknowledged_comes_after_a_restart(broker: Broker, number: signal.Signals) -> None:
    ids = publish(broker.host, PROJECT, *(message(str(n)) for n in range(30)), source="stream")
    first = pull(broker.host, PROJECT, most=10)
    acknowledge(broker.host, PROJECT, [one.ack_id for one in first[:7]])  # three more are leased when it ends
    broker.end(number)
    broker.start()
    later = pull(broker.host, PROJECT, most=100)
    assert sorted(int(one.message.message_id) for one in later) == sorted(
        set(map(int, ids)) - {int(one.message.message_id) for one in first[:7]}
    )
    assert {one.message.attributes["source"] for one in later} == {"stream"}
    assert len(pull(broker.host, PROJECT, create.ARCHIVE, most=100)) == 30  # each subscription owes its own
    acknowledge(broker.host, PROJECT, [one.ack_id for one in later])
    broker.end(number)
    broker.start()
    assert pull(broker.host, PROJECT, most=100) == []


@pytest.mark.processes
def test_topics_schema_and_deleted_subscriptions_are_as_they_were(broker: Broker) -> None:
    (before,) = publish(broker.host, PROJECT, message())
    path = f"projects/{PROJECT}/subscriptions/{create.ARCHIVE}"
    client.subscriber(broker.host).delete_subscription(subscription=path, retry=None, timeout=20)
    broker.end(signal.SIGKILL)
    broker.start()
    with pytest.raises(InvalidArgument, match="schema validation"):
        publish(broker.host, PROJECT, b"{}")
    with pytest.raises(NotFound):
        pull(broker.host, PROJECT, create.ARCHIVE)
    (after,) = publish(broker.host, PROJECT, message("2"))
    assert int(after) > int(before)


def copy(key: int) -> Owed:
    return Owed("s", key, b"\x00\xff", {"a": "ä"}, str(key), 1.5)


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    one = Journal(path)
    one.owe([copy(1), copy(2)])
    one.done([1])
    path.write_bytes(path.read_bytes() + b'{"done":[2')
    content = Journal(path).content
    assert content.owed == {2: copy(2)}
    assert (content.last_id, content.last_key) == (2, 2)


def test_reopening_the_journal_drops_acknowledged_messages_but_keeps_the_last_key(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    one = Journal(path)
    one.owe([copy(number) for number in range(1, 500)])
    one.done(list(range(1, 500)))
    size = path.stat().st_size
    content = Journal(path).content
    assert content.owed == {}
    assert content.last_key == 499
    assert path.stat().st_size < size / 100
    assert Journal(path).content.last_key == 499


def test_the_journal_drops_acknowledged_messages_while_it_is_in_use(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    one = Journal(path, grown=20_000)
    for number in range(1, 2_000):
        one.owe([copy(number)])
        if number % 100:
            one.done([number])
        assert path.stat().st_size < 30_000
    content = Journal(path).content
    assert content.owed == {number: copy(number) for number in range(100, 2_000, 100)}
    assert (content.last_id, content.last_key) == (1_999, 1_999)


def test_a_message_for_several_subscriptions_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    one, two = (Owed(name, key, b"x" * 9_000, {}, "1", 1.5) for key, name in enumerate("st", 1))
    Journal(path).owe([one, two])
    assert path.stat().st_size < 13_000
    assert Journal(path).content.owed == {1: one, 2: two}
