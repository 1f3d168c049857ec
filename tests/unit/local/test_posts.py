"""The synthetic posts: repeatable, varied, and as they describe themselves."""

import itertools
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.emulators.x import phrases, posts, writer
from local.pipeline import Plan
from posts import post as reading
from posts.filter import Filter, apply_filter
from posts.keywords import read_keywords
from tests.support import ROOT

END = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(hours=24)
KEYWORDS = read_keywords(ROOT / "functions/load_tweet/keywords.music.txt")


def write(count: int, seed: int = 1) -> list[posts.Post]:
    return list(itertools.islice(writer.write(seed, posts.spread(count, END, DAY)), count))


def parse(post: posts.Post) -> reading.ParsedPost:
    return reading.parse(post.as_json([{"id": "1", "tag": "t"}]).decode())


def test_the_same_seed_writes_the_same_posts_and_another_seed_others() -> None:
    lines = [post.as_json([]) for post in write(300)]
    assert lines == [post.as_json([]) for post in write(300)]
    assert lines != [post.as_json([]) for post in write(300, seed=2)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_post_says_truly_whether_the_music_words_keep_it(seed: int) -> None:
    for post in write(1_500, seed):
        verdict = apply_filter(parse(post), Filter(KEYWORDS))
        assert (verdict.reason is None) == post.kept, post.data


def test_the_music_words_are_those_that_the_phrases_were_written_for() -> None:
    assert {keyword.entry for keyword in KEYWORDS.keep} == phrases.KEYWORDS


def test_ids_are_distinct_and_rise_with_time() -> None:
    ids = [int(post.id) for post in write(1_000)]
    assert ids == sorted(set(ids))
    for post in write(50):
        assert parse(post).columns["created_at"] == post.created_at.replace(tzinfo=None, microsecond=0).isoformat()


def test_there_is_some_of_everything() -> None:
    seen: Counter[str] = Counter()
    for post in write(2_000):
        columns = parse(post).columns
        seen.update(
            name
            for name in ("retweet_of", "quote_of", "reply_to", "edit_of", "tweet_location", "longitude")
            if columns[name]
        )
        seen[f"lang {columns['lang']}"] += 1
        seen["posts dialect"] += "edit_history_post_ids" in post.data
        seen["long"] += len(columns["text"]) > 280
        seen["emoji"] += any(ord(c) > 0x1F000 for c in columns["text"])
        seen["music"] += post.kept
        seen["hashtag"] += bool(columns["hashtags"])
    expected = {
        "retweet_of",
        "quote_of",
        "reply_to",
        "edit_of",
        "tweet_location",
        "longitude",
        "posts dialect",
        "long",
        "emoji",
        "hashtag",
    }
    assert expected | {f"lang {lang}" for lang in phrases.MUSIC} <= {name for name, count in seen.items() if count}
    assert 0.4 < seen["music"] / 2_000 < 0.8


def test_the_view_that_is_expected_leaves_out_replaced_and_dropped_posts() -> None:
    written = write(2_000)
    expected = posts.Expected()
    for post in written:
        expected.add(post)
    replaced = {earlier for post in written for earlier in post.replaces}
    assert expected.ids == {post.id for post in written} - replaced
    assert expected.ids_about_music == {post.id for post in written if post.kept} - replaced
    assert replaced


def test_the_times_are_spread_over_the_day() -> None:
    hours = Counter(post.created_at.hour for post in write(2_400))
    assert set(hours) == set(range(24))
    assert hours[20] > 2 * hours[2]


def test_offsets_of_entities_are_code_points() -> None:
    for post in write(500):
        for kind, mark, name in (("hashtags", "#", "tag"), ("mentions", "@", "username")):
            for entity in post.data.get("entities", {}).get(kind, []):
                whole = post.data["text"][entity["start"] : entity["end"]]
                cut = post.data["text"].endswith("…") and entity["end"] > len(post.data["text"]) - 1
                assert cut or whole == mark + entity[name], json.dumps(post.data)


def test_posts_of_a_topic_of_one_s_own_say_its_words_and_nothing_of_the_example_s() -> None:
    made = list(
        itertools.islice(writer.write(1, posts.current_times(), lambda: ["Klimawandel", "#ClimateAction"]), 300)
    )
    texts = [(post.data.get("note_tweet") or post.data.get("note_post") or post.data)["text"] for post in made]
    about = [text for text in texts if "Klimawandel" in text or "#ClimateAction" in text]
    assert len(about) > 0.85 * len(texts), "the others are short comments on a post that they quote"
    assert not [text for text in texts if any(name.lower() in text.lower() for name in phrases.ARTIST)]
    assert len({post.data["lang"] for post in made}) > 8


def test_whose_topic_the_rules_are(tmp_path: Path) -> None:
    assert not Plan(tmp_path).own_topic
    rules = tmp_path / "rules.yaml"
    rules.write_text("- tag: t\n  value: climate\n")
    assert Plan(tmp_path, rules=rules).own_topic
    assert not Plan(tmp_path, rules=rules, real=True).own_topic
