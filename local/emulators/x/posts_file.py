"""Reads a user's own posts from X's JSON lines, to send in place of synthetic ones."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from .posts import Object, Post


class BadFile(Exception):
    """The file cannot be read; the text says why."""


def read(path: Path) -> list[Post]:
    """Read messages of the stream, pages of twarc2 with shared includes, or posts alone, one a line; .gz too. Raises BadFile."""
    posts: dict[str, Post] = {}
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    posts |= {post.id: post for post in _posts_in_line(line, f"{path}, line {number}")}
    except (OSError, EOFError) as error:
        raise BadFile(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if not posts:
        raise BadFile(f"{path} has no post.")
    return list(posts.values())


def _posts_in_line(line: bytes, where: str) -> Iterator[Post]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadFile(f"{where}: no JSON ({error}). Write one post, message or page of X's a line.") from None
    if not isinstance(value, dict):
        raise BadFile(f"{where}: no JSON object. Write one post, message or page of X's a line.")
    data = value.get("data", value)
    for post in data if isinstance(data, list) else [data]:
        yield _post(post, value.get("includes") or {}, where)


def _post(data: Any, includes: Object, where: str) -> Post:
    if not isinstance(data, dict) or not str(data.get("id", "")).isdecimal() or "text" not in data:
        raise BadFile(f"{where}: no post of X's: id and text are missing. A message has them under data.")
    text = str(data.get("created_at") or "")
    try:
        created_at = datetime.fromisoformat(text.replace("Z", "+00:00")) if text else datetime.now(UTC)
    except ValueError:
        raise BadFile(f"{where}: created_at is no time: {text[:40]}.") from None
    history = data.get("edit_history_tweet_ids") or data.get("edit_history_post_ids") or []
    return Post(str(data["id"]), created_at, data, _its_own(data, includes), kept=True, replaces=tuple(history[:-1]))


def _its_own(data: Object, includes: Object) -> Object:
    """Return those of a page's shared objects that this post names."""
    others = [
        str(reference.get("id")) for reference in data.get("referenced_tweets") or data.get("referenced_posts") or []
    ]
    posts = [post for post in includes.get("tweets") or includes.get("posts") or [] if str(post.get("id")) in others]
    people = {data.get("author_id"), data.get("in_reply_to_user_id"), *(post.get("author_id") for post in posts)}
    place = (data.get("geo") or {}).get("place_id")
    included = {
        "users": [user for user in includes.get("users") or [] if user.get("id") in people],
        "tweets": posts,
        "places": [item for item in includes.get("places") or [] if item.get("id") == place],
    }
    return {name: listed for name, listed in included.items() if listed}
