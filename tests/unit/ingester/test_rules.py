"""The rules file: what ships, and mistakes in it."""

import re
from pathlib import Path

import pytest

from ingester.x import rules
from runtime.errors import ConfigurationError


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
    [
        "- value: '(song OR music) #live'",
        '- value: "(song OR music) #live"',
        "- value: >\n    (song OR music)\n    #live\n",
        "# rules\n- value: |\n    (song OR music) #live\n  # and no tag\n",
        "\ufeff- value: '(song OR music) #live'",
    ],
)
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
    "nothing that stands alone": (
        "has:images lang:en",
        ['has:images lang:en cannot stand alone: add a word, a "phrase", a #hashtag, from:name or the like'],
    ),
    "an empty pair": ("nasa ()", ["a pair of parentheses is empty: put words into it, or leave it out"]),
    "a group that is negated": (
        "nasa -(moon OR mars)",
        ["a group is negated, and X takes no such group: write the minus before each of its parts"],
    ),
    "a slip": ("form:nasa", ["X has no operator form:; did you mean from:nasa?"]),
    "a text with a colon": ("re:invent aws", ['X has no operator re:; to look for the text, write "re:invent"']),
    "of the web's search": (
        "nasa min_faves:100 since:2026-01-01",
        [
            "min_faves: belongs to X's web search, and rules do not know it; "
            "leave it out: a post has no likes yet when the stream brings it",
            "since: belongs to X's web search, and rules do not know it; "
            "leave it out: the stream brings what is new, and `search --from` what was",
        ],
    ),
    "a language that posts have and rules do not": ("nasa lang:in", ["X takes no lang:in; write lang:id"]),
    "a kind that there is not": ("nasa -is:retweeted", ["X takes no is:retweeted; write -is:retweet"]),
    "a sample of nothing": ("nasa sample:0", ["X takes no sample:0; write 1 to 100"]),
    "a space after the colon": ("nasa from: nasa", ["from: has no value; write it without a space, as in from:value"]),
    "promoted posts alone": ("nasa is:nullcast", ["X takes is:nullcast only negated; write -is:nullcast"]),
    "all that X documents": (
        '(from:a OR to:b OR retweets_of:c OR url:"https://x.com" OR context:10.79 OR entity:"A B" OR bio:"data engineer" '
        'OR place:"new york" '
        "OR place_country:US OR point_radius:[2.355128 48.861118 16km] OR bounding_box:[-105.3 39.9 -105.1 40.0] OR $twtr OR #tag) "
        "-is:nullcast has:video_link lang:zh-TW sample:15 https://example.com 12:30",
        [],
    ),
    "nothing but minus": ("-is:retweet (-climate)", ["every part is negated, and X wants at least one that is not"]),
}


@pytest.mark.parametrize(("value", "found"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_that_can_be_seen_without_x(value: str, found: list[str]) -> None:
    assert rules.mistakes(rules.Rule(value)) == found
