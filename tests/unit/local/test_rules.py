"""The stand-in refuses what X refuses in a rule, as far as people get it wrong."""

import pytest

from local.x.rules import _refused


@pytest.mark.parametrize(
    "value",
    ["music lang:id", "music (lang:he OR lang:zh-TW)", 'music "lang:in"', '"the best song"', "music lang:hi-Latn"],
)
def test_a_rule_that_x_takes(value: str) -> None:
    assert _refused(value) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("music lang:in", "Invalid language specifier 'in'"),
        ("music (lang:en OR lang:iw)", "Invalid language specifier 'iw'"),
        ("music lang:english", "Invalid language specifier 'english'"),
        ('("the "best" song")', "is not valid"),
        ('"music', "quotes or parentheses do not match"),
    ],
)
def test_a_rule_that_x_refuses(value: str, words: str) -> None:
    assert words in (_refused(value) or "")
