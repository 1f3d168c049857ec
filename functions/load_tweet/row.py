"""From X's payload to the columns of `tweet_versions`. Pure: no clock, no network, no environment.

A field that X adds tomorrow is kept in `payload` and named in `unknown`; a known field of the wrong type rejects the message.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from . import dialect
from .dialect import Object
from .drift import unknown_fields
from .errors import BadMessage

# An id holds its time: milliseconds since 2010-11-04T01:42:54.657Z in the bits above the 22nd.
_SNOWFLAKE_EPOCH = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=1_288_834_974_657)
_FIRST_SNOWFLAKE = 1 << 35  # smaller ids were counted one by one, before 2010-11-04, and hold no time
_LEAP_SECOND = re.compile(r"(?<=:\d\d):60(?!\d)")  # which Python's datetime has not; the id's own time goes on
_POST_ID = re.compile(r"[0-9]{1,19}")
_LINK = re.compile(r"https?://\S+")
_RETWEET_PREFIX = re.compile(r"RT @\w{1,30}: ?")


@dataclass(frozen=True, slots=True)
class Post:
    """What a payload says, before the filter and the model have spoken: the row's columns but for theirs and ours."""

    columns: Object
    earlier_versions: tuple[str, ...]  # ids that this edit replaces, oldest first
    quoted_text: str
    unknown: tuple[str, ...]  # fields that X sent and this code does not know

    @property
    def id(self) -> str:
        return str(self.columns["id"])

    @property
    def text(self) -> str:
        return self.columns["text"] or ""


def parse(payload: str) -> Post:
    """Raises BadMessage: not_json, no_post (a message of X's that carries none) or wrong_type (names the field)."""
    message = _message(payload)
    data = dialect.get_object(message, "data", "message")
    post_id = dialect.get_id(data, "id", "data")
    if post_id is None:
        raise BadMessage("no_post", _what_it_is(message))
    if not _POST_ID.fullmatch(post_id):
        raise BadMessage("wrong_type", "data.id: expected 1 to 19 digits, got another string")

    includes = dialect.get_object(message, "includes", "message")
    author = _find(includes, "users", dialect.get_id(data, "author_id", "data"))
    referred: dict[str, str] = {}
    for kind, target in dialect.references(data, "data"):
        referred.setdefault(kind, target)
    original = _find(includes, "tweets", referred.get("retweeted"))
    quoted = _find(includes, "tweets", referred.get("quoted"))
    versions = dialect.get_ids(data, "edit_history_tweet_ids", "data")
    earlier = tuple(versions[: versions.index(post_id)]) if post_id in versions else ()
    metrics = dialect.get_object(data, "public_metrics", "data")
    original_metrics = dialect.get_object(original, "public_metrics", "includes.tweets")
    spoken = [
        data,
        dialect.get_object(data, "note_tweet", "data"),
        original,
        dialect.get_object(original, "note_tweet", "includes.tweets"),
    ]

    columns: Object = {
        "id": post_id,
        "created_at": _created_at(dialect.get(data, "created_at", str, "data"), post_id),
        "text": _full_text(data, original),
        "retweet_count": dialect.get(metrics, "retweet_count", int, "data.public_metrics"),
        "favorite_count": dialect.get(metrics, "like_count", int, "data.public_metrics"),
        "user_name": dialect.get(author, "name", str, "includes.users"),
        "user_location": dialect.get(author, "location", str, "includes.users"),
        "user_followers_count": dialect.get(
            dialect.get_object(author, "public_metrics", "includes.users"),
            "followers_count",
            int,
            "includes.users.public_metrics",
        ),
        "user_id": dialect.get_id(data, "author_id", "data"),
        "user_username": dialect.get(author, "username", str, "includes.users"),
        "lang": dialect.get(data, "lang", str, "data"),
        "conversation_id": dialect.get_id(data, "conversation_id", "data"),
        "retweet_of": referred.get("retweeted"),
        "quote_of": referred.get("quoted"),
        "reply_to": referred.get("replied_to"),
        "edit_of": versions[0] if earlier else None,
        "hashtags": _entities(spoken, "hashtags", "tag"),
        "mentions": _entities(spoken, "mentions", "username"),
        "urls": _urls(spoken),
        "rules": _rules(message),
        "possibly_sensitive": dialect.get(data, "possibly_sensitive", bool, "data"),
        "quote_count": dialect.get(metrics, "quote_count", int, "data.public_metrics"),
        "reply_count": dialect.get(metrics, "reply_count", int, "data.public_metrics"),
        "original_retweet_count": dialect.get(original_metrics, "retweet_count", int, "includes.tweets.public_metrics"),
        "original_favorite_count": dialect.get(original_metrics, "like_count", int, "includes.tweets.public_metrics"),
        **_where(data, includes),
    }
    return Post(columns, earlier, _own_text(quoted) or "", unknown_fields(message))


def _message(payload: str) -> Object:
    try:
        message = orjson.loads(payload)
        if _names_something_twice(payload, message):
            message = json.loads(
                payload, object_pairs_hook=_first_of_each, parse_int=orjson.loads, parse_float=orjson.loads
            )
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise BadMessage("not_json", f"The payload is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise BadMessage("no_post", f"The payload is {type(message).__name__}, not an object with data")
    return message


def _names_something_twice(payload: str, message: object) -> bool:
    """orjson keeps the last of two fields of one name. It may say so of an escaped quote too, which costs only time."""
    try:
        return orjson.dumps(message).count(b'"') != payload.count('"')
    except orjson.JSONEncodeError:  # nested deeper than it writes
        return True


def _first_of_each(pairs: list[tuple[str, Any]]) -> Object:
    """As BigQuery reads `payload`: the first of two fields of one name."""
    return dict(reversed(pairs))


def _what_it_is(message: Object) -> str:
    """Say what X sent instead of a post, in X's own words where it has some. Titles of X's problems, never text of posts."""
    problems = message.get("errors")
    problem = problems[0] if isinstance(problems, list) and problems and isinstance(problems[0], dict) else message
    title = problem.get("disconnect_type") or problem.get("title")
    if isinstance(title, str):
        return f"The message carries no post: X says {title[:200]}"
    return f"The message carries no post (no data.id); its fields are: {', '.join(sorted(message))[:200] or 'none'}"


def _find(includes: Object, kind: str, wanted: str | None) -> Object:
    """The included object with that id; empty where there is none, as X may leave any of them out."""
    if wanted is None:
        return {}
    for item in dialect.get_objects(includes, kind, "includes"):
        if dialect.get_id(item, "id", f"includes.{kind}") == wanted:
            return item
    return {}


def _own_text(post: Object) -> str | None:
    """`text` is cut near 280 characters, with or without an ellipsis; a long post has it whole in its note, an article beside it."""
    note = dialect.get(dialect.get_object(post, "note_tweet", "data"), "text", str, "data.note_tweet")
    text = note if note is not None else dialect.get(post, "text", str, "data")
    if words := _article(post):
        said = [_LINK.sub("", text or "").strip(), *words]
        return "\n\n".join(part for part in said if part)
    return text


def _article(post: Object) -> list[str]:
    """Title and body of an X Article, where the post's own text is only a link to it.

    X's specification names the field and not what is in it, so nothing of it rejects a post.
    """
    article = post.get("article")
    if not isinstance(article, dict):
        return []
    body = article.get("plain_text") or article.get("text") or article.get("preview_text")
    return [part.strip() for part in (article.get("title"), body) if isinstance(part, str) and part.strip()]


def _full_text(data: Object, original: Object) -> str | None:
    """A retweet's text is cut as well: 'RT @user: ' stays, and the original's whole text follows."""
    text = _own_text(data)
    whole = _own_text(original)
    if whole is None:
        return text
    prefix = _RETWEET_PREFIX.match(text or "")
    return f"{prefix.group(0) if prefix else ''}{whole}"


def _created_at(value: str | None, post_id: str) -> str | None:
    """UTC DATETIME to the second, from the id where X left the field out: both ways give the same, so that an id has one."""
    if value is not None and _LEAP_SECOND.search(value):
        value = None if int(post_id) >= _FIRST_SNOWFLAKE else _LEAP_SECOND.sub(":59", value)
    if value is not None:
        try:
            moment = datetime.fromisoformat(value)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise BadMessage("wrong_type", "data.created_at: expected an ISO 8601 time, got another string") from None
    elif int(post_id) >= _FIRST_SNOWFLAKE:
        moment = _SNOWFLAKE_EPOCH + timedelta(milliseconds=int(post_id) >> 22)
    else:
        return None
    return moment.replace(tzinfo=None, microsecond=0).isoformat()


def _entities(posts: list[Object], kind: str, name: str) -> list[str]:
    """Each value once, in the order of the text; a long post has entities of its own, a retweet those of its original."""
    found: dict[str, None] = {}
    for post in posts:
        entities = dialect.get_object(post, "entities", "data")
        for entity in dialect.get_objects(entities, kind, "data.entities"):
            value = dialect.get(entity, name, str, f"data.entities.{kind}")
            if value:
                found.setdefault(value)
    return list(found)


def _urls(posts: list[Object]) -> list[str]:
    """The farthest that X followed each link: unwound, else expanded, else its own short one."""
    found: dict[str, None] = {}
    for post in posts:
        entities = dialect.get_object(post, "entities", "data")
        for entity in dialect.get_objects(entities, "urls", "data.entities"):
            for name in ("unwound_url", "expanded_url", "url"):
                if value := dialect.get(entity, name, str, "data.entities.urls"):
                    found.setdefault(value)
                    break
    return list(found)


def _rules(message: Object) -> list[str]:
    names: dict[str, None] = {}
    for rule in dialect.get_objects(message, "matching_rules", "message"):
        name = dialect.get(rule, "tag", str, "matching_rules") or dialect.get_id(rule, "id", "matching_rules")
        if name:
            names.setdefault(name)
    return list(names)


def _where(data: Object, includes: Object) -> Object:
    geo = dialect.get_object(data, "geo", "data")
    place = _find(includes, "places", dialect.get_id(geo, "place_id", "data.geo"))
    longitude, latitude = _point(dialect.get_object(geo, "coordinates", "data.geo"))
    return {
        "tweet_location": dialect.get(place, "full_name", str, "includes.places")
        or dialect.get(place, "name", str, "includes.places"),
        "country_code": dialect.get(place, "country_code", str, "includes.places"),
        "longitude": longitude,
        "latitude": latitude,
    }


def _point(coordinates: Object) -> tuple[float | None, float | None]:
    """GeoJSON: [longitude, latitude], in degrees."""
    pair: Any = coordinates.get("coordinates")
    if pair is None:
        return None, None
    if not (isinstance(pair, list) and len(pair) == 2 and all(type(x) in (int, float) for x in pair)):
        raise BadMessage("wrong_type", "data.geo.coordinates.coordinates: expected [longitude, latitude]")
    return float(pair[0]), float(pair[1])
