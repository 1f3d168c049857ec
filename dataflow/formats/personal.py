"""Reads X's own data archive: `tweets.js`, `tweet.js` and their parts, whose author is the account of the archive.

A file is JavaScript that assigns an array: `window.YTD.tweets.part0 = [{"tweet": {a status of v1.1}}, ...]`. Who wrote it is in
`account.js` beside it, and where that person says to be in `profile.js`.
"""

import re
from collections.abc import Iterable, Iterator

import orjson

from posts.includes import Object, as_object, as_objects

from ..units import Unit, units
from . import api_v1
from .values import as_json, without_empty

NAME = "X's data archive"
_ASSIGNED = re.compile(rb"^\s*window\.YTD\.[\w.]+\s*=\s*")
IS_OF_POSTS = re.compile(rb"^\s*window\.YTD\.(tweets?|community_tweet)\.part\d+\s*=")
_LONGEST_NAME = 200  # bytes


def read(blocks: Iterable[bytes], account: Object, most: int) -> Iterator[Unit]:
    """Yield a message for each post; what is none of the archive's posts as it stands. `account` is the author, as v1.1 has one."""
    for unit in units(_without_name(blocks), most):
        try:
            value = orjson.loads(unit.data)
        except ValueError:
            if unit.data.strip(b" ;\r\n"):  # the end of the statement is no post
                yield unit
            continue
        status = as_object(as_object(value).get("tweet")) or as_object(value)
        if not api_v1.is_status(status | {"user": account}) and "id" not in status:
            yield unit
            continue
        message = api_v1.to_message(status | {"user": account}) | {"source_format": NAME}
        yield Unit(unit.line, as_json(message, otherwise=unit.data), unit.is_whole)


def account(account_js: bytes, profile_js: bytes = b"") -> Object:
    """Return the archive's account as v1.1 has one; {} if the file says none."""
    owner = as_object(_first(account_js).get("account"))
    described = as_object(as_object(_first(profile_js).get("profile")).get("description"))
    return without_empty(
        {
            "id_str": owner.get("accountId"),
            "screen_name": owner.get("username"),
            "name": owner.get("accountDisplayName"),
            "location": described.get("location"),
        }
    )


def _first(javascript: bytes) -> Object:
    try:
        items = as_objects(orjson.loads(_ASSIGNED.sub(b"", javascript)))
    except ValueError:
        return {}
    return items[0] if items else {}


def _without_name(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the text without the name that the array is assigned to."""
    head = b""
    unread = iter(blocks)
    while len(head) < _LONGEST_NAME and (block := next(unread, b"")):
        head += block
    yield _ASSIGNED.sub(b"", head)
    yield from unread
