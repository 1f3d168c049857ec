"""The shapes of X's JSON in files, and what becomes of each: compared with the same posts as the stream sends them."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from twarc.expansions import flatten

from dataflow import lines
from dataflow.lines import Record
from posts.errors import BadMessage
from posts.keywords import Keywords
from posts.message import Delivery, Message
from posts.rows import make_rows
from tests.support import x_messages
from tests.support.x_samples import SAMPLES
from warehouse.settings import Settings

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SETTINGS = Settings("p", "d", frozenset(), keep_retweets=True)
ORIGINAL = x_messages.post(
    1,
    "the original, whole",
    public_metrics={"retweet_count": 7, "like_count": 9, "reply_count": 0, "quote_count": 0},
    entities={"hashtags": [{"start": 0, "end": 1, "tag": "whole"}]},
)
RETWEET = x_messages.post(
    2,
    "RT @user771: the orig…",
    geo={"place_id": "p1", "coordinates": {"type": "Point", "coordinates": [1.5, 2.5]}},
    attachments={"media_keys": ["3_1"]},
    entities={"mentions": [{"start": 3, "end": 11, "username": "user771", "id": "771"}]},
    **x_messages.refer("retweeted", ORIGINAL),
)
QUOTE = x_messages.post(3, "look at this", in_reply_to_user_id="771", **x_messages.refer("quoted", ORIGINAL))
ALONE = x_messages.post(4, "nothing but a text")
PLACE = {
    "id": "p1",
    "full_name": "Berlin, Germany",
    "name": "Berlin",
    "country_code": "DE",
    "geo": {"type": "Feature", "bbox": [1, 2, 3, 4]},
}
MEDIA = {"media_key": "3_1", "type": "photo"}


def user(post: dict[str, Any]) -> dict[str, Any]:
    name = post["author_id"]
    return {"id": name, "name": f"name of {name}", "username": f"user{name}", "public_metrics": {"followers_count": 3}}


def page() -> dict[str, Any]:
    """Return four posts that share their includes, as search returns them and twarc2 writes them."""
    return {
        "data": [RETWEET, QUOTE, ALONE, ORIGINAL],
        "includes": {
            "users": [user(p) for p in (ORIGINAL, RETWEET, QUOTE, ALONE)],
            "tweets": [ORIGINAL],
            "places": [PLACE],
            "media": [MEDIA],
        },
        "meta": {"result_count": 4},
        "__twarc": {
            "url": "https://api.twitter.com/2/tweets/search/all",
            "version": "2.14.0",
            "retrieved_at": "2025-03-01T10:00:00+00:00",
        },
    }


def streamed() -> list[dict[str, Any]]:
    """The same posts, each as the stream would have sent it."""
    original = {"tweets": [ORIGINAL]}
    return [
        {
            "data": RETWEET,
            "matching_rules": [],
            "includes": {"users": [user(RETWEET), user(ORIGINAL)], "media": [MEDIA], "places": [PLACE], **original},
        },
        {"data": QUOTE, "includes": {"users": [user(QUOTE), user(ORIGINAL)], **original}, "matching_rules": []},
        {"data": ALONE, "includes": {"users": [user(ALONE)]}, "matching_rules": []},
        {"data": ORIGINAL, "includes": {"users": [user(ORIGINAL)]}, "matching_rules": []},
    ]


def rows(record: Record) -> list[dict[str, Any]]:
    """Return the rows of a message; its payload as an object, because only the order of fields may differ."""
    message = Message("", record.payload, record.received_at or 0, record.source)
    result = make_rows(Delivery(b"", ""), SETTINGS.filter(Keywords()), NOW, message)
    return [row | {"payload": _sorted(orjson.loads(row["payload"]))} for _, _, row in result.rows]


def _sorted(message: dict[str, Any]) -> dict[str, Any]:
    """Return included objects in the order of their ids, because X promises no order."""
    includes = {
        kind: sorted(items, key=lambda one: str(one.get("id") or one.get("media_key")))
        for kind, items in message.get("includes", {}).items()
    }
    return message | ({"includes": includes} if includes else {})


def as_streamed(post: dict[str, Any], at: int) -> list[dict[str, Any]]:
    return rows(Record(orjson.dumps(post).decode(), at))


def test_a_page_of_twarc2_gives_the_rows_of_the_stream() -> None:
    found = list(lines.read(orjson.dumps(page())))
    at = int(datetime(2025, 3, 1, 10, tzinfo=UTC).timestamp()) * 1_000_000
    assert [rows(one) for one in found] == [as_streamed(post, at) for post in streamed()]
    assert {one.source for one in found} == {"import"}


def test_posts_that_twarc2_flattened_give_the_rows_of_the_stream() -> None:
    flattened = flatten(copy.deepcopy(page()))
    assert flattened[0]["author"]["username"] == "user772"
    assert flattened[0]["referenced_tweets"][0]["text"] == "the original, whole"
    found = [record for post in flattened for record in lines.read(orjson.dumps(post))]
    at = int(datetime(2025, 3, 1, 10, tzinfo=UTC).timestamp()) * 1_000_000
    assert [rows(one) for one in found] == [as_streamed(post, at) for post in streamed()]


def test_a_page_whose_posts_refer_to_everything_is_bounded() -> None:
    """0.4 MB of such a page would become 400 MB of messages."""
    names = [{"id": str(n), "username": f"u{n}", "name": "n" * 100} for n in range(1_500)]
    mentions = [{"username": user["username"]} for user in names]
    posts = [{"id": str(n), "text": "a", "entities": {"mentions": mentions}} for n in range(150)]
    line = orjson.dumps({"data": posts, "includes": {"users": names}})
    found = [record for record, _ in lines.messages(line)]
    assert len(found) == 150
    good = [record for record in found if isinstance(record, Record)]
    assert sum(len(record.payload) for record in good) <= 50 * len(line)
    small = orjson.dumps({"data": posts[:20], "includes": {"users": names[:20]}})
    assert all(isinstance(record, Record) for record, _ in lines.messages(small))


STREAMED = b'{"data":{"id":"1","text":"a"},"matching_rules":[{"id":"9","tag":"music"}]}'
POST = b'{"id":"1","text":"a"}'
AS_MESSAGE = '{"data":{"id":"1","text":"a"},"matching_rules":[]}'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            STREAMED + b"\r\n", [Record(STREAMED.decode())], id="a message of the stream is kept byte for byte"
        ),
        pytest.param(b" " + STREAMED, [Record(STREAMED.decode())], id="spaces before it are not"),
        pytest.param(b"\xef\xbb\xbf" + POST, [Record(AS_MESSAGE)], id="a byte order mark"),
        pytest.param(POST, [Record(AS_MESSAGE)], id="a post alone"),
        pytest.param(b"[" + POST + b"," + POST + b"]", [Record(AS_MESSAGE)] * 2, id="posts in an array"),
        pytest.param(b"\r\n", [], id="a keep-alive is nothing"),
        pytest.param(b'{"meta":{"result_count":0}}', [], id="an empty page is nothing"),
        pytest.param(
            b'{"id":"1","payload":"{\\"data\\":{}}","received_at":5,"source":"stream"}',
            [Record('{"data":{}}', 5)],
            id="a message of the topic",
        ),
        pytest.param(
            b'{"id":"1","payload":{"data":{}},"received_at":"2026-11-22 10:00:00.5 UTC","source":"doctor"}',
            [Record('{"data":{}}', 1_795_341_600_500_000, "doctor")],
            id="a row of archive, exported; a canary stays one",
        ),
        pytest.param(
            b'{"errors":[{"title":"Not Found Error"}]}',
            [Record('{"errors":[{"title":"Not Found Error"}]}')],
            id="what X says instead of a post is left to the row code",
        ),
    ],
)
def test_a_line_is_read(line: bytes, expected: list[Record]) -> None:
    assert [record for record, _ in lines.messages(line)] == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(b'{"data":', "not_json", id="cut off"),
        pytest.param(b"\xff{}", "not_json", id="not UTF-8"),
        pytest.param(b"id,text", "not_json", id="CSV"),
        pytest.param(b'"text"', "no_post", id="a string"),
        pytest.param(b"[1]", "no_post", id="an array of numbers"),
        pytest.param(b'{"payload":5}', "not_a_message", id="a payload that is a number"),
    ],
)
def test_a_line_that_is_none_of_the_shapes_is_told_with_its_reason(line: bytes, reason: str) -> None:
    with pytest.raises(BadMessage) as raised:
        list(lines.read(line))
    assert raised.value.reason == reason


def test_a_tag_is_given_to_messages_that_name_no_rule() -> None:
    tagged = [{"id": "", "tag": "history"}]
    for line in (POST, orjson.dumps({"data": [{"id": "1", "text": "a"}]}), b'{"data":{"id":"1","text":"a"}}'):
        (record,) = lines.read(line, "history")
        assert orjson.loads(record.payload)["matching_rules"] == tagged
    (record,) = lines.read(STREAMED, "history")
    assert orjson.loads(record.payload)["matching_rules"] == [{"id": "9", "tag": "music"}]


@pytest.mark.parametrize(
    "wrap", [lambda one: one, lambda one: {"payload": one}, lambda one: {"payload": orjson.dumps(one).decode()}]
)
def test_profiles_of_people_who_wrote_none_of_the_posts_are_left_out(wrap: Any) -> None:
    """remove_deleted finds people by their posts, so it would never find these."""
    author, other = ({"id": one, "username": f"user{one}", "name": f"name {one}"} for one in ("7", "8"))
    message = {"data": {"id": "1", "text": "@user8 hello", "author_id": "7"}, "includes": {"users": [other, author]}}
    (record,) = lines.read(orjson.dumps(wrap(message)))
    assert orjson.loads(record.payload)["includes"] == {"users": [author]}
    kept = message | {"includes": {"users": [author]}}
    (record,) = lines.read(orjson.dumps(wrap(kept)))
    assert record.payload == orjson.dumps(kept).decode(), "byte for byte, where nothing is left out"


USER = {"id": "7", "username": "user7"}
OTHER = {"id": "8", "username": "user8"}
OWN = {"id": "1", "text": "x", "author_id": "7"}
EITHER_WAY: dict[str, Any] = {
    "an author alone": {"data": OWN, "includes": {"users": [USER]}},
    "another one too": {"data": OWN, "includes": {"users": [USER, OTHER]}},
    "an author of a quoted post": {
        "data": OWN,
        "includes": {"users": [USER, OTHER], "tweets": [{"id": "2", "author_id": "8"}]},
    },
    "the same in the new dialect": {
        "data": OWN,
        "includes": {"users": [OTHER], "posts": [{"id": "2", "author_id": "8"}]},
    },
    "an id that is a number": {"data": OWN | {"author_id": 7}, "includes": {"users": [USER | {"id": 7}]}},
    "a user without an id": {"data": {"id": "1", "text": "x"}, "includes": {"users": [{"username": "a"}]}},
    "users that are none": {"data": OWN, "includes": {"users": None}},
    "includes that are none": {"data": OWN, "includes": None},
    "a private message": {"data": OWN | {"event_type": "MessageCreate"}},
    "a private message with its sender": {"data": OWN | {"event_type": None}, "includes": {"users": [USER]}},
    "an account": {"data": {"id": "1", "description": 'my "text"'}},
    "a post without an id": {"data": {"text": "x"}},
    "data that are none": {"data": None},
    "a message of the topic": {"data": OWN, "payload": "{}"},
    "what twarc wrote": {"data": OWN, "__twarc": {"retrieved_at": "2026-11-20T00:00:00Z"}},
    "twarc in a text": {"data": OWN | {"text": '"__twarc" "includes"'}},
}


@pytest.mark.parametrize("message", EITHER_WAY.values(), ids=EITHER_WAY.keys())
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["close", "spaced"])
def test_a_message_that_is_kept_unparsed_is_what_parsing_it_gives(message: Any, separators: tuple[str, str]) -> None:
    text = json.dumps(message, separators=separators)
    assert list(lines.read(text.encode())) == list(lines._read(message, text, ""))


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
def test_real_shapes_are_read_alike_whether_they_are_parsed_or_not(sample: list[str]) -> None:
    for text in sample:
        assert list(lines.read(text.encode())) == list(lines._read(orjson.loads(text), text, ""))
