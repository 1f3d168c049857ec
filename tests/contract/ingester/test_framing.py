"""What X, or somebody's proxy, may do with framing, redirects, headers and bodies: the stream's bytes on real sockets."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from tests.support import tls
from tests.support.fakes import x as fakes
from tests.support.fakes.x import FakeX, Start, Wire, ids, post, stream
from tests.support.pubsub import Topics
from tests.support.waiting import eventually

pytestmark = pytest.mark.process_per_case

KEEP_ALIVE = b"\r\n"


def unframed(version: bytes, *headers: bytes) -> fakes.Script:
    """Send a body that ends with the connection, as a proxy does. Each post waits until the one before is published."""

    def script(wire: Wire) -> None:
        wire.say(b"\r\n".join([version + b" 200 OK", b"Content-Type: application/json", *headers, b"", b""]))
        for number in range(3):
            wire.say(post(number) + b"\r\n")
            wire.pause(0.3)
        wire.hold()

    return script


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(unframed(b"HTTP/1.1", b"Connection: close"), id="Connection: close", marks=pytest.mark.slow),
        pytest.param(unframed(b"HTTP/1.0"), id="HTTP/1.0"),
    ],
)
def test_a_post_is_published_at_once_whatever_the_framing(
    x: FakeX, pubsub: Topics, start: Start, script: fakes.Script
) -> None:
    """A reader that waits for 64 kB would wait for minutes at a post every two seconds, while the stream counts as held."""
    x.scripts = [script]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 3)
    assert ids(pubsub) == ["0", "1", "2"]
    assert x.connections == 1


def test_a_redirect_within_the_host_is_followed_once_and_an_ending_makes_one_connect(
    x: FakeX, pubsub: Topics, start: Start
) -> None:
    def elsewhere(wire: Wire) -> None:
        wire.answer(307, {}, Location="/2/tweets/search/stream?again=1")

    x.scripts = [elsewhere, stream(post(1), then=Wire.end), stream(post(2))]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 2)
    assert ids(pubsub) == ["1", "2"]
    assert x.connections == 3, "the redirect, what it led to, and the reconnect"


def test_a_redirect_to_another_host_is_refused_in_words_that_name_it(x: FakeX, pubsub: Topics, start: Start) -> None:
    x.scripts = [lambda wire: wire.answer(302, {}, Location="https://login.example.com/"), stream(post(1))]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 1)
    assert "a redirect to login.example.com, which is not followed with the token" in process.log.read_text()


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "99999999999"},
        {"x_rate_limit_reset": str(int(time.time() + 86_400)), "x_rate_limit_remaining": "0"},
    ],
    ids=["Retry-After of 3,000 years", "a reset tomorrow"],
)
def test_a_wait_beyond_x_s_own_window_is_a_stop_with_words(
    x: FakeX, pubsub: Topics, start: Start, headers: dict[str, str]
) -> None:
    x.scripts = [lambda wire: wire.answer(429, {"title": "Too Many Requests"}, **headers)]
    process = start()
    assert process.wait(30) == 3
    assert "X asks not to be called for" in process.complaint
    *_, event, sentence = process.log.read_text().splitlines()
    assert (event[0], event[-1]) == ("{", "}"), "what stderr says is not within a line of JSON"
    assert sentence.startswith("ingester: X asks not to be called for")
    assert x.connections == 1


def test_a_reset_in_milliseconds_is_read_as_one(x: FakeX, pubsub: Topics, start: Start) -> None:
    def answer(wire: Wire) -> None:
        soon = f"{int(time.time()) + 2}000"
        wire.answer(429, {"title": "Too Many Requests"}, x_rate_limit_reset=soon, x_rate_limit_remaining="0")

    x.scripts = [answer, stream(post(1))]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 1, 30)


def empty(wire: Wire) -> None:
    wire.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def unnamed_page(wire: Wire) -> None:
    """A page without a Content-Type."""
    wire.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>\r\n<body>\r\nLog in\r\n</body>\r\n</html>\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(empty, id="200 and nothing"),
        pytest.param(unnamed_page, id="a page without a type", marks=pytest.mark.slow),
    ],
)
def test_not_every_200_is_a_stream(x: FakeX, pubsub: Topics, start: Start, answer: Callable[[Wire], None]) -> None:
    x.scripts = [answer, stream(post(1))]
    process = start("--rules", "ingester/rules.yaml")
    assert eventually(lambda: process.totals.get("published") == 1, 30)
    assert ids(pubsub) == ["1"]
    assert process.totals["connections"] == 1, "it was never held before"


def test_a_line_of_spaces_and_a_byte_order_mark_are_no_messages(x: FakeX, pubsub: Topics, start: Start) -> None:
    x.scripts = [stream(b"\xef\xbb\xbf" + post(1), b"   ", b"\t", post(2), b"\xef\xbb\xbf")]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 2)
    assert ids(pubsub) == ["1", "2"]
    assert process.totals["received"] == 2


def test_an_error_about_credits_in_the_stream_ends_nothing(x: FakeX, pubsub: Topics, start: Start) -> None:
    problem = b'{"errors":[{"title":"CreditsDepleted","type":"https://api.twitter.com/2/problems/credits"}]}'
    x.scripts = [stream(post(1), problem, post(2))]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 3)
    assert x.connections == 1


def test_a_certificate_of_somebody_else_is_named_and_ends_it_after_some_tries(
    x: FakeX, pubsub: Topics, start: Start
) -> None:
    """A proxy opens TLS with an unknown authority. Nothing is sent to it: no token, no request."""
    port = int(x.url.rpartition(":")[2])
    with tls.door(trustme.CA(), port, "localhost") as door:
        process = start(X_API_URL=f"https://localhost:{door}", before=("--time-scale", "0.01"))
        assert process.wait(60) == 3
    assert "The certificate of X_API_URL is not valid" in process.complaint
    assert "REQUESTS_CA_BUNDLE" in process.complaint
    assert "self-signed" in process.log.read_text() or "unable to get local issuer" in process.log.read_text()
    assert x.requests == []


def test_a_certificate_of_a_known_authority_is_taken(x: FakeX, pubsub: Topics, start: Start, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    x.scripts = [stream(post(1))]
    with tls.door(authority, int(x.url.rpartition(":")[2]), "localhost") as door:
        process = start(X_API_URL=f"https://localhost:{door}", REQUESTS_CA_BUNDLE=str(tmp_path / "ca.pem"))
        assert eventually(lambda: process.totals.get("published") == 1)
        process.stop()
    assert ids(pubsub) == ["1"]


@pytest.mark.slow
def test_an_answer_that_drips_ends_after_half_a_minute_and_heartbeats_go_on(
    x: FakeX, pubsub: Topics, start: Start
) -> None:
    """requests limits each read only, so a dripping answer would hold the ingester for ever."""

    def drip(wire: Wire) -> None:
        wire.say(b"HTTP/1.1 503 Busy\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(200):
            wire.say(b" ")
            wire.pause(1.0)

    x.scripts = [drip, stream(post(1))]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 1, 90)
    assert "HTTP 503" in process.log.read_text()


def test_interim_answers_before_the_stream_are_skipped(x: FakeX, pubsub: Topics, start: Start) -> None:
    def hints(wire: Wire) -> None:
        wire.say(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" * 2)
        stream(post(1))(wire)

    x.scripts = [hints]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 1)
    assert x.connections == 1


def test_a_cut_is_told_in_words(x: FakeX, pubsub: Topics, start: Start) -> None:
    x.scripts = [stream(post(1), then=lambda wire: wire.pause(0.2)), stream(post(2))]
    process = start()
    assert eventually(lambda: process.totals.get("published") == 2)
    assert '"reason":"cut in the middle of an answer"' in process.log.read_text()


def test_a_good_token_that_is_refused_once_is_tried_again_and_then_it_is_a_stop(
    x: FakeX, pubsub: Topics, start: Start
) -> None:
    def refused(wire: Wire) -> None:
        wire.answer(401, {"title": "Unauthorized", "detail": "Unauthorized"})

    x.scripts = [refused, stream(post(1), then=Wire.end), refused, refused]
    process = start()
    assert process.wait(60) == 3
    assert process.totals.get("published") == 1
    assert "X does not take the bearer token" in process.complaint
