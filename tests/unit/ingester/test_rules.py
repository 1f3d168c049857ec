"""The rules file: what ships, and mistakes in it."""

import re
from pathlib import Path

import pytest

from ingester.errors import ConfigurationError
from ingester.x import rules


def test_the_shipped_rules_read_and_fit_into_x() -> None:
    (rule,) = rules.read()
    assert rule.tag == "artist-music"
    assert len(rule.value) <= 1_024
    assert rule.value.count("(") == rule.value.count(")") == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- value: [", "line 1: this is not YAML"),
        ("", "holds no rules"),
        ("value: x", "holds no rules. It should be a list"),
        ("- tag: x", "rule 1: there is no value"),
        ("- value: x\n- value: ''", "rule 2: there is no value"),
        ("- value: x\n  tags: y", "rule 1: 'tags' is not known"),
        (f"- value: {'x' * 1_025}", "1025 characters, and X takes 1024"),
        (
            "- tag: a\n  value: (song OR music) #live -is:retweet",
            "line 2: YAML takes '#live -is:retweet' for a comment",
        ),
        ("- value: music  # all of it", "line 1: YAML takes '# all of it' for a comment"),
        ("- value: #live OR music", "line 1: YAML takes '#live OR music' for a comment"),
        ("- value: music\n  tag: a #b", "line 2: YAML takes '#b' for a comment"),
        ("- value: music\n    OR song #live", "line 2: YAML takes '#live' for a comment"),
        ("- value: &b music", "line 1: YAML gives a text that begins with &, * or !"),
        ("- value: !song music", "line 1: YAML gives a text that begins with &, * or !"),
        ("- value: a\n  value: b", "line 2: the rule has a second value"),
    ],
)
def test_a_bad_rules_file_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        rules.read(file)


@pytest.mark.parametrize(
    "tag", ["no", "on", "007", "12:30", "1_000", "0", "null", "~", "2026-11-25", "1e3", ".inf", "0x1F"]
)
def test_values_and_tags_are_what_was_typed(tmp_path: Path, tag: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(f"- tag: {tag}\n  value: {tag}\n")
    assert rules.read(file) == [rules.Rule(tag, tag)]


@pytest.mark.parametrize(
    "text",
    ["- value: '(song OR music) #live'", '- value: "(song OR music) #live"', "- value: >\n    (song OR music)\n    #live\n",
     "# rules\n- value: |\n    (song OR music) #live\n  # and no tag\n", "\ufeff- value: '(song OR music) #live'"],
)  # fmt: skip
def test_a_hashtag_that_yaml_keeps_is_kept(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    assert rules.read(file)[0].value == "(song OR music) #live"


def test_a_rules_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("- value: music", encoding="utf-16")
    with pytest.raises(ConfigurationError, match="Save it as UTF-8"):
        rules.read(file)


def test_a_missing_rules_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no rules file"):
        rules.read(tmp_path / "none.yaml")


def test_a_folder_is_no_rules_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        rules.read(tmp_path)


MISTAKES = {
    "none": ('(climate OR "climate change" OR #ClimateAction) -is:retweet lang:en', []),
    "an open quote": ('"climate change', ["a quote is open"]),
    "a parenthesis too few": ("(climate OR weather", ["the parentheses do not match"]),
    "closed before it is opened": ("climate) (weather", ["the parentheses do not match"]),
    "parentheses in a quote": ('":-)" climate', []),
    "a small or": (
        "climate or weather",
        ["'or' is ambiguous, and X refuses it: write OR, or \"or\" to look for the word"],
    ),
    "an AND": (
        "climate AND weather",
        ["'AND' is ambiguous, and X refuses it: write a space, or \"AND\" to look for the word"],
    ),
    "or in a quote": ('"sink or swim"', []),
    "nothing but minus": ("-is:retweet (-climate)", ["every part is negated, and X wants at least one that is not"]),
}


@pytest.mark.parametrize(("value", "found"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_that_can_be_seen_without_x(value: str, found: list[str]) -> None:
    assert rules.mistakes(rules.Rule(value)) == found
