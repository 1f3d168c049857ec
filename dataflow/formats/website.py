"""Turns posts as X's website gets them into messages of API v2: the lines of Zeeschuimer, and 4CAT's NDJSON of them.

A post is `{"rest_id", "core": {author}, "legacy": {a status of v1.1 without its author}, ...}`, or older `{"legacy", "user"}`. What it
retweets or quotes is inside it in the same shape. Seen in 4CAT's own reader of these files (datasources/twitter-import, 2024).
"""

from posts.includes import Object, as_object

from . import api_v1
from .values import whole_number, without_empty

NAME = "X's website"
_PLATFORMS = ("twitter.com", "x.com")
_YEAR_3000 = 32_503_680_000_000  # milliseconds since 1970


def post_of(value: Object) -> Object:
    """Return the post that a line carries, or {}. Zeeschuimer wraps it in `data`, beside the platform that it is from."""
    inner = as_object(value.get("data")) if "source_platform" in value else value
    if "legacy" not in inner:  # what has a note on its visibility is one level deeper
        inner = as_object(inner.get("tweet"))
    return inner if "legacy" in inner and ("rest_id" in inner or "user" in inner) else {}


def other_platform(value: Object) -> str:
    """Return the platform from which a line of Zeeschuimer is, if that is not X; '' for anything else."""
    platform = value.get("source_platform", "")
    return str(platform) if platform and platform not in _PLATFORMS else ""


def collected_at(value: Object) -> int | None:
    """Return when Zeeschuimer saw it, in microseconds since 1970."""
    stamps = (
        as_object(value.get("__import_meta")).get("timestamp_collected"),
        value.get("timestamp_collected"),
    )
    return next((stamp * 1_000 for stamp in stamps if type(stamp) is int and 0 < stamp < _YEAR_3000), None)


def to_message(post: Object) -> Object:
    status = _status(post)
    message = api_v1.to_message(status)
    if thread := as_object(post.get("legacy")).get("conversation_id_str"):
        message["data"]["conversation_id"] = str(thread)
    views = as_object(post.get("views") or post.get("ext_views")).get("count")
    metrics = message["data"].setdefault("public_metrics", {})
    legacy = as_object(post.get("legacy"))
    for name, value in (("impression_count", views), ("bookmark_count", legacy.get("bookmark_count"))):
        if (count := whole_number(value)) is not None:
            metrics[name] = count
    return message


def _status(post: Object) -> Object:
    """Return the status of v1.1 that the website's parts are of, with what it retweets or quotes."""
    legacy = as_object(post.get("legacy"))
    note = as_object(as_object(as_object(post.get("note_tweet")).get("note_tweet_results")).get("result"))
    status = legacy | {
        "id_str": str(post.get("rest_id") or legacy.get("id_str") or ""),
        "source": post.get("source") or legacy.get("source"),
        "user": _author(post),
    }
    if note.get("text"):
        status["extended_tweet"] = {"full_text": note["text"], "entities": note.get("entity_set")}
    for name, carrier in (("retweeted_status", legacy), ("quoted_status", post)):
        carried = as_object(as_object(carrier.get(f"{name}_result")).get("result"))
        carried = as_object(carried.get("tweet")) or carried  # sometimes one level deeper
        if "legacy" in carried:
            status[name] = _status(carried)
    return status


def _author(post: Object) -> Object:
    """Return the author as v1.1 does. Since 2025 names are beside `legacy`, in `core`, and the place in `location`."""
    account = as_object(as_object(as_object(post.get("core")).get("user_results")).get("result"))
    if not account:
        return as_object(post.get("user"))
    named = as_object(account.get("core"))
    place = as_object(account.get("location")).get("location")
    return (
        as_object(account.get("legacy"))
        | without_empty({name: named.get(name) for name in ("name", "screen_name", "created_at")})
        | without_empty({"location": place, "id_str": account.get("rest_id")})
    )
