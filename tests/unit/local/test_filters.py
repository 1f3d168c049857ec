"""Pub/Sub's filters on attributes."""

import pytest

from local.emulators.pubsub.create import NO_REPLAYS
from local.emulators.pubsub.filters import BadFilter, parse

CASES = [
    ("", {}, True),
    ('attributes.source = "stream"', {"source": "stream"}, True),
    ('attributes.source = "stream"', {}, False),
    ('attributes.source != "stream"', {}, True),
    ("attributes:source", {"source": ""}, True),
    ("attributes:source", {"other": ""}, False),
    ('hasPrefix(attributes.source, "str")', {"source": "stream"}, True),
    ('hasPrefix(attributes.source, "")', {}, False),
    ('NOT attributes.a = "1"', {"a": "1"}, False),
    ('-attributes.a = "1"', {"a": "2"}, True),
    ('attributes.a = "1" AND attributes.b = "2"', {"a": "1", "b": "2"}, True),
    ('attributes.a = "1" AND attributes.b = "2"', {"a": "1"}, False),
    ('attributes.a = "1" OR attributes.b = "2"', {"b": "2"}, True),
    ('(attributes.a = "1" OR attributes:b) AND attributes:c', {"a": "1"}, False),
    ('attributes.a = "say \\"hi\\""', {"a": 'say "hi"'}, True),
    (NO_REPLAYS, {"source": "stream"}, True),
    (NO_REPLAYS, {"source": "archive"}, False),
    (NO_REPLAYS, {"source": "rejected"}, False),
    (NO_REPLAYS, {}, True),
]


@pytest.mark.parametrize(("text", "attributes", "expected"), CASES)
def test_filter(text: str, attributes: dict[str, str], expected: bool) -> None:
    assert parse(text)(attributes) is expected


@pytest.mark.parametrize(
    "text", ["source", "data = 1", "attributes.a = 1", "attributes.a =", "(attributes:a", "attributes:a x", "§"]
)
def test_what_is_not_in_the_language_is_refused(text: str) -> None:
    with pytest.raises(BadFilter):
        parse(text)
