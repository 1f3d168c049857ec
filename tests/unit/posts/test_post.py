"""From a payload to a row's columns: whole rows, and the mess that X's payloads are."""

import json
from typing import Any

import pytest

from posts import post as reading
from posts.errors import BadMessage

EMPTY: dict[str, Any] = {
    "created_at": None,
    "tweet_location": None,
    "text": None,
    "retweet_count": None,
    "favorite_count": None,
    "user_name": None,
    "user_location": None,
    "user_followers_count": None,
    "user_id": None,
    "user_username": None,
    "lang": None,
    "conversation_id": None,
    "retweet_of": None,
    "quote_of": None,
    "reply_to": None,
    "edit_of": None,
    "hashtags": [],
    "mentions": [],
    "urls": [],
    "rules": [],
    "longitude": None,
    "latitude": None,
    "country_code": None,
    "possibly_sensitive": None,
    "quote_count": None,
    "reply_count": None,
    "original_retweet_count": None,
    "original_favorite_count": None,
}

ID = "2107184236008718446"
CREATED = {"created_at": "2026-10-05T19:00:46"}  # what the id says, to the second

AUTHOR = {
    "id": "42",
    "name": "Maya 🎧",
    "username": "maya",
    "location": "Oslo",
    "public_metrics": {"followers_count": 7, "following_count": 1},
}
FULL = {
    "data": {
        "id": ID,
        "text": "Listening 😍 to #Bieber with @leo https://t.co/abc",
        "author_id": "42",
        "created_at": "2026-10-05T19:00:46.000Z",
        "lang": "en",
        "conversation_id": ID,
        "edit_history_tweet_ids": [ID],
        "possibly_sensitive": False,
        "public_metrics": {"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4},
        "entities": {
            "hashtags": [{"start": 12, "end": 19, "tag": "Bieber"}],
            "mentions": [{"start": 25, "end": 29, "username": "leo"}],
            "urls": [
                {"url": "https://t.co/abc", "expanded_url": "https://b.ly/x", "unwound_url": "https://example.com/long"}
            ],
        },
        "geo": {"place_id": "p1", "coordinates": {"type": "Point", "coordinates": [10.75, 59.91]}},
    },
    "includes": {"users": [AUTHOR], "places": [{"id": "p1", "full_name": "Oslo, Norge", "country_code": "NO"}]},
    "matching_rules": [{"id": "1", "tag": "artist-music"}, {"id": "2", "tag": ""}],
}


def parse(message: Any) -> reading.ParsedPost:
    return reading.parse(json.dumps(message))


def test_a_full_post_gives_every_column() -> None:
    assert parse(FULL).columns == {
        "id": ID,
        **CREATED,
        "tweet_location": "Oslo, Norge",
        "text": "Listening 😍 to #Bieber with @leo https://t.co/abc",
        "retweet_count": 1,
        "favorite_count": 3,
        "user_name": "Maya 🎧",
        "user_location": "Oslo",
        "user_followers_count": 7,
        "user_id": "42",
        "user_username": "maya",
        "lang": "en",
        "conversation_id": ID,
        "retweet_of": None,
        "quote_of": None,
        "reply_to": None,
        "edit_of": None,
        "hashtags": ["Bieber"],
        "mentions": ["leo"],
        "urls": ["https://example.com/long"],
        "rules": ["artist-music", "2"],
        "longitude": 10.75,
        "latitude": 59.91,
        "country_code": "NO",
        "possibly_sensitive": False,
        "quote_count": 4,
        "reply_count": 2,
        "original_retweet_count": None,
        "original_favorite_count": None,
    }


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "default fields only: the time comes from the id": (
        {"data": {"id": ID, "text": "hi"}},
        {**CREATED, "text": "hi"},
    ),
    "an id from before 2010-11-04 holds no time": (
        {"data": {"id": "25712847277", "text": "hi"}},
        {"id": "25712847277", "text": "hi"},
    ),
    "an article has its title and its words": (
        {
            "data": {
                "id": ID,
                "text": "https://t.co/x",
                "article": {"title": "On music", "plain_text": "First.\n\nSecond."},
            }
        },
        {"id": ID, **CREATED, "text": "On music\n\nFirst.\n\nSecond."},
    ),
    "an article of which X sends the title alone": (
        {"data": {"id": ID, "text": "read this https://t.co/x", "article": {"title": "On music"}}},
        {"id": ID, **CREATED, "text": "read this\n\nOn music"},
    ),
    "an article that is a text": (
        {"data": {"id": ID, "text": "https://t.co/x", "article": "On music"}},
        {"id": ID, **CREATED, "text": "https://t.co/x"},
    ),
    "an article of another shape": (
        {"data": {"id": ID, "text": "https://t.co/x", "article": {"title": ["On"], "plain_text": 3}}},
        {"id": ID, **CREATED, "text": "https://t.co/x"},
    ),
    "a retweet of an article": (
        {
            "data": {
                "id": ID,
                "text": "RT @a: https://t.co/x",
                "referenced_tweets": [{"type": "retweeted", "id": "9"}],
            },
            "includes": {
                "tweets": [
                    {"id": "9", "text": "https://t.co/x", "article": {"title": "On music", "plain_text": "All."}}
                ]
            },
        },
        {"id": ID, **CREATED, "text": "RT @a: On music\n\nAll.", "retweet_of": "9"},
    ),
    "a leap second: the id has the time": (
        {"data": {"id": ID, "created_at": "2016-12-31T23:59:60.000Z"}},
        {"id": ID, **CREATED},
    ),
    "a leap second of a post whose id has no time": (
        {"data": {"id": "3", "created_at": "2008-12-31T23:59:60Z"}},
        {"id": "3", "created_at": "2008-12-31T23:59:59"},
    ),
    "created_at with an offset becomes UTC": (
        {"data": {"id": ID, "created_at": "2026-10-05T21:00:46+02:00"}},
        {**CREATED},
    ),
    "a long post has its text and its entities in note_tweet": (
        {
            "data": {
                "id": ID,
                "text": "cut…",
                "note_tweet": {"text": "not cut #end", "entities": {"hashtags": [{"tag": "end"}]}},
            }
        },
        {**CREATED, "text": "not cut #end", "hashtags": ["end"]},
    ),
    "the posts dialect says the same": (
        {
            "data": {
                "id": ID,
                "text": "cut…",
                "note_post": {"text": "whole"},
                "edit_history_post_ids": ["2107184000000000000", ID],
                "public_metrics": {"repost_count": 5, "like_count": 6},
                "referenced_posts": [{"type": "quoted", "id": "9"}],
            },
            "includes": {"posts": [{"id": "9", "text": "quoted"}]},
        },
        {
            **CREATED,
            "text": "whole",
            "retweet_count": 5,
            "favorite_count": 6,
            "quote_of": "9",
            "edit_of": "2107184000000000000",
        },
    ),
    "a retweet has the whole text, the entities and the counts of its original": (
        {
            "data": {"id": ID, "text": "RT @leo: the beginn…", "referenced_tweets": [{"type": "retweeted", "id": "9"}]},
            "includes": {
                "tweets": [
                    {
                        "id": "9",
                        "text": "the beginning",
                        "note_tweet": {"text": "the beginning and the end #x"},
                        "entities": {"hashtags": [{"tag": "x"}], "urls": [{"url": "https://t.co/1"}]},
                        "public_metrics": {"retweet_count": 10, "like_count": 20},
                    }
                ]
            },
        },
        {
            **CREATED,
            "text": "RT @leo: the beginning and the end #x",
            "retweet_of": "9",
            "hashtags": ["x"],
            "urls": ["https://t.co/1"],
            "original_retweet_count": 10,
            "original_favorite_count": 20,
        },
    ),
    "a repost in the posts dialect is a retweet": (
        {"data": {"id": ID, "text": "RT @a: b", "referenced_posts": [{"type": "reposted", "id": "9"}]}},
        {**CREATED, "text": "RT @a: b", "retweet_of": "9"},
    ),
    "a retweet whose original X left out keeps its cut text": (
        {"data": {"id": ID, "text": "RT @leo: cut…", "referenced_tweets": [{"type": "retweeted", "id": "9"}]}},
        {**CREATED, "text": "RT @leo: cut…", "retweet_of": "9"},
    ),
    "a post can be a reply and a quote at once": (
        {"data": {"id": ID, "referenced_tweets": [{"type": "quoted", "id": "8"}, {"type": "replied_to", "id": "9"}]}},
        {**CREATED, "quote_of": "8", "reply_to": "9"},
    ),
    "an edit names the first of its chain": (
        {"data": {"id": "3", "text": "c", "edit_history_tweet_ids": ["1", "2", "3"]}},
        {"id": "3", "text": "c", "edit_of": "1"},
    ),
    "empty objects are absent ones": (
        {"data": {"id": ID, "geo": {}, "attachments": {}, "entities": {}, "public_metrics": {}}, "includes": {}},
        {**CREATED},
    ),
    "a point without a place": (
        {"data": {"id": ID, "geo": {"coordinates": {"type": "Point", "coordinates": [-79, 43.5]}}}},
        {**CREATED, "longitude": -79.0, "latitude": 43.5},
    ),
    "rule ids of 2021 are numbers, tags may be null or absent": (
        {"data": {"id": ID}, "matching_rules": [{"id": 12, "tag": None}, {"id": "13"}]},
        {**CREATED, "rules": ["12", "13"]},
    ),
    "an id that is a number is the same id": (
        {"data": {"id": int(ID), "author_id": 42}},
        {**CREATED, "user_id": "42"},
    ),
    "an author whom X left out": (
        {"data": {"id": ID, "author_id": "42"}, "includes": {"users": [{"id": "7", "username": "leo"}]}},
        {**CREATED, "user_id": "42"},
    ),
    "an author without a name": (
        {"data": {"id": ID, "author_id": "42"}, "includes": {"users": [{"id": "42", "username": "maya"}]}},
        {**CREATED, "user_id": "42", "user_username": "maya"},
    ),
    "fields that nobody knows yet change nothing": (
        {"data": {"id": ID, "hologram": {"depth": 3}}, "includes": {"holograms": []}, "surprise": 1},
        {**CREATED},
    ),
    "errors beside data are partial: a good post": (
        {"data": {"id": ID, "text": "hi"}, "errors": [{"title": "Not Found Error"}]},
        {**CREATED, "text": "hi"},
    ),
}


@pytest.mark.parametrize(("message", "expected"), CASES.values(), ids=CASES.keys())
def test_what_a_payload_says(message: dict[str, Any], expected: dict[str, Any]) -> None:
    assert parse(message).columns == {"id": ID, **EMPTY, **expected}


def test_an_edit_replaces_all_versions_before_it_and_none_after() -> None:
    assert parse({"data": {"id": "2", "edit_history_tweet_ids": ["1", "2", "3"]}}).earlier_versions == ("1",)


def test_ids_of_an_edit_may_be_numbers_and_nulls_are_left_out() -> None:
    assert parse({"data": {"id": 3, "edit_history_tweet_ids": [1, None, "2", 3]}}).earlier_versions == ("1", "2")


def test_of_several_included_users_the_author_is_found() -> None:
    users = [{"id": "8", "name": "another"}, {"id": "7", "name": "the author"}]
    assert (
        parse({"data": {"id": ID, "author_id": "7"}, "includes": {"users": users}}).columns["user_name"] == "the author"
    )


def test_what_names_nothing_is_left_out() -> None:
    entities = {
        "hashtags": [{"start": 0}, {"tag": "a"}],
        "mentions": [{}, {"username": "b"}],
        "urls": [{}, {"url": "c"}],
    }
    data = {"id": ID, "referenced_tweets": [{"type": "quoted"}], "entities": entities}
    found = parse({"data": data, "matching_rules": [{}, {"id": ""}, {"id": "1"}]}).columns
    assert [found[name] for name in ("quote_of", "hashtags", "mentions", "urls", "rules")] == [
        None,
        ["a"],
        ["b"],
        ["c"],
        ["1"],
    ]


NOT_READ: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a count of a retweeted post that has no column": (
        {
            "data": {"id": ID, "text": "RT", "referenced_tweets": [{"type": "retweeted", "id": "7"}]},
            "includes": {
                "tweets": [{"id": "7", "text": "all", "public_metrics": {"like_count": 4, "reply_count": []}}]
            },
        },
        {"text": "all", "original_favorite_count": 4},
    ),
    "what a retweeted post has beside its text": (
        {
            "data": {"id": ID, "text": "RT", "referenced_posts": [{"type": "reposted", "id": "7"}]},
            "includes": {"posts": [{"id": "7", "text": "all", "lang": 5, "author_id": {}}]},
        },
        {"text": "all", "retweet_of": "7"},
    ),
    "a post that is answered": (
        {
            "data": {"id": ID, "text": "yes", "referenced_tweets": [{"type": "replied_to", "id": "7"}]},
            "includes": {"tweets": [{"id": "7", "text": 5}]},
        },
        {"text": "yes", "reply_to": "7"},
    ),
    "another account than the author": (
        {
            "data": {"id": ID, "author_id": "7"},
            "includes": {"users": [{"id": "8", "name": 5}, {"id": "7", "name": "the author"}]},
        },
        {"user_name": "the author"},
    ),
    "parts of an article": (
        {"data": {"id": ID, "text": "", "article": {"title": "Title", "text": 5, "cover": [[[[[[]]]]]]}}},
        {"text": "Title"},
    ),
    "the id of a rule that has a tag": (
        {"data": {"id": ID}, "matching_rules": [{"tag": "artist", "id": [[[[[[]]]]]]}]},
        {"rules": ["artist"]},
    ),
}


@pytest.mark.parametrize(("message", "expected"), NOT_READ.values(), ids=NOT_READ.keys())
def test_a_wrong_type_where_no_column_comes_from_rejects_nothing(
    message: dict[str, Any], expected: dict[str, Any]
) -> None:
    columns = parse(message).columns
    assert {name: columns[name] for name in expected} == expected


def test_json_nested_as_deep_as_all_parts_take_is_read() -> None:
    deep = "[" * 199 + "]" * 199
    assert reading.parse(f'{{"data":{{"id":"3","text":"a"}},"new":{deep}}}').text == "a"


@pytest.mark.parametrize(
    "written", ["2006-03-21T20:50:14.000Z", "2099-01-01T00:00:00Z", "2026-10-05T19:00:47Z", "2026-10-05"]
)
def test_an_id_that_holds_its_time_decides_whatever_a_file_says(written: str) -> None:
    """Otherwise one post would have several rows in the view, in several partitions."""
    assert parse({"data": {"id": ID, "created_at": written}}).columns["created_at"] == CREATED["created_at"]


def test_both_ways_to_the_time_agree_so_that_an_id_has_one_created_at() -> None:
    given = parse({"data": {"id": ID, "created_at": "2026-10-05T19:00:46.000Z"}}).columns["created_at"]
    assert given == parse({"data": {"id": ID}}).columns["created_at"]


@pytest.mark.parametrize("number", ["5" * 20, "9" * 300])
def test_a_number_beyond_64_bits_is_of_the_wrong_type(number: str) -> None:
    with pytest.raises(BadMessage, match="like_count: expected integer"):
        reading.parse(f'{{"data":{{"id":"3","text":"a","public_metrics":{{"like_count":{number}}}}}}}')


def test_the_filter_sees_a_quoted_article() -> None:
    quoted = {"id": "9", "text": "https://t.co/x", "article": {"title": "On music", "plain_text": "All."}}
    data = {"id": ID, "text": "look", "referenced_tweets": [{"type": "quoted", "id": "9"}]}
    assert parse({"data": data, "includes": {"tweets": [quoted]}}).quoted_text == "On music\n\nAll."


def test_the_quoted_text_is_kept_for_the_filter() -> None:
    message = {
        "data": {"id": ID, "referenced_tweets": [{"type": "quoted", "id": "9"}]},
        "includes": {"tweets": [{"id": "9", "text": "x"}]},
    }
    assert parse(message).quoted_text == "x"


BAD: dict[str, tuple[str, str, str]] = {
    "a new field, and then no JSON": ('{"data":{"id":"3","mood":1}', "not_json", "not JSON"),
    "the users, beside a new field": (
        '{"data":{"id":"3","author_id":"7","mood":1},"includes":{"users":5}}',
        "wrong_type",
        "includes.users: expected array, got integer",
    ),
    "a rule that only its id could name": (
        '{"data":{"id":"3"},"matching_rules":[{"id":[]}]}',
        "wrong_type",
        "matching_rules.id: expected string",
    ),
    "no JSON": ("{", "not_json", "not JSON"),
    "JSON nested deeper than any part takes": (
        f'{{"data":{{"id":"3"}},"new":{"[" * 200 + "]" * 200}}}',
        "not_json",
        "nested deeper than 200 levels",
    ),
    "an id beyond 64 bits": ('{"data":{"id":"9223372036854775808"}}', "wrong_type", "below 2^63"),
    "a lone surrogate, which no UTF-8 can hold": ('{"data":{"id":"1","text":"\\ud800"}}', "not_json", "not JSON"),
    "not an object": ("[1]", "no_post", "list"),
    "a disconnect, in X's words": (
        '{"errors":[{"title":"operational-disconnect","disconnect_type":"SlowReader"}]}',
        "no_post",
        "SlowReader",
    ),
    "a problem outside errors": ('{"title":"ConnectionException","type":"x"}', "no_post", "ConnectionException"),
    "an unknown kind": ('{"info":{"message":"hello"}}', "no_post", "info"),
    "no data.id": ('{"data":{"text":"x"}}', "no_post", "no data.id"),
    "an id that is no number": ('{"data":{"id":"abc"}}', "wrong_type", "data.id"),
    "an id of 20 digits": ('{"data":{"id":"12345678901234567890"}}', "wrong_type", "data.id"),
    "text that is a number": ('{"data":{"id":"1","text":5}}', "wrong_type", "data.text: expected string, got integer"),
    "data that is a list": ('{"data":[]}', "wrong_type", "data: expected object, got array"),
    "a count that is a string": (
        '{"data":{"id":"1","public_metrics":{"like_count":"3"}}}',
        "wrong_type",
        "data.public_metrics.like_count: expected integer, got string",
    ),
    "the text of an included original": (
        '{"data":{"id":"1","referenced_tweets":[{"type":"retweeted","id":"2"}]},"includes":{"tweets":[{"id":"2","text":5}]}}',
        "wrong_type",
        "includes.tweets[0].text: expected string, got integer",
    ),
    "the note of an included original": (
        '{"data":{"id":"1","referenced_tweets":[{"type":"quoted","id":"2"}]},"includes":{"posts":[{"id":"2","note_post":{"text":5}}]}}',
        "wrong_type",
        "includes.posts[0].note_post.text: expected string, got integer",
    ),
    "a mention of an included original": (
        '{"data":{"id":"1","referenced_tweets":[{"type":"retweeted","id":"2"}]},'
        '"includes":{"tweets":[{"id":"2","entities":{"mentions":[{"username":5}]}}]}}',
        "wrong_type",
        "includes.tweets[0].entities.mentions[0].username: expected string, got integer",
    ),
    "a link of a long post": (
        '{"data":{"id":"1","note_tweet":{"text":"a","entities":{"urls":[{"expanded_url":5}]}}}}',
        "wrong_type",
        "data.note_tweet.entities.urls[0].expanded_url: expected string, got integer",
    ),
    "a note of the other dialect": (
        '{"data":{"id":"1","note_post":5}}',
        "wrong_type",
        "data.note_post: expected object, got integer",
    ),
    "a count that is true": ('{"data":{"id":"1","public_metrics":{"like_count":true}}}', "wrong_type", "like_count"),
    "hashtags that are an object": ('{"data":{"id":"1","entities":{"hashtags":{}}}}', "wrong_type", "hashtags"),
    "a hashtag that is a string": ('{"data":{"id":"1","entities":{"hashtags":["x"]}}}', "wrong_type", "hashtags[0]"),
    "coordinates of three": (
        '{"data":{"id":"1","geo":{"coordinates":{"coordinates":[1,2,3]}}}}',
        "wrong_type",
        "longitude, latitude",
    ),
    "a time that is none": ('{"data":{"id":"1","created_at":"yesterday"}}', "wrong_type", "data.created_at"),
    "a time that UTC cannot hold": (
        '{"data":{"id":"1","created_at":"0001-01-01T00:00:00+14:00"}}',
        "wrong_type",
        "data.created_at",
    ),
}


@pytest.mark.parametrize(("payload", "reason", "words"), BAD.values(), ids=BAD.keys())
def test_a_bad_payload_is_told_with_its_true_reason(payload: str, reason: str, words: str) -> None:
    with pytest.raises(BadMessage, match=r".*") as caught:
        reading.parse(payload)
    assert (caught.value.reason, words in str(caught.value)) == (reason, True), str(caught.value)
