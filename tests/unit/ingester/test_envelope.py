"""The envelope around X's lines, and what is read of a line."""

import json

import fastavro
import pytest

from ingester.pubsub.envelope import Line, NotText, inspect_line, to_message
from posts.prices import Resources
from tests.support import ROOT

SCHEMA = fastavro.parse_schema(json.loads((ROOT / "infra" / "pubsub" / "tweet.avsc").read_text()))


@pytest.mark.parametrize(
    "raw",
    ['{"data":{"id":"1","text":"👩‍🎤 مرحبا \\u0027"}}', '{"a": 1 }', "no json", '{"x":"\u2028"}'],
    ids=["emoji and RTL", "spaces", "no json", "line separator"],
)
def test_the_payload_is_the_bytes_of_x_and_fits_the_topics_schema(raw: str) -> None:
    record = json.loads(to_message(raw.encode(), "1", 5, "stream").data)
    assert record == {"id": "1", "payload": raw, "received_at": 5, "source": "stream"}
    assert fastavro.validate(record, SCHEMA, strict=False)


def test_bytes_that_are_no_text_are_told() -> None:
    with pytest.raises(NotText):
        to_message(b"\xff", "", 5, "stream")


UNREADABLE = Line("", is_unreadable=True)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ('{"data":{"id":"7"}}', Line("7", billed=Resources(("7",)))),
        ('{"data":{"id":7}}', Line("7", billed=Resources(("7",)))),
        ('{"data":{"id":"7"},"errors":[{"title":"Not Found Error"}]}', Line("7", billed=Resources(("7",)))),
        ('{"errors":[{"title":"operational-disconnect","disconnect_type":"SlowReader"}]}', Line("", "SlowReader")),
        (
            '{"title":"ConnectionException","connection_issue":"TooManyConnections","type":"x"}',
            Line("", "TooManyConnections"),
        ),
        ('{"errors":[]}', Line("")),
        ('{"errors":[{"title":"operational-disconnect"}]}', Line("", "operational-disconnect")),
        (
            '{"title":"UsageCapExceeded","type":"https://api.x.com/2/problems/usage-capped"}',
            Line(""),  # X goes on, or closes and says so to the next connect
        ),
        (
            '{"errors":[{"title":"Not Found Error","type":"https://api.twitter.com/2/problems/resource-not-found"}]}',
            Line(""),
        ),
        ('{"errors":["text"]}', Line("")),
        (
            '{"data":{"id":"7","text":"\\ud83c"},"includes":{"users":[{"id":"5"}]}}',
            Line("7", billed=Resources(("7",), ("5",))),
        ),
        ('{"info":{"message":"new kind"}}', Line("")),
        (
            '{"data":{"id":"7"},"matching_rules":[{"id":"1"},{"id":2}]}',
            Line("7", billed=Resources(("7",)), rules=("1", "2")),
        ),
        (
            '{"data":{"id":"7","referenced_posts":[{"type":"reposted","id":"5"}]},"matching_rules":[{"id":"1"}]}',
            Line("7", billed=Resources(("7",)), rules=("1",), is_retweet=True),
        ),
        ("{", UNREADABLE),
        ("[]", UNREADABLE),
        ('{"data":[]}', UNREADABLE),
        ('{"data":{"id":"' + "9" * 400 + '"}}', UNREADABLE),
        ('{"data":{"id":"9223372036854775808"}}', UNREADABLE),
        ('{"data":{"id":"-5"}}', UNREADABLE),
        ('{"data":{"id":"٣"}}', UNREADABLE),
        ('{"data":{"id":"7"},"x":' + "[" * 1_000 + "]" * 1_000 + "}", UNREADABLE),
        ('{"data":{"id":"7"},"x":' + "[" * 100_000 + "]" * 100_000 + "}", UNREADABLE),
        ('{"data":{"id":"7"},"x":' + "[" * 199 + "]" * 199 + "}", Line("7", billed=Resources(("7",)))),
        ('{"data":{"id":"7"},"x":' + "[" * 200 + "]" * 200 + "}", UNREADABLE),
        ('{"data":{"id":"7"},"x":"' + "[" * 1_000 + '"}', Line("7", billed=Resources(("7",)))),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else None,
)
def test_a_line_is_looked_at_just_enough(raw: str, line: Line) -> None:
    assert inspect_line(raw.encode()) == line
