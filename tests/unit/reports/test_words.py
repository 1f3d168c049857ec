"""Words and phrases as people read them, and those that set a part of the posts apart."""

import math
from datetime import datetime
from typing import Any

import pytest

from reports import words

TOKENS = {
    "English": (
        "en",
        "Don't stop! It's the best, rock 'n' roll",
        ["don't", "stop", "it's", "the", "best", "rock", "n", "roll"],
    ),
    "what X escapes": ("en", "R&amp;B &lt;3", ["r", "b"]),
    "links, mentions and numbers are none": ("en", "@you look https://t.co/abc 2026 now", ["look", "now"]),
    "a hashtag is one, with its sign": ("en", "new #NewMusic.", ["new", "#newmusic"]),
    "a hashtag of another script": ("hi", "#नयागाना अच्छा", ["#नयागाना", "अच्छा"]),
    "a retweet's head": ("en", "RT @you: hello", ["hello"]),
    "French elisions": ("fr", "J'aime l'été", ["j", "aime", "l", "été"]),
    "Japanese": ("ja", "今日は寒いですね", ["今日", "は", "寒い", "です", "ね"]),
    "Chinese": ("zh", "我来到北京清华大学", ["我", "来到", "北京", "清华大学"]),
    "Thai": ("th", "ภาษาไทยนั้นยาก", ["ภาษา", "ไทย", "นั้น", "ยาก"]),
    "Arabic": ("ar", "أغنية جديدة", ["أغنية", "جديدة"]),
    "behind emoji, which are two units of UTF-16": ("en", "😭😭 best song 👩‍👩‍👧 ever", ["best", "song", "ever"]),
    "composed and decomposed": ("fr", "cafe\u0301", ["café"]),
    "a hashtag with a joiner, as X cuts it": ("fa", "#نرم\u200cافزار_آزاد ok", ["#نرم\u200cافزار_آزاد", "ok"]),
    "a hashtag with a middle dot": ("ja", "#ハリー・ポッター ok", ["#ハリー・ポッター", "ok"]),
    "a hashtag in Catalan": ("ca", "#col·lecció", ["#col·lecció"]),
    "a hashtag in Burmese": ("my", "#မြန်မာ", ["#မြန်မာ"]),
    "a hashtag of full width": ("ja", "＃音楽", ["#音楽"]),
    "digits are no hashtag": ("en", "#2026 yes", ["yes"]),
    "nothing": ("en", "", []),
}


@pytest.mark.parametrize(("lang", "text", "expected"), TOKENS.values(), ids=TOKENS.keys())
def test_words_of_a_text(lang: str, text: str, expected: list[str]) -> None:
    assert [word for word, _ in words.tokens(text, lang)] == expected


def row(text: str, lang: str = "en", author: str = "1", **more: Any) -> dict[str, Any]:
    base = {"hour": datetime(2026, 11, 1), "is_this_week": False, "rules": [], "parts": []}  # noqa: DTZ001 - of a clock on a wall
    return {"text": text, "lang": lang, "user_id": author, **base, **more}


PHRASES = {
    "two and three words": (
        "en",
        "climate policy debate",
        {"climate policy", "climate policy debate", "policy debate"},
    ),
    "neither begins nor ends with a common word": ("en", "the climate of", set()),
    "a common word may stand between": ("en", "freedom of speech", {"freedom of speech"}),
    "none goes over a full stop, a comma, an emoji or a hashtag": (
        "en",
        "climate. policy, works 😭 slowly #now then",
        set(),
    ),
    "none goes over a link": ("en", "climate https://t.co/a policy", set()),
    "French elisions keep their apostrophe": ("fr", "système d’exploitation", {"système d'exploitation"}),
    "Italian ones too": ("it", "ministro dell'ambiente", {"ministro dell'ambiente"}),
    "a letter that nothing was cut off keeps its space": ("it", "vitamina D naturale", {"vitamina d naturale"}),
    "nor has an English name in French an apostrophe": (
        "fr",
        "Tesla Model S rouge",
        {"tesla model", "model s rouge"},
    ),
    "no space where the script has none": ("zh", "北京清华大学", {"北京清华大学"}),
}


@pytest.mark.parametrize(("lang", "text", "expected"), PHRASES.values(), ids=PHRASES.keys())
def test_phrases_of_a_text(lang: str, text: str, expected: set[str]) -> None:
    (read,) = words.read([row(text, lang)])
    assert read.phrases == expected


def test_a_post_counts_once_for_each_of_its_words_and_common_words_not_at_all() -> None:
    texts = words.read([row("climate climate the"), row("climate change", author="2"), row("Klima und Wandel", "de")])
    assert words.by_language(texts) == [
        {"lang": "en", "word": "climate", "posts": 2, "authors": 2, "share": 1.0},
    ], "a word of one post says nothing"


def test_indonesian_as_x_spells_it_has_its_own_common_words() -> None:
    (read,) = words.read([row("yang dan lagu", "in")])
    assert read.words == {"lagu"}


def test_log_odds_are_those_of_the_paper() -> None:
    """Monroe, Colaresi and Quinn, equations 15, 16, 20 and 22, written out for a part of half of the words."""
    inside, everywhere = {"a": 30, "b": 70}, {"a": 40, "b": 160}
    found = words.score(inside, everywhere)
    prior = 100 * 40 / 200
    ours = math.log((30 + prior) / (100 + 100 - 30 - prior))
    theirs = math.log((10 + prior) / (100 + 100 - 10 - prior))
    assert found["a"][0] == pytest.approx(ours - theirs)
    assert found["a"][1] == pytest.approx((ours - theirs) / math.sqrt(1 / (30 + prior) + 1 / (10 + prior)))
    assert found["b"][0] < 0


def test_a_part_that_is_all_or_nothing_has_no_words_of_its_own() -> None:
    assert words.score({}, {"a": 5}) == {}
    assert words.score({"a": 5}, {"a": 5}) == {}
    assert words.score({"love": 1}, {"love": 2}) == {}, "the only word there is"
    texts = words.read([row("climate")] * 5)
    assert words.distinctive(texts, {"all": [True] * 5, "none": [False] * 5}, 1) == []


def test_what_sets_a_part_apart_is_said_by_several_and_more_often_there() -> None:
    rows = [row("album release tonight", author=str(n)) for n in range(30)]
    rows += [row("spamword buy", author="spam") for _ in range(30)]
    rows += [row("weather report", author=str(n)) for n in range(300)]
    texts = words.read(rows)
    found = words.distinctive(texts, {"burst": [n < 60 for n in range(360)]}, 3)
    assert {one["word"] for one in found} == {"album", "release", "tonight"}
    assert all(one["posts"] == 30 and one["elsewhere"] == 0 and one["z"] > 2.58 for one in found)
    assert words.distinctive(texts, {"burst": [n < 60 for n in range(360)]}, 31) == []


def test_words_that_are_only_written_differently_are_one_shown_as_most_write_it() -> None:
    texts = words.read(
        [row("women’s café", author="1"), row("women’s cafe\u0301", author="2"), row("WOMEN'S #Café", author="3")]
    )
    assert {one["word"]: one["posts"] for one in words.by_language(texts)} == {"women’s": 3, "café": 2}
