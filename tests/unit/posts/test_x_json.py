"""Fields that X adds are named by their path, whatever they hold."""

import json

import pytest

from posts.post import parse
from tests.support.x_samples import SAMPLES

POST = {"id": "3", "text": "x"}

CASES = {
    "none": ({"data": POST}, ()),
    "of the message": ({"data": POST, "weather": None}, ("weather",)),
    "of the post": ({"data": POST | {"mood": {"a": 1}, "lang": "en"}}, ("data.mood",)),
    "of its metrics": ({"data": POST | {"public_metrics": {"sigh_count": 3}}}, ("data.public_metrics.sigh_count",)),
    "of its entities": ({"data": POST | {"entities": {"smells": []}}}, ("data.entities.smells",)),
    "of what is included": ({"data": POST, "includes": {"songs": []}}, ("includes.songs",)),
    "of an author": (
        {"data": POST | {"author_id": "1"}, "includes": {"users": [{"id": "1", "aura": 1}]}},
        ("includes.users.aura",),
    ),
    "of a quoted post": ({"data": POST, "includes": {"tweets": [{"id": "1", "mood": 1}]}}, ("includes.tweets.mood",)),
    "of a rule": ({"data": POST, "matching_rules": [{"id": "1", "why": "x"}]}, ("matching_rules.why",)),
    "with a name without end": ({"data": POST | {"m" * 5_000: 1}}, (f"data.{'m' * 100}",)),
    "the new dialect is no news": (
        {"data": POST | {"note_post": {"text": "x"}, "edit_history_post_ids": ["3"], "referenced_posts": []}},
        (),
    ),
}


@pytest.mark.parametrize(("message", "unknown"), CASES.values(), ids=CASES.keys())
def test_unknown_fields(message: dict[str, object], unknown: tuple[str, ...]) -> None:
    assert parse(json.dumps(message)).unknown == unknown


@pytest.mark.parametrize("lines", SAMPLES.values(), ids=SAMPLES.keys())
def test_real_shapes_hold_no_news(lines: list[str]) -> None:
    posts = [line for line in lines if json.loads(line).get("data")]
    assert posts
    assert {field for line in posts for field in parse(line).unknown} == set()
