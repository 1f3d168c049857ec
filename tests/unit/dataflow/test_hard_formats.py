"""Old formats as they come: damaged archives, odd values, other platforms. A fault costs one message, and none is lost in silence."""

import bz2
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from dataflow import convert, files
from dataflow.convert import Options
from dataflow.errors import UnreadableFile
from posts.keywords import Keywords
from tests.support import old_formats
from tests.support.archives import tar_of, zip_of
from tests.support.x_messages import message, post
from warehouse.settings import Settings

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SETTINGS = Settings("p", "d", frozenset(), keep_retweets=True)
OPTIONS = Options(SETTINGS.filter(Keywords()), SETTINGS, 1_700_000_000_000_000)
Row = dict[str, Any]


def status(number: int, **more: Any) -> Row:
    made = old_formats.as_v1(message(post(number, f"post {number}", lang="en")))
    made["user"] = {"id_str": "771", "screen_name": "user771", "name": "Name", "followers_count": 3}
    return made | more


def lines(*numbers: int) -> bytes:
    return b"".join(orjson.dumps(status(number)) + b"\n" for number in numbers)


def imported(folder: Path, name: str, content: bytes) -> tuple[list[Row], list[str]]:
    """Return the rows of posts, and why the other messages were rejected."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    rows, reasons = [], []
    for part in files.divide(files.find([str(path)])):
        for record in convert.file_records(part, ""):
            result = convert.to_rows(record, OPTIONS, NOW)
            rows += [row for table, _, row in result.rows if table == "tweet_versions"]
            reasons += [result.reason] * (result.outcome == "rejected")
    return rows, reasons


def loaded(folder: Path, name: str, content: bytes) -> tuple[list[str], list[str]]:
    rows, reasons = imported(folder, name, content)
    return [row["text"] for row in rows], reasons


def texts(*numbers: int) -> list[str]:
    return [f"post {number}" for number in numbers]


SHAPES = {
    "lines": lines(1, 2),
    "with a byte order mark": b"\xef\xbb\xbf" + lines(1, 2),
    "UTF-16": lines(1, 2).decode().encode("utf-16"),
    "an indented array": orjson.dumps([status(1), status(2)], option=orjson.OPT_INDENT_2),
    "an array of lines": b"[\n" + orjson.dumps(status(1)) + b",\n" + orjson.dumps(status(2)) + b"\n]",
    "bz2": bz2.compress(lines(1, 2)),
}


@pytest.mark.parametrize("mode", ["w", "w:gz"], ids=["tar", "tar.gz"])
@pytest.mark.parametrize("content", SHAPES.values(), ids=SHAPES.keys())
def test_a_file_in_an_archive_is_read_as_it_would_be_alone(tmp_path: Path, content: bytes, mode: str) -> None:
    archive = tar_of({"a.json": content, "readme.txt": b"hello", "b.json": lines(3), "empty.json": b""}, mode)
    assert loaded(tmp_path, "grab.tar", archive) == (texts(1, 2, 3), [])


@pytest.mark.parametrize("mode", ["w", "w:gz"], ids=["tar", "tar.gz"])
def test_a_table_in_an_archive(tmp_path: Path, mode: str) -> None:
    table = b"id,time,from_user_name,from_user_id,text\n1990000000000000301,1763800000,ann,7,post 9\n"
    assert loaded(tmp_path, "grab.tar", tar_of({"a.csv": table, "b.json": lines(1)}, mode)) == (texts(9, 1), [])


@pytest.mark.parametrize("packed", [False, True], ids=["tar", "tar.gz"])
def test_a_header_that_is_damaged_is_said_and_does_not_end_the_archive_in_silence(tmp_path: Path, packed: bool) -> None:

    archive = bytearray(tar_of({"a.json": lines(1, 2), "b.json": lines(3)}))
    second = archive.index(b"b.json")
    archive[second + 148 : second + 156] = b"00000000"  # its checksum
    content = gzip.compress(bytes(archive)) if packed else bytes(archive)
    assert loaded(tmp_path, "grab.tar", content) == (texts(1, 2), ["cut_off"])


@pytest.mark.parametrize("mode", ["w", "w:gz"], ids=["tar", "tar.gz"])
def test_damage_in_one_file_costs_no_other(tmp_path: Path, mode: str) -> None:
    damaged = bytearray(bz2.compress(lines(4, 5)))
    damaged[len(damaged) // 2] ^= 0xFF
    content = {"1.bz2": bz2.compress(lines(1, 2)), "2.bz2": bytes(damaged), "3.bz2": bz2.compress(lines(3))}
    assert loaded(tmp_path, "grab.tar", tar_of(content, mode)) == (texts(1, 2, 3), ["cut_off"])


def test_of_an_archive_that_is_cut_all_that_can_be_read_is_loaded(tmp_path: Path) -> None:
    whole = tar_of({"1.json": lines(1, 2), "2.json": lines(3, 4, 5)})
    cut = whole[: whole.index(b"post 5")]

    for name, content, why in (("a.tar", cut, ["not_json", "cut_off"]), ("a.tar.gz", gzip.compress(cut), ["cut_off"])):
        found, reasons = loaded(tmp_path, name, content)
        assert (found, reasons[-1]) == (texts(1, 2, 3, 4), "cut_off"), name
        assert set(reasons) <= set(why) | {"not_json"}


def test_an_archive_in_an_archive_is_refused_or_said(tmp_path: Path) -> None:
    inner = zip_of(("1.json", lines(1)), ("2.json", lines(2)))
    for name, content in (
        ("a.tar", tar_of({"in.zip": inner, "b.json": lines(3)})),
        ("a.zip", zip_of(("in.zip", inner), ("b.json", lines(3)))),
    ):
        with pytest.raises(UnreadableFile, match=r"in\.zip, which holds another archive"):
            loaded(tmp_path, name, content)
    archive = tar_of({"in.zip": inner, "b.json": lines(3)}, "w:gz")
    assert loaded(tmp_path, "a.tar.gz", archive) == (texts(3), ["cut_off"])


def test_two_files_of_one_name_in_a_zip_are_both_read(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        content = zip_of(("a.json", lines(1, 2)), ("a.json", lines(3)))
    assert loaded(tmp_path, "a.zip", content) == (texts(1, 2, 3), [])


def test_a_compressed_file_alone_in_a_zip(tmp_path: Path) -> None:
    assert loaded(tmp_path, "a.zip", zip_of(("a.json.bz2", bz2.compress(lines(1, 2))))) == (texts(1, 2), [])


def test_a_damaged_file_in_a_zip_costs_no_other(tmp_path: Path) -> None:
    content = bytearray(zip_of(("a.json", lines(1)), ("b.json", lines(2))))
    content[content.index(b"post 1")] ^= 0x01
    rows, reasons = loaded(tmp_path, "a.zip", bytes(content))
    assert (rows[-1], reasons) == ("post 2", ["cut_off"])


def test_a_name_that_is_not_utf_8_can_be_written(tmp_path: Path) -> None:
    archive = tar_of({"caf\udce9.json": lines(1) + b'{"broken\n', "b.json": lines(2)})
    assert loaded(tmp_path, "a.tar", archive) == (texts(1, 2), ["not_json"])


def test_x_s_archive_as_a_zip_is_told_to_be_unpacked(tmp_path: Path) -> None:
    content = zip_of(("data/tweets.js", b"window.YTD.tweets.part0 = []"), ("data/account.js", b"x"))
    with pytest.raises(UnreadableFile, match=r"unpack it, and name data/tweets\.js"):
        loaded(tmp_path, "twitter.zip", content)


ODD = {
    "a count of more than 64 bits": {"retweet_count": "9" * 30},
    "a year that there is not": {"created_at": "Mon Jan 01 00:00:00 +1400 0001"},
    "a point that is none": {"coordinates": None, "geo": {"type": "Point", "coordinates": ["nan", 7.1]}},
    "an author's count that is a text": {"user": {"id_str": "7", "screen_name": "a", "followers_count": "12.0"}},
    "an author's count of more than 64 bits": {
        "user": {"id_str": "7", "screen_name": "a", "followers_count": "9" * 30}
    },
    "no reply": {"in_reply_to_status_id": 0},
    "an outline that is flat": {"place": {"id": "p", "bounding_box": {"coordinates": [1, 2]}}},
}


@pytest.mark.parametrize("more", ODD.values(), ids=ODD.keys())
def test_an_odd_value_is_left_out_and_the_post_is_loaded(tmp_path: Path, more: Row) -> None:
    rows, reasons = imported(tmp_path, "a.json", orjson.dumps(status(1, **more)) + b"\n" + lines(2))
    assert ([row["text"] for row in rows], reasons) == (texts(1, 2), [])
    assert "reply_to" not in rows[0] or rows[0]["reply_to"] is None
    assert rows[0].get("latitude") is None


def test_ids_that_are_numbers_alone(tmp_path: Path) -> None:
    def without_texts(one: Row) -> Row:
        return {name: value for name, value in one.items() if name != "id_str"} | {"id": int(one["id_str"])}

    retweet = status(2, retweeted_status=without_texts(status(1)), user={"id": 5, "screen_name": "ann", "name": "Ann"})
    rows, reasons = imported(tmp_path, "a.json", orjson.dumps(without_texts(retweet)))
    assert reasons == []
    assert [(row["user_id"], row["retweet_of"]) for row in rows] == [("5", status(1)["id_str"])]


@pytest.mark.parametrize("post_id", ["abc", 9e30, "", None])
def test_a_notice_about_no_post_is_no_deletion(tmp_path: Path, post_id: Any) -> None:
    notice = orjson.dumps({"delete": {"status": {"id_str": post_id}}})
    part = files.divide(files.find([str(_written(tmp_path, notice + b"\n" + lines(1)))]))[0]
    found = [convert.to_rows(record, OPTIONS, NOW).outcome for record in convert.file_records(part, "")]
    assert "deletions" not in found


def _written(folder: Path, content: bytes) -> Path:
    path = folder / "a.json"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("platform", ["threads.net", "tiktok.com"])
def test_posts_of_another_platform_are_not_taken_for_x_s(tmp_path: Path, platform: str) -> None:
    line = {"source_platform": platform, "data": {"id": "3112233", "text": "hello"}}
    assert loaded(tmp_path, "a.ndjson", orjson.dumps(line)) == ([], ["no_post"])
    header = b"id,thread_id,author,author_full,author_followers,timestamp,body\n7123456789012345678,7,ann,Ann,3,2026-01-01,x\n"
    with pytest.raises(UnreadableFile, match="no JSON"):
        loaded(tmp_path, "a.csv", header)


def test_a_post_whose_visibility_is_limited_is_one_level_deeper(tmp_path: Path) -> None:
    tweet = old_formats.as_website(
        {
            "data": post(1, "post 1"),
            "includes": {"users": [{"id": post(1, "")["author_id"], "name": "N", "username": "n"}]},
        }
    )
    line = {"source_platform": "x.com", "data": {"__typename": "TweetWithVisibilityResults", "tweet": tweet}}
    assert loaded(tmp_path, "a.ndjson", orjson.dumps(line)) == (texts(1), [])


TABLE = "id,time,from_user_name,from_user_id,text,lang,lat,lng,retweet_count\n"
ROWS = {
    "a count of more than 64 bits": ("1990000000000000301,1763800000,ann,7,post 1,en,,,1e30", "post 1", ""),
    "a carriage return": ("1990000000000000301,1763800000,ann,7,one\rtwo,en,,,1", "one two", ""),
    "no text": ("1990000000000000301,1763800000,ann,7,,en,,,1", "", ""),
    "the point of nowhere": ("1990000000000000301,1763800000,ann,7,post 1,NULL,0,0,1", "post 1", ""),
    "quotes that shift the cells": (
        r'1990000000000000301,1763800000,ann,7,"he said \"yes, no, maybe\" ok",en,,,1',
        None,
        "no_post",
    ),
}


@pytest.mark.parametrize(("row", "text", "reason"), ROWS.values(), ids=ROWS.keys())
def test_an_odd_row_of_a_table(tmp_path: Path, row: str, text: str | None, reason: str) -> None:
    good = "1990000000000000302,1763800000,ben,8,post 2,en,50.1,7.1,1\n"
    rows, reasons = imported(tmp_path, "a.csv", (TABLE + row + "\n" + good).encode())
    assert [one["text"] for one in rows] == [*([text] if text is not None else []), "post 2"]
    assert len(reasons) == bool(reason)
    if text is not None:
        assert (rows[0].get("lang") in ("en", None), rows[0].get("latitude")) == (True, None)
    assert rows[-1]["latitude"] == 50.1


def test_a_path_that_is_a_value_and_a_folder_at_once(tmp_path: Path) -> None:
    header, row = "id,text,created_at,author.username,geo,geo.id", "1990000000000000301,post 1,,ann,somewhere,p"
    assert loaded(tmp_path, "a.csv", f"{header}\n{row}\n".encode()) == (texts(1), [])


def test_a_table_whose_lines_end_as_on_an_old_mac(tmp_path: Path) -> None:
    content = TABLE + "1990000000000000301,1763800000,ann,7,post 1,en,,,1\n"
    assert loaded(tmp_path, "a.csv", content.replace("\n", "\r").encode()) == (texts(1), [])


def test_what_is_read_with_a_file_belongs_to_it(tmp_path: Path) -> None:
    posts = tmp_path / "tweets.js"
    posts.write_text("window.YTD.tweets.part0 = []")
    (file,) = files.find([str(posts)])
    before = files.fingerprint(file)
    (tmp_path / "account.js").write_text(json.dumps([{"account": {"accountId": "1"}}]))
    assert files.fingerprint(file) != before


def test_a_folder_may_be_called_as_the_files_are(tmp_path: Path) -> None:
    folder = tmp_path / "users_2020"
    folder.mkdir()
    data = post(1, "post 1")
    (folder / "data_1.json").write_bytes(orjson.dumps([data]))
    users = {"users": [{"id": data["author_id"], "name": "N", "username": "n"}]}
    (folder / "users_1.json").write_bytes(b"\xef\xbb\xbf" + orjson.dumps(users))
    parts = files.divide(files.find([str(folder / "*.json")]))
    rows = [
        row
        for part in parts
        for record in convert.file_records(part, "")
        for _, _, row in convert.to_rows(record, OPTIONS, NOW).rows
    ]
    assert [(row["text"], row["user_username"]) for row in rows] == [("post 1", "n")]
