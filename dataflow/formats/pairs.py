"""Joins the two files that academictwitteR writes for each page: `data_<id>.json` has posts, `users_<id>.json` what they refer to."""

import re
from codecs import BOM_UTF8

import orjson

from posts.includes import as_object

from ..units import Unit
from .values import as_json

NAME = "academictwitteR"
_NAMES = re.compile(r"^(?P<folder>.*/)?(?P<kind>data|users)_(?P<page>\d+)\.json$")


def users_file(path: str) -> str:
    """Return the path of the file with the authors of these posts; '' for any other file."""
    match = _NAMES.match(path)
    return f"{match['folder'] or ''}users_{match['page']}.json" if match and match["kind"] == "data" else ""


def data_file(path: str) -> str:
    """Return the path of the file with the posts of these authors; '' for any other file."""
    match = _NAMES.match(path)
    return f"{match['folder'] or ''}data_{match['page']}.json" if match and match["kind"] == "users" else ""


def page(posts: bytes, users: bytes) -> Unit:
    """Return a page of API v2 with both. If either cannot be read, the posts as they stand."""
    try:
        data, includes = orjson.loads(posts), as_object(orjson.loads(users.removeprefix(BOM_UTF8)))
    except ValueError:
        return Unit(0, posts)
    return Unit(0, as_json({"data": data, "includes": includes, "source_format": NAME}, otherwise=posts))
