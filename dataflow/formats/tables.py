"""Reads CSV and TSV of 4CAT, DMI-TCAT and twarc-csv: which of them it is, its header says.

Such tables leave out much. Which post a retweet repeats is in twarc-csv's only; places and points are where a column has them.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from posts.includes import Object

from ..units import Unit
from ..unpack import CutOff
from .values import as_json, finite_number, whole_number, without_empty

_DELIMITERS = (",", ";", "\t")
_LONGEST_HEADER = 20_000  # characters; twarc-csv has 83 columns
Row = dict[str, str]


def detect(header: bytes) -> tuple[str, str] | None:
    """Return the table's name and its delimiter; None for a header of none of them."""
    text = header.decode("utf-8", "replace")
    if text.startswith(("{", "[")) or len(text) > _LONGEST_HEADER:
        return None
    for delimiter in _DELIMITERS:
        try:
            columns = set(next(csv.reader([text], delimiter=delimiter), []))
        except csv.Error:
            return None
        for name, (needed, _) in _TABLES.items():
            if needed <= columns:
                return name, delimiter
    return None


def read(blocks: Iterable[bytes], name: str, delimiter: str, most: int) -> Iterator[Unit]:
    """Yield a message, or a post flattened as twarc2 does, for each row. A row without an id is passed on as JSON, and rejected."""
    csv.field_size_limit(most)
    make = _TABLES[name][1]
    reader = csv.reader(_lines(blocks, most), delimiter=delimiter)
    header = next(reader, [])
    while True:
        line = reader.line_num  # the row begins on the next one
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield Unit(line, f"The row cannot be read: {error}".encode())
            continue
        if cells is None:
            return
        if cells:
            yield Unit(line, _message_of(dict(zip(header, cells, strict=False)), len(cells) > len(header), name, make))


def _message_of(row: Row, is_shifted: bool, name: str, make: Callable[[Row], Object]) -> bytes:
    """Return a row's message; the row itself, which is then rejected, if it has no id or more cells than the header: they are shifted."""
    filled = {column: value for column, value in row.items() if column and value not in ("", "NULL", "\\N")}
    row_itself = orjson.dumps({"row": row})
    if is_shifted or "id" not in filled:
        return row_itself
    return as_json(make(filled) | {"source_format": name}, otherwise=row_itself)


def _lines(blocks: Iterable[bytes], most: int) -> Iterator[str]:
    """Yield lines with their ends: a quoted value may have some in it. Raises CutOff for a line that does not end."""
    unended = b""
    for block in blocks:
        *ended, unended = (unended + block).split(b"\n")
        for line in ended:
            yield line.rstrip(b"\r").replace(b"\r", b" ").decode("utf-8", "replace") + "\n"
        if len(unended) > most:
            raise CutOff(f"a line is longer than {most:,} bytes")
    if unended:
        yield unended.rstrip(b"\r").replace(b"\r", b" ").decode("utf-8", "replace")


def _tcat(row: Row) -> Object:
    """A row of DMI-TCAT's export of tweets (analysis/mod.export_tweets.php)."""
    point = [finite_number(row.get("lng")), finite_number(row.get("lat"))]
    has_point = None not in point and any(point)  # 0,0 is how TCAT writes that there is none
    author = without_empty(
        {
            "id": row.get("from_user_id"),
            "username": row.get("from_user_name"),
            "name": row.get("from_user_realname"),
            "location": row.get("location"),
            "description": row.get("from_user_description"),
            "created_at": _time(row.get("from_user_created_at")),
            "public_metrics": without_empty(
                {
                    "followers_count": whole_number(row.get("from_user_followercount")),
                    "following_count": whole_number(row.get("from_user_friendcount")),
                    "tweet_count": whole_number(row.get("from_user_tweetcount")),
                    "listed_count": whole_number(row.get("from_user_listed")),
                }
            ),
        }
    )
    post = {
        "text": row.get("text", ""),
        "created_at": _time(row.get("time")) or _time(row.get("created_at")),
        "lang": row.get("lang"),
        "possibly_sensitive": {"1": True, "0": False}.get(row.get("possibly_sensitive", "")),
        "public_metrics": without_empty(
            {
                "retweet_count": whole_number(row.get("retweet_count")),
                "like_count": whole_number(row.get("favorite_count")),
            }
        ),
        "referenced_tweets": _references(
            retweeted=row.get("retweet_id"),
            quoted=row.get("quoted_status_id"),
            replied_to=row.get("in_reply_to_status_id"),
        ),
        "entities": _entities(row, "; "),
        "geo": {"coordinates": {"type": "Point", "coordinates": point}} if has_point else None,
    }
    return _message(row["id"], post, author)


def _fourcat(row: Row) -> Object:
    """A row of 4CAT's CSV, of Zeeschuimer's posts or of API v2."""
    author = without_empty(
        {
            "id": row.get("author_id"),
            "username": row.get("author"),
            "name": row.get("author_fullname"),
            "public_metrics": without_empty({"followers_count": whole_number(row.get("author_followers"))}),
        }
    )
    counts = {
        name: whole_number(row.get(name))
        for name in ("retweet_count", "reply_count", "like_count", "quote_count", "impression_count")
    }
    post = {
        "text": row.get("body", ""),
        "conversation_id": row.get("thread_id"),
        "created_at": _time(row.get("unix_timestamp")) or _time(row.get("timestamp")),
        "lang": row.get("language_guess"),
        "possibly_sensitive": {"yes": True, "no": False}.get(row.get("possibly_sensitive", "")),
        "public_metrics": without_empty(counts),
        "entities": _entities(row, ","),
    }
    return _message(row["id"], post, author)


def _twarc(row: Row) -> Object:
    """A row of twarc-csv: a post that twarc2 has flattened, a column for each path."""
    post: Object = {}
    references = []
    for column, value in row.items():
        first, *path = column.split(".")
        if first == "referenced_tweets" and len(path) == 2 and path[1] == "id":
            references.append({"type": path[0], "id": value})
            continue
        if first in ("retweeted_user_id", "retweeted_username", "quoted_user_id", "quoted_username"):
            continue
        inner = post
        for name in (first, *path)[:-1]:
            if not isinstance(inner.get(name), dict):
                inner[name] = {}
            inner = inner[name]
        inner[path[-1] if path else first] = _typed(column, value)
    return post | ({"referenced_tweets": references} if references else {})


def _typed(column: str, value: str) -> Any:
    if "public_metrics." in column:
        return whole_number(value)
    if column in ("possibly_sensitive", "author.verified", "author.protected"):
        return value.lower() == "true"
    if value[:1] in "[{" and not column.endswith(("text", "description", "name", "location")):
        try:
            return orjson.loads(value)
        except ValueError:
            return value
    return value


def _message(post_id: str, post: Object, author: Object) -> Object:
    data = {"id": post_id, "text": post["text"]} | without_empty(post | {"author_id": author.get("id")})
    return {"data": data} | ({"includes": {"users": [author]}} if author.get("id") else {})


def _references(**ids: str | None) -> list[Object]:
    return [{"type": kind, "id": post_id} for kind, post_id in ids.items() if post_id and post_id != "0"]


def _entities(row: Row, separator: str) -> Object:
    def listed(column: str) -> list[str]:
        return [item.strip() for item in row.get(column, "").split(separator) if item.strip()]

    links = listed("urls_expanded") or listed("urls")
    return without_empty(
        {
            "hashtags": [{"tag": tag.removeprefix("#")} for tag in listed("hashtags")],
            "mentions": [{"username": name.removeprefix("@")} for name in listed("mentions")],
            "urls": [{"url": link, "expanded_url": link} for link in links],
        }
    )


def _time(text: str | None) -> str | None:
    """Return a time in seconds since 1970, or in UTC, as X writes it."""
    try:
        moment = datetime.fromtimestamp(int(text or ""), UTC)
    except (ValueError, OverflowError, OSError):
        try:
            moment = datetime.fromisoformat(text or "").replace(tzinfo=UTC)
        except ValueError:
            return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


_TABLES: dict[str, tuple[frozenset[str], Callable[[Row], Object]]] = {
    "DMI-TCAT, CSV": (frozenset({"id", "time", "from_user_name", "text"}), _tcat),
    # 4CAT's tables of other platforms have no retweets
    "4CAT, CSV": (frozenset({"id", "thread_id", "body", "author", "retweet_count"}), _fourcat),
    "twarc-csv": (frozenset({"id", "text", "created_at", "author.username"}), _twarc),
}
