"""Texts as people wrote them, and the two forms in which code reads them: folded, to compare, and plain, to score."""

import pytest

from posts.text import fold, fold_with_places, for_scoring

SAME = [
    ("don't", "don’t"),
    ("don't", "donʼt"),
    ("don't", "don＇t"),
    ("café", "cafe\u0301"),
    ("music", "ＭＵＳＩＣ"),
    ("istanbul", "İSTANBUL"),
    ("μουσικη", "ΜΟΥΣΙΚΉ"),
    ("strasse", "STRAßE"),
    ("нoc", "Нoc"),
    ("r&b", "R&amp;B"),
    ("cafe", "ca\u00adfe"),
    ("❤", "❤️"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_texts_that_a_reader_takes_for_the_same_fold_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_accents_that_make_another_word_stay() -> None:
    assert fold("año") != fold("ano")


@pytest.mark.parametrize(
    ("text", "wanted", "shown"),
    [
        ("we don’t know", "don't", "don’t"),
        ("le cafe\u0301 ouvre", "café", "cafe\u0301"),
        ("bu İSTANBUL bugün", "istanbul", "İSTANBUL"),
        ("eine Straße hier", "strasse", "Straße"),
        ("plain text", "text", "text"),
        ("at the end ＥＮＤ", "end", "end"),
    ],
)
def test_a_place_in_the_folded_text_is_one_in_the_text(text: str, wanted: str, shown: str) -> None:
    folded, places = fold_with_places(text)
    assert folded == fold(text)
    at = folded.index(wanted)
    assert text[places[at] : places[at + len(wanted)]] == shown


PLAIN = [
    ("I don’t love it", "I don't love it"),
    ("“great” «great» ‹great›", '"great" "great" "great"'),
    ("great… ❤️ – yes", "great... ❤ - yes"),
    ("@Love see https://evil.example/x R&amp;B", "  see   R&B"),
    ("no names", "no names"),
]


@pytest.mark.parametrize(("text", "plain"), PLAIN)
def test_a_text_for_scoring_has_a_typewriters_signs(text: str, plain: str) -> None:
    assert for_scoring(text) == plain
