"""Which text in X's rule would have saved what the filter dropped."""

import pytest

from posts.keywords import parse_keywords, read_keywords
from reports import savings


def row(reason: str) -> dict[str, object]:
    return {"reason": reason, "posts": 3, "dollars": 0.015, "in_the_rule": "in general"}


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("no_keyword", 'add (music OR #love OR "new album")'),
        ("excluded", "add -crypto"),
        ("language", "add (lang:en OR lang:pt)"),
        ("retweet", "in general"),
    ],
)
def test_a_reason_has_its_words(reason: str, text: str) -> None:
    keywords = parse_keywords("music\n#love\nnew album\n-crypto\n")
    assert savings.spelled_out([row(reason)], keywords, "en, pt") == [{**row(reason), "in_the_rule": text}]


@pytest.mark.parametrize(
    ("setting", "hint"), [("in", "lang:id"), ("he", "lang:he"), ("iw, zh-CN", "lang:he OR lang:zh")]
)
def test_a_language_is_spelled_as_rules_spell_it(setting: str, hint: str) -> None:
    (found,) = savings.spelled_out([row("language")], parse_keywords(""), setting)
    assert found["in_the_rule"] == f"add ({hint})"


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ('the "best" song', '"the best song"'),
        ("“new” one", '"new one"'),
        ("AC/DC", '"AC/DC"'),
        ('"one time"', '"one time"'),
    ],
)
def test_quotes_in_a_keyword_do_not_end_the_rules(entry: str, hint: str) -> None:
    (found,) = savings.spelled_out([row("no_keyword")], parse_keywords(entry), "")
    assert found["in_the_rule"] == f"add ({hint})"


def test_what_is_not_known_stays_as_it_is() -> None:
    rows = [row("no_keyword"), row("language")]
    assert savings.spelled_out(rows, parse_keywords(""), "all") == rows


def test_what_is_too_long_for_one_rule_says_so() -> None:
    keywords = parse_keywords("\n".join(f"word{number:04}" for number in range(200)))
    (found,) = savings.spelled_out([row("no_keyword")], keywords, "")
    assert str(found["in_the_rule"]).endswith("(too long for one rule of 1,024 characters: make several)")


def test_the_example_s_keywords_fit_into_a_rule() -> None:
    music = read_keywords(savings.KEYWORDS.with_name("keywords.music.txt"))
    (found,) = savings.spelled_out([row("no_keyword")], music, "")
    assert "too long" not in str(found["in_the_rule"])
    assert "newmusic OR" in str(found["in_the_rule"])


def test_beginnings_of_words_which_x_s_rules_cannot_say_stay_in_general_words() -> None:
    rows = [row("no_keyword")]
    assert savings.spelled_out(rows, parse_keywords("music\nclimate*"), "") == rows
