"""Which parts of a message belong together, in both of X's dialects."""

from typing import Any

import pytest

from posts.includes import index, referred, retweeted

AUTHOR, OTHER = {"id": "7", "name": "author"}, {"id": "8", "name": "other"}
INCLUDES: dict[str, Any] = {
    "users": [AUTHOR, OTHER, {"id": "9"}],
    "tweets": [{"id": "1", "author_id": "8"}, {"id": "2"}, {"id": "3"}],
    "places": [{"id": "p"}, {"id": "q"}],
    "media": [{"media_key": "3_1"}, {"media_key": "3_2"}],
    "polls": [{"id": "5"}],
}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing but its author": ({"id": "4", "author_id": "7"}, {"users": [AUTHOR]}),
    "a quoted post and its author": (
        {"id": "4", "author_id": "7", "referenced_tweets": [{"type": "quoted", "id": "1"}]},
        {"tweets": [{"id": "1", "author_id": "8"}], "users": [AUTHOR, OTHER]},
    ),
    "what is attached": (
        {"id": "4", "attachments": {"media_keys": ["3_2"], "poll_ids": ["5"]}, "geo": {"place_id": "q"}},
        {"media": [{"media_key": "3_2"}], "polls": [{"id": "5"}], "places": [{"id": "q"}]},
    ),
    "an edit's earlier versions, and not itself": (
        {"id": "3", "edit_history_tweet_ids": ["2", "3"]},
        {"tweets": [{"id": "2"}]},
    ),
    "other shapes than X's": ({"id": "4", "referenced_tweets": 5, "attachments": [], "geo": "x"}, {}),
}


@pytest.mark.parametrize(("post", "expected"), CASES.values(), ids=CASES.keys())
def test_a_message_gets_what_its_post_refers_to(post: dict[str, Any], expected: dict[str, Any]) -> None:
    assert referred(post, index(INCLUDES)) == expected


def test_in_the_other_dialect_posts_stay_posts() -> None:
    includes = index({"posts": [{"id": "1"}]})
    assert referred({"id": "4", "referenced_posts": [{"type": "quoted", "id": "1"}]}, includes) == {
        "posts": [{"id": "1"}]
    }


@pytest.mark.parametrize(
    ("post", "expected"),
    [
        ({"referenced_tweets": [{"type": "retweeted", "id": "1"}, {"type": "quoted", "id": "2"}]}, {"1"}),
        ({"referenced_posts": [{"type": "reposted", "id": 1}]}, {"1"}),
        ({"referenced_posts": "x"}, set()),
    ],
)
def test_a_retweet_names_its_original(post: dict[str, Any], expected: set[str]) -> None:
    assert retweeted(post) == expected
