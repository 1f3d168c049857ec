"""The ingester as a process, between a scripted X and a real Pub/Sub: it publishes what it takes, and it ends well."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from local.emulators.pubsub import create
from local.processes import Process
from tests.support.fakes import x as fakes
from tests.support.fakes.x import FakeX, Start, Wire, ids, post, stream
from tests.support.pubsub import Topics
from tests.support.waiting import eventually

pytestmark = pytest.mark.process_per_case


@pytest.mark.quick
def test_every_post_is_published_byte_for_byte_and_sigterm_ends_with_0(x: FakeX, pubsub: Topics, start: Start) -> None:
    x.scripts = [stream(*(post(number) for number in range(500)))]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 500)
    process.signal(signal.SIGTERM)
    assert process.wait(10) == 0
    messages = pubsub.take_all()
    assert sorted(json.loads(message.data)["payload"] for message in messages) == sorted(
        post(n).decode() for n in range(500)
    )
    assert {message.attributes["source"] for message in messages} == {"stream"}
    assert "a-token-that-must-not-be-seen" not in process.log.read_text()
    (request,) = [line for line in x.requests if "/search/stream?" in line]
    assert "tweet.fields=" in request
    assert "expansions=" in request


def test_sigterm_in_the_middle_of_the_stream_loses_nothing_that_was_taken(
    x: FakeX, pubsub: Topics, start: Start
) -> None:
    def endless(wire: Wire) -> None:
        for number in range(1_000_000):
            wire.send(post(number) + b"\r\n")
            wire.pause(0.0005)

    x.scripts = [stream(then=endless)]
    process = start()
    assert eventually(lambda: process.totals.get("published", 0) > 200)
    process.signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert process.totals["received"] == process.totals["published"] == len(pubsub.take_all())


def announce(wire: Wire) -> None:
    wire.send(b'{"errors":[{"disconnect_type":"ForceDisconnect"}]}\r\n')
    wire.hold()


@pytest.mark.parametrize(
    ("then", "told"),
    [
        (Wire.end, "X closed the connection"),
        (Wire.reset, "refused, or cut"),
        (announce, "ForceDisconnect"),
    ],
    ids=["clean close", "reset", "told, and then X does not close"],
)
def test_a_connection_that_ends_is_followed_by_another(
    x: FakeX, pubsub: Topics, start: Start, then: Callable[[Wire], None], told: str
) -> None:
    x.scripts = [stream(post(1), then=then), stream(post(2))]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 2)
    assert ids(pubsub) == ["1", "2"]
    assert x.connections == 2
    assert told in process.log.read_text()


def test_a_clean_close_again_and_again_does_not_spin(x: FakeX, pubsub: Topics, start: Start) -> None:
    """tweepy by itself makes some 700 connections a second here. Ours waits 0, 1/4, 1/2, 1, 2, ... seconds."""
    x.scripts = [stream(b"", then=Wire.end)]
    process = start()
    assert eventually(lambda: "waiting" in process.events)  # a wait of a second or more is told
    assert x.connections <= 5
    assert eventually(lambda: x.connections >= 5), "and it goes on"


def test_a_post_cut_by_the_end_of_the_stream_is_passed_on_for_the_function_to_reject(
    x: FakeX, pubsub: Topics, start: Start
) -> None:
    def cut(wire: Wire) -> None:
        wire.send(b'{"data":{"id":"2","te')
        wire.end()

    x.scripts = [stream(post(1), then=cut), stream(post(3))]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 3)
    assert [
        json.loads(message.data)["payload"] for message in pubsub.take_all() if not json.loads(message.data)["id"]
    ] == ['{"data":{"id":"2","te']


def test_a_line_split_over_many_chunks_is_one_post(x: FakeX, pubsub: Topics, start: Start) -> None:
    def bytewise(wire: Wire) -> None:
        for byte in post(1) + b"\r\n\r\n" + post(2) + b"\r\n":
            wire.send(bytes([byte]))
        wire.hold()

    x.scripts = [stream(then=bytewise)]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 2)
    assert sorted(json.loads(message.data)["payload"] for message in pubsub.take_all()) == [
        post(1).decode(),
        post(2).decode(),
    ]


@pytest.mark.quick
def test_posts_already_sent_when_the_limit_is_reached_are_published_and_counted(
    x: FakeX, pubsub: Topics, start: Start
) -> None:
    """X bills what it has written, so 50 posts that came in one segment with the last allowed one are not thrown away."""

    def segment(wire: Wire) -> None:
        lines = [post(number) + b"\r\n" for number in range(60)]
        wire.send(b"".join(lines[:-1]) + lines[-1][:20])
        wire.pause(0.02)
        wire.send(lines[-1][20:])
        wire.hold()

    x.scripts = [stream(then=segment)]
    process = start(MAX_POSTS_PER_DAY="10", MAX_POSTS_PER_MONTH="0")
    assert process.wait(20) == 0
    assert len(set(ids(pubsub))) == 60
    assert process.totals["received"] == process.totals["published"] == 60
    assert process.totals["billed_today"] >= 60
    assert x.connections == 1


def test_a_stream_that_never_pauses_is_closed_once_the_limit_is_reached(x: FakeX, pubsub: Topics, start: Start) -> None:
    def endless(wire: Wire) -> None:
        for number in range(1_000_000):
            wire.send(post(number) + b"\r\n")

    x.scripts = [stream(then=endless)]
    process = start("--posts", "10")
    assert process.wait(20) == 0
    assert process.totals["received"] == process.totals["published"] >= 10
    assert "--posts is reached" in process.log.read_text()


def test_a_password_in_netrc_does_not_replace_the_token(x: FakeX, pubsub: Topics, start: Start, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("default login somebody password secret\n")
    x.scripts = [stream(post(1))]
    process = start(HOME=str(tmp_path), NETRC=str(tmp_path / ".netrc"))
    assert eventually(lambda: process.totals.get("published") == 1)
    assert any("/rules" in request for request in x.requests)
    given = {line for head in x.headers for line in head.split("\r\n") if line.lower().startswith("authorization:")}
    assert given == {"Authorization: Bearer a-token-that-must-not-be-seen"}


def test_no_proxy_holds_for_the_stream_as_for_other_calls(x: FakeX, pubsub: Topics, start: Start, nobody: str) -> None:
    x.scripts = [stream(post(1))]
    process = start(
        HTTP_PROXY=nobody, HTTPS_PROXY=nobody, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1", http_proxy=nobody
    )
    assert eventually(lambda: process.totals.get("published") == 1)


@pytest.mark.slow
def test_a_redirect_is_not_followed_with_the_token(x: FakeX, pubsub: Topics, start: Start) -> None:
    with fakes.serve() as other:
        other.scripts = [stream(post(2))]
        x.scripts = [
            lambda wire: wire.answer(302, {}, Location=f"{other.url}/2/tweets/search/stream?x=1"),
            stream(post(1)),
        ]
        process = start()
        assert eventually(lambda: process.totals.get("published") == 1)
        assert other.requests == []
    assert x.connections == 2


@pytest.mark.slow
def test_a_page_with_status_200_is_no_stream(x: FakeX, pubsub: Topics, start: Start) -> None:
    """A portal's page, or a proxy's. Without the check each of its lines would be published."""
    x.scripts = [lambda wire: wire.page("<html>\r\n<body>\r\nLog in\r\n</body>\r\n</html>\r\n"), stream(post(1))]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 1)
    assert ids(pubsub) == ["1"]
    assert "HTTP 502" in process.log.read_text()


def test_an_error_about_a_referenced_post_ends_nothing(x: FakeX, pubsub: Topics, start: Start) -> None:
    problem = b'{"errors":[{"title":"Not Found Error","type":"https://api.twitter.com/2/problems/resource-not-found"}]}'
    x.scripts = [stream(post(1), problem, post(2))]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 3)
    assert x.connections == 1


def test_bytes_that_are_no_text_go_to_the_dead_topic_with_the_reason(x: FakeX, pubsub: Topics, start: Start) -> None:
    x.scripts = [stream(b'{"data":"\xff"}', post(1))]
    process = start()
    assert eventually(lambda: (process.totals.get("published"), process.totals.get("dead")) == (1, 1))
    (dead,) = pubsub.take_all(create.DEAD_REJECTED)
    assert (dead.data, dead.attributes["source"]) == (b'{"data":"\xff"}', "stream")
    assert "not UTF-8" in dead.attributes["reason"]


def test_without_rules_it_installs_ours_and_connects(x: FakeX, pubsub: Topics, start: Start) -> None:
    x.scripts = [lambda wire: wire.answer(409, {"connection_issue": "RuleConfigurationIssue"}), stream(post(1))]
    bodies: list[str] = []

    def rules(wire: Wire, body: str) -> None:
        bodies.append(body)
        wire.answer(201, {"meta": {"summary": {"created": 1}}})

    x.rules = rules
    process = start()
    assert eventually(lambda: process.totals.get("published") == 1)
    assert "artist-music" in next(body for body in bodies if body)


def test_a_rule_that_x_refuses_ends_with_its_words(x: FakeX, pubsub: Topics, start: Start) -> None:
    x.scripts = [lambda wire: wire.answer(409, {"connection_issue": "RuleConfigurationIssue"})]
    problem = {"value": "x", "details": ["no viable alternative"], "title": "UnprocessableEntity"}
    x.rules = lambda wire, body: wire.answer(200, {"meta": {"summary": {"created": 0}}, "errors": [problem]})
    process = start()
    assert process.wait(30) == 3
    assert "no viable alternative" in process.complaint


# A token is tried twice, because X has been seen to refuse a good one.
REFUSALS = {401: ("does not take the bearer token", 2), 402: ("no credits left", 1), 403: ("filtered stream", 1)}


@pytest.mark.parametrize("status", REFUSALS)
def test_a_permanent_refusal_by_x_exits_with_3(x: FakeX, pubsub: Topics, start: Start, status: int) -> None:
    words, calls = REFUSALS[status]
    x.scripts = [lambda wire: wire.answer(status, {"title": "No", "type": "about:blank"})]
    process = start()
    assert process.wait(30) == 3
    assert x.connections == calls
    assert words in process.complaint
    assert "Traceback" not in process.log.read_text()


def test_a_topic_that_is_not_there_ends_with_4_and_says_so(x: FakeX, start: Start) -> None:
    """An exception in the handler must end the process. tweepy would log it and return as if all were well."""

    def one_more(wire: Wire) -> None:
        wire.pause(3)
        wire.send(post(11) + b"\r\n")
        wire.hold()

    x.scripts = [stream(*(post(number) for number in range(10)), then=one_more)]
    process = start()
    assert process.wait(30) == 4
    assert "Does the topic exist" in process.complaint


def test_pub_sub_that_stops_for_a_while_costs_no_post(x: FakeX, pubsub: Topics, broker: Process, start: Start) -> None:
    def more(wire: Wire) -> None:
        broker.signal(signal.SIGSTOP)
        wire.send(b"".join(post(number) + b"\r\n" for number in range(100, 300)))
        wire.pause(2)
        broker.signal(signal.SIGCONT)
        wire.hold()

    x.scripts = [stream(*(post(number) for number in range(100)), then=more)]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 300, 40)
    assert set(ids(pubsub)) == {str(number) for number in range(300)}


def test_a_second_signal_during_shutdown_loses_no_received_post(
    x: FakeX, pubsub: Topics, broker: Process, start: Start
) -> None:
    def more(wire: Wire) -> None:
        broker.signal(signal.SIGSTOP)
        wire.send(b"".join(post(number) + b"\r\n" for number in range(100, 150)))
        wire.hold()

    x.scripts = [stream(*(post(number) for number in range(100)), then=more)]
    process = start()
    try:
        assert eventually(lambda: process.totals.get("received") == 150, 30)
        process.signal(signal.SIGTERM)
        assert eventually(lambda: "stopping" in process.events)
        for number in (signal.SIGTERM, signal.SIGINT):
            process.signal(number)
    finally:
        broker.signal(signal.SIGCONT)
    assert process.wait(10) == 0
    assert set(ids(pubsub)) == {str(number) for number in range(150)}
