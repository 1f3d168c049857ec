"""X sends the fields that were asked for, in the dialect of the parameters, and looks posts up by their ids: written once for both X's."""

from typing import Any

import pytest

from local.emulators.x.rendering import render
from tests.support.either_x import RULES, AnX, add

POST = {
    "id": "5",
    "text": "hi",
    "author_id": "7",
    "lang": "en",
    "note_post": {"text": "hi there"},
    "surprise": 1,
    "public_metrics": {"repost_count": 3, "like_count": 1},
    "referenced_posts": [{"type": "reposted", "id": "4"}],
}
INCLUDES = {
    "users": [
        {"id": "7", "name": "A", "username": "a", "public_metrics": {"tweet_count": 2}},
        {"id": "8", "name": "B"},
    ],
    "tweets": [{"id": "4", "text": "hey", "author_id": "8"}],
}
CASES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "the default ones": ({}, {"data": {"id": "5", "text": "hi", "edit_history_tweet_ids": ["5"]}}),
    "an expansion brings its field and its objects": (
        {"expansions": "author_id"},
        {
            "data": {"id": "5", "text": "hi", "author_id": "7", "edit_history_tweet_ids": ["5"]},
            "includes": {"users": [{"id": "7", "name": "A", "username": "a"}]},
        },
    ),
    "in the dialect of tweets": (
        {"tweet.fields": "note_tweet,public_metrics", "expansions": "referenced_tweets.id"},
        {
            "data": {
                "id": "5",
                "text": "hi",
                "note_tweet": {"text": "hi there"},
                "edit_history_tweet_ids": ["5"],
                "public_metrics": {"retweet_count": 3, "like_count": 1},
                "referenced_tweets": [{"type": "retweeted", "id": "4"}],
            },
            "includes": {"tweets": [{"id": "4", "text": "hey", "edit_history_tweet_ids": ["4"]}]},
        },
    ),
    "in the dialect of posts": (
        {"post.fields": "note_post,public_metrics", "user.fields": "public_metrics", "expansions": "author_id"},
        {
            "data": {
                "id": "5",
                "text": "hi",
                "author_id": "7",
                "note_post": {"text": "hi there"},
                "edit_history_post_ids": ["5"],
                "public_metrics": {"repost_count": 3, "like_count": 1},
            },
            "includes": {"users": [{"id": "7", "name": "A", "username": "a", "public_metrics": {"post_count": 2}}]},
        },
    ),
}


@pytest.mark.parametrize(("asked", "expected"), CASES.values(), ids=CASES.keys())
def test_a_post_has_the_fields_that_were_asked_for(asked: dict[str, str], expected: dict[str, Any]) -> None:
    assert render({"data": POST, "includes": INCLUDES}, asked) == expected


def test_posts_are_looked_up_by_id_and_those_that_are_not_there_are_named(x: AnX) -> None:
    found = x.call("GET", "/2/tweets", {"ids": "1,2"})
    assert found.status == 200
    assert found.body is not None
    assert [(error["value"], error["title"]) for error in found.body["errors"]] == [
        ("1", "Not Found Error"),
        ("2", "Not Found Error"),
    ]


@pytest.mark.parametrize("ids", ["", "a", ",".join(map(str, range(101)))], ids=["none", "no id", "101"])
def test_a_look_up_takes_1_to_100_ids(x: AnX, ids: str) -> None:
    assert x.call("GET", "/2/tweets", {"ids": ids}).status == 400


def test_rules_are_counted_paged_and_asked_for_by_id(x: AnX) -> None:
    add(x, "music", "dance", "song")
    counts = x.call("GET", f"{RULES}/counts", {}).body
    assert counts is not None
    assert counts["data"]["project_rules_count"] == "3"
    page = x.call("GET", RULES, {"max_results": "2"}).body
    assert page is not None
    assert len(page["data"]) == 2
    rest = x.call("GET", RULES, {"max_results": "2", "pagination_token": page["meta"]["next_token"]}).body
    assert rest is not None
    assert [rule["value"] for rule in rest["data"]] == ["song"]
    one = x.call("GET", RULES, {"ids": rest["data"][0]["id"]}).body
    assert one is not None
    assert [rule["value"] for rule in one["data"]] == ["song"]


def test_what_is_wrong_with_a_rule_is_said_in_detail(x: AnX) -> None:
    add(x, "music")
    refused = add(x, "music", "lang:in")
    assert refused.body is not None
    assert all(error["detail"] for error in refused.body["errors"])
    assert [error["title"] for error in refused.body["errors"]] == ["DuplicateRule", "UnprocessableEntity"]
