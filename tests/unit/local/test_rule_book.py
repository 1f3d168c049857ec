"""The emulator refuses the usual mistakes in rules that X refuses."""

import pytest

from local.emulators.x.rule_book import _refused, query_words


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


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            '(climate OR "climate change" OR #ClimateAction OR 気候変動) -is:retweet -hoax lang:en',
            ["climate", "climate change", "#ClimateAction", "気候変動"],
        ),
        ('music -(rock OR pop) -"so what" from:someone has:links', ["music"]),
        ("a OR a", ["a"]),
        ("lang:en -is:retweet", []),
    ],
)
def test_the_words_that_a_rule_looks_for(value: str, words: list[str]) -> None:
    assert query_words(value) == words
