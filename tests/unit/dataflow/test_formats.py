"""Posts in older and other formats become the rows that the same posts of API v2 become, but for what a format does not know."""

import bz2
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from twarc.expansions import flatten

from dataflow import convert, files
from dataflow.convert import Options
from dataflow.errors import UnreadableFile
from local.emulators.x.posts import spread
from local.emulators.x.writer import write
from posts.keywords import Keywords
from tests.support import old_formats
from tests.support.archives import tar_of, zip_of
from warehouse.settings import Settings

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SETTINGS = Settings("p", "d", frozenset(), keep_retweets=True)
OPTIONS = Options(SETTINGS.filter(Keywords()), SETTINGS, 1_700_000_000_000_000, tag="history")
Row = dict[str, Any]
# what a row has beside the post itself
NOT_OF_THE_POST = ("payload", "received_at", "loaded_at")


def some_messages(count: int = 300) -> list[Row]:
    """Return synthetic posts of all kinds in one dialect, without what is newer than API v1.1."""
    made = []
    for post in write(5, spread(count, NOW, NOW - datetime(2026, 11, 21, tzinfo=UTC))):
        message = post.message([{"id": "", "tag": "history"}])
        if "public_metrics" in message["data"] and "referenced_posts" not in message["data"]:
            if "note_post" in message["data"] or "repost_count" in message["data"]["public_metrics"]:
                continue
            message["data"] = {k: v for k, v in message["data"].items() if k not in ("note_tweet",)}
            made.append(json.loads(json.dumps(message)))
        if len(made) == count:
            return made
    raise AssertionError("write goes on for ever")


MESSAGES = some_messages()


def rows_of(*paths: Path) -> dict[str, dict[str, Row]]:
    """Return the rows that an import of files makes, by table and id."""
    tables: dict[str, dict[str, Row]] = {}
    for part in files.divide(files.find([str(path) for path in paths])):
        for record in convert.file_records(part, OPTIONS.tag):
            for table, row_id, row in convert.to_rows(record, OPTIONS, NOW).rows:
                tables.setdefault(table, {})[row.get("id") or row_id] = row
    return tables


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def lines_of(values: Iterable[Any]) -> bytes:
    return b"".join(orjson.dumps(value) + b"\n" for value in values)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    tables = rows_of(written(tmp_path_factory.mktemp("v2"), "v2.jsonl", lines_of(MESSAGES)))
    assert len(tables["tweet_versions"]) == len(MESSAGES)
    return tables["tweet_versions"]


def compare(tables: dict[str, dict[str, Row]], expected: dict[str, Row], without: Iterable[str] = ()) -> None:
    """Compare whole rows. `without` are the columns that the format does not know: they have to be empty."""
    assert "rejected" not in tables, next(iter(tables["rejected"].values()))
    rows = tables["tweet_versions"]
    assert rows.keys() == expected.keys()
    for post_id, row in rows.items():
        unknown = {name for name in without if not row.get(name)}
        left = {*NOT_OF_THE_POST, *unknown}
        found, wanted = (
            {k: v for k, v in one.items() if k not in left and v != ""} for one in (row, expected[post_id])
        )
        assert found == wanted


def source_formats(tables: dict[str, dict[str, Row]]) -> set[str]:
    return {json.loads(row["payload"])["source_format"] for row in tables["tweet_versions"].values()}


# v1.1 has no conversations and no edits
OF_V1 = ("conversation_id", "edit_of")


@pytest.mark.parametrize(
    "change", [dict, old_formats.as_compatible], ids=["twarc 1", "the stream, with texts that are cut"]
)
def test_api_v1(tmp_path: Path, expected: dict[str, Row], change: Callable[[Row], Row]) -> None:
    statuses = [change(old_formats.as_v1(message)) for message in MESSAGES]
    tables = rows_of(written(tmp_path, "tweets.jsonl", lines_of(statuses)))
    compare(tables, expected, OF_V1)
    assert source_formats(tables) == {"API v1.1"}


def test_what_x_s_website_gets(tmp_path: Path, expected: dict[str, Row]) -> None:
    seen_at = 1_767_225_600_000
    captured = [old_formats.as_zeeschuimer(message, seen_at) for message in MESSAGES]
    tables = rows_of(written(tmp_path, "zeeschuimer.ndjson", lines_of(captured)))
    compare(tables, expected, ("edit_of",))
    assert {row["received_at"] for row in tables["tweet_versions"].values()} == {"2026-01-01T00:00:00.000000Z"}
    payload = json.loads(next(iter(tables["tweet_versions"].values()))["payload"])
    assert payload["data"]["public_metrics"]["impression_count"] == 123
    from_4cat = [one["data"] | {"__import_meta": {"timestamp_collected": seen_at}} for one in captured]
    compare(rows_of(written(tmp_path, "4cat.ndjson", lines_of(from_4cat))), expected, ("edit_of",))


def flattened() -> list[Row]:
    return [post for message in MESSAGES for post in flatten({**message, "data": [message["data"]]})]


def test_4cat_s_posts_of_api_v2(tmp_path: Path, expected: dict[str, Row]) -> None:
    tables = rows_of(written(tmp_path, "4cat.ndjson", lines_of(old_formats.as_enriched(post) for post in flattened())))
    compare(tables, expected)
    assert source_formats(tables) == {"4CAT, API v2"}


def test_twarc_csv(tmp_path: Path, expected: dict[str, Row]) -> None:
    tables = rows_of(written(tmp_path, "tweets.csv", old_formats.as_twarc_csv(flattened())))
    # of the posts that a post refers to only their ids are in the table
    compare(without_originals(tables), without_originals({"tweet_versions": expected})["tweet_versions"])
    assert source_formats(tables) == {"twarc-csv"}


def without_originals(tables: dict[str, dict[str, Row]]) -> dict[str, dict[str, Row]]:
    """Leave out what a row has of another post: a retweet's whole text, entities and counts."""
    of_others = ("original_retweet_count", "original_favorite_count", "sentiment")
    rows = {}
    for post_id, row in tables["tweet_versions"].items():
        rows[post_id] = {k: v for k, v in row.items() if k not in of_others}
        if row.get("retweet_of"):
            for name in ("text", "hashtags", "urls", "mentions"):
                rows[post_id].pop(name, None)
    return tables | {"tweet_versions": rows}


def test_tables_of_4cat_and_tcat(tmp_path: Path) -> None:
    of_themselves = [
        message
        for message in MESSAGES
        if not any(one["type"] == "retweeted" for one in message["data"].get("referenced_tweets", []))
    ]
    expected = rows_of(written(tmp_path, "v2.jsonl", lines_of(of_themselves)))["tweet_versions"]
    place = ("tweet_location", "country_code", "longitude", "latitude")
    unknown = {
        "tcat.csv": (old_formats.as_tcat, ("quote_count", "reply_count", *place[:2])),
        "4cat.csv": (old_formats.as_fourcat, ("quote_of", "reply_to", "user_location", *place)),
    }
    for name, (table, columns) in unknown.items():
        tables = rows_of(written(tmp_path, name, table(of_themselves)))
        compare(tables, expected, (*columns, "conversation_id", "edit_of"))


def test_x_s_own_archive(tmp_path: Path) -> None:
    author = {"id": "77", "username": "me", "name": "Me Myself", "location": "Bonn"}
    own = []
    for message in MESSAGES:
        if "referenced_tweets" not in message["data"]:
            data = message["data"] | {"author_id": "77"}
            places = {"places": message["includes"]["places"]} if "places" in message["includes"] else {}
            own.append(message | {"data": data, "includes": {"users": [author]} | places})
    expected = rows_of(written(tmp_path, "v2.jsonl", lines_of(own)))["tweet_versions"]
    posts = written(tmp_path, "tweets.js", old_formats.as_personal(own))
    with pytest.raises(UnreadableFile, match=r"account\.js"):
        rows_of(posts)
    account = {"account": {"accountId": "77", "username": "me", "accountDisplayName": "Me Myself"}}
    written(tmp_path, "account.js", f"window.YTD.account.part0 = [{json.dumps(account)}]")
    profile = {"profile": {"description": {"bio": "x", "location": "Bonn"}}}
    written(tmp_path, "profile.js", f"window.YTD.profile.part0 = [ {json.dumps(profile)} ]")
    tables = rows_of(posts)
    compare(tables, expected, OF_V1)
    assert source_formats(tables) == {"X's data archive"}


def test_academictwitter_s_pairs(tmp_path: Path, expected: dict[str, Row]) -> None:
    for page in range(3):
        messages = MESSAGES[page * 100 : page * 100 + 100]
        includes: dict[str, list[Row]] = {}
        for message in messages:
            for kind, items in message.get("includes", {}).items():
                includes.setdefault(kind, []).extend(items)
        written(tmp_path, f"data_{page}00.json", orjson.dumps([message["data"] for message in messages]))
        written(tmp_path, f"users_{page}00.json", orjson.dumps(includes))
    tables = rows_of(*tmp_path.glob("*.json"))
    compare(tables, expected, ("user_followers_count",))
    assert source_formats(tables) == {"academictwitteR"}


def stream_grab(statuses: list[Row]) -> dict[str, bytes]:
    """Return the files of some minutes, with the notices that the stream sent between the posts."""
    gone = {"delete": {"status": {"id": 1, "id_str": statuses[0]["id_str"], "user_id_str": "3"}, "timestamp_ms": "1"}}
    notices: list[Row] = [gone, {"limit": {"track": 3, "timestamp_ms": "1"}}]
    minutes = [[*statuses[:150], *notices], statuses[150:]]
    return {
        f"2017/03/01/10/{minute:02}.json.bz2": bz2.compress(lines_of(lines)) for minute, lines in enumerate(minutes)
    }


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        pytest.param("day.tar", tar_of, id="tar"),
        pytest.param("month.tar.gz", partial(tar_of, mode="w:gz"), id="tar.gz"),
        pytest.param("day.zip", lambda content: zip_of(("README.txt", b"what this is"), *content.items()), id="zip"),
    ],
)
def test_the_internet_archive_s_stream_grab(
    tmp_path: Path, expected: dict[str, Row], name: str, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    statuses = [old_formats.as_compatible(old_formats.as_v1(message)) for message in MESSAGES]
    tables = rows_of(written(tmp_path, name, pack(stream_grab(statuses))))
    assert tables.pop("deletions") == {
        statuses[0]["id_str"]: {
            "id": statuses[0]["id_str"],
            "chain_id": statuses[0]["id_str"],
            "reason": "deleted",
            "event": "import",
            "at": "2026-11-22T00:00:00.000000Z",
        }
    }
    compare(tables, expected, OF_V1)


def test_where_a_rejected_line_stands_in_an_archive(tmp_path: Path) -> None:
    content = {"10/00.json.bz2": bz2.compress(b'{"id_str": "1", "text": "a", "user": {}}\n{"broken\n')}
    tables = rows_of(written(tmp_path, "day.tar", tar_of(content, "w")))
    (row,) = tables["rejected"].values()
    assert json.loads(row["attributes"]) == {
        "file": f"{tmp_path / 'day.tar'}: 10/00.json.bz2",
        "line": "2",
        "message": "1",
    }


def test_a_list_of_ids_is_said_to_be_one_with_the_price_of_the_posts(tmp_path: Path) -> None:
    ids = written(tmp_path, "ids.txt", "tweet_id\n1990000000000000301\n1990000000000000302\n")
    with pytest.raises(UnreadableFile, match=r"list of ids.*\$0\.005 each"):
        rows_of(ids)


def test_an_archive_without_posts_is_refused(tmp_path: Path) -> None:
    for name, content in (
        ("a.tar", tar_of({"a.txt": b"hello"}, "w")),
        ("b.zip", zip_of(("a.txt", b"hello"), ("b.txt", b"hello"))),
    ):
        with pytest.raises(UnreadableFile, match="no file holds posts"):
            rows_of(written(tmp_path, name, content))
