"""A user's own posts from files: X's messages, twarc's pages, posts alone."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from local.emulators.x import posts_file

USERS = [{"id": "7", "username": "ann"}, {"id": "8", "username": "bob"}]
POST = {"id": "1", "text": "hi", "author_id": "7", "created_at": "2026-11-01T12:00:00.000Z"}
OTHER = {"id": "2", "text": "RT @ann: hi", "author_id": "8", "referenced_tweets": [{"type": "retweeted", "id": "1"}]}


def write(folder: Path, *lines: Any, name: str = "posts.jsonl") -> Path:
    path = folder / name
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def test_a_page_of_twarc_gives_each_post_what_it_names(tmp_path: Path) -> None:
    place = {"id": "p", "full_name": "Paris"}
    page = {
        "data": [POST, OTHER | {"geo": {"place_id": "p"}}],
        "includes": {"users": USERS, "tweets": [POST], "places": [place]},
    }
    one, other = posts_file.read(write(tmp_path, page))
    assert one.includes == {"users": USERS[:1]}
    assert other.includes == {"users": USERS, "tweets": [POST], "places": [place]}
    assert one.created_at.isoformat() == "2026-11-01T12:00:00+00:00"


def test_messages_and_posts_alone_and_a_compressed_file(tmp_path: Path) -> None:
    lines = ({"data": POST, "includes": {"users": USERS}, "matching_rules": [{"id": "3"}]}, "", OTHER)
    for name in ("posts.jsonl", "posts.jsonl.gz"):
        assert [post.id for post in posts_file.read(write(tmp_path, *lines, name=name))] == ["1", "2"]


def test_an_edit_replaces_what_came_before_and_a_post_that_comes_twice_is_one(tmp_path: Path) -> None:
    edit = POST | {"id": "9", "edit_history_tweet_ids": ["1", "9"]}
    posts = posts_file.read(write(tmp_path, POST, edit, edit))
    assert [(post.id, post.replaces) for post in posts] == [("1", ()), ("9", ("1",))]


BAD = {
    "no JSON": (["{broken"], "line 1: no JSON"),
    "no object": (["[1, 2]"], "line 1: no JSON object"),
    "no post": ([POST, {"id": "x", "text": "hi"}], "line 2: no post of X's"),
    "no text": ([{"data": {"id": "1"}}], "id and text are missing"),
    "no time": ([POST | {"created_at": "yesterday"}], "created_at is no time: yesterday"),
    "nothing": ([], "has no post"),
}


@pytest.mark.parametrize(("lines", "words"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_read_is_said_with_its_line(tmp_path: Path, lines: list[Any], words: str) -> None:
    with pytest.raises(posts_file.BadFile, match=words):
        posts_file.read(write(tmp_path, *lines))


def test_a_file_that_is_no_gzip_is_said(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl.gz"
    path.write_text("{}")
    with pytest.raises(posts_file.BadFile, match="cannot be read"):
        posts_file.read(path)
