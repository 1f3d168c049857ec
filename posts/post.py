"""Reads X's payload into the columns of `tweet_versions`. Pure: no clock, no network, no environment.

A field that X adds tomorrow is kept in `payload` and named in `unknown`; a known field of the wrong type rejects the message.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from .dialect import Object, Reader
from .drift import unknown_fields
from .errors import BadMessage
from .limits import parse_id, parse_json

# An id holds its time: milliseconds since 2010-11-04T01:42:54.657Z in the bits above the 22nd.
_SNOWFLAKE_EPOCH = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=1_288_834_974_657)
_FIRST_SNOWFLAKE = 1 << 35  # smaller ids are from before 2010-11-04, and hold no time
_LEAP_SECOND = re.compile(r"(?<=:\d\d):60(?!\d)")  # datetime rejects :60, so the id's time is used
_LINK = re.compile(r"https?://\S+")
_RETWEET_PREFIX = re.compile(r"RT @\w{1,30}: ?")
_NOTHING = Reader({}, "")


@dataclass(frozen=True, slots=True)
class Post:
    """What a payload says: the columns of a row without those of the filter, the sentiment and the pipeline."""

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
    """Return what a payload says.

    Raises BadMessage: not_json, no_post (a message of X's that carries none) or wrong_type (the text names the field).
    """
    found = _message(payload)
    message = Reader(found, "")
    data = message.object("data")
    post_id = data.id("id")
    if post_id is None:
        raise BadMessage("no_post", _what_it_is(found))
    if parse_id(post_id) is None:
        raise BadMessage("wrong_type", "data.id: expected 1 to 19 digits below 2^63, got another string")

    includes = message.object("includes")
    author = _find(includes, "users", data.id("author_id"))
    referred: dict[str, str] = {}
    for kind, target in data.references():
        referred.setdefault(kind, target)
    original = _find(includes, "tweets", referred.get("retweeted"))
    quoted = _find(includes, "tweets", referred.get("quoted"))
    versions = data.ids("edit_history_tweet_ids")
    earlier = tuple(versions[: versions.index(post_id)]) if post_id in versions else ()
    metrics, original_metrics = data.object("public_metrics"), original.object("public_metrics")
    said = (data, data.object("note_tweet"), original, original.object("note_tweet"))
    entities = [one for one in (one.object("entities") for one in said) if one]
    place = _find(includes, "places", data.object("geo").id("place_id"))
    longitude, latitude = _point(data.object("geo").object("coordinates"))

    columns: Object = {
        "id": post_id,
        "created_at": _created_at(data.string("created_at"), post_id),
        "tweet_location": place.string("full_name") or place.string("name"),
        "text": _full_text(data, original),
        "retweet_count": metrics.integer("retweet_count"),
        "favorite_count": metrics.integer("like_count"),
        "user_name": author.string("name"),
        "user_location": author.string("location"),
        "user_followers_count": author.object("public_metrics").integer("followers_count"),
        "user_id": data.id("author_id"),
        "user_username": author.string("username"),
        "lang": data.string("lang"),
        "conversation_id": data.id("conversation_id"),
        "retweet_of": referred.get("retweeted"),
        "quote_of": referred.get("quoted"),
        "reply_to": referred.get("replied_to"),
        "edit_of": versions[0] if earlier else None,
        "hashtags": _entities(entities, "hashtags", "tag"),
        "mentions": _entities(entities, "mentions", "username"),
        "urls": _entities(entities, "urls", "unwound_url", "expanded_url", "url"),
        "rules": _rules(message),
        "longitude": longitude,
        "latitude": latitude,
        "country_code": place.string("country_code"),
        "possibly_sensitive": data.boolean("possibly_sensitive"),
        "quote_count": metrics.integer("quote_count"),
        "reply_count": metrics.integer("reply_count"),
        "original_retweet_count": original_metrics.integer("retweet_count"),
        "original_favorite_count": original_metrics.integer("like_count"),
    }
    return Post(columns, earlier, _own_text(quoted) or "", unknown_fields(found))


def _message(payload: str) -> Object:
    try:
        message = parse_json(payload)
        if _may_have_duplicate_keys(payload, message):
            message = json.loads(
                payload, object_pairs_hook=_first_of_each, parse_int=orjson.loads, parse_float=orjson.loads
            )
    except ValueError as error:
        raise BadMessage("not_json", f"The payload is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise BadMessage("no_post", f"The payload is {type(message).__name__}, not an object with data")
    return message


def _may_have_duplicate_keys(payload: str, message: object) -> bool:
    """Return whether a field may be given twice, of which orjson keeps the last. Escaped quotes cause harmless false positives."""
    return orjson.dumps(message).count(b'"') != payload.count('"')


def _first_of_each(pairs: list[tuple[str, Any]]) -> Object:
    """Keep the first of two fields of one name, as BigQuery does when it reads `payload`."""
    return dict(reversed(pairs))


def _what_it_is(message: Object) -> str:
    """Describe what X sent instead of a post, by the title of X's problem if there is one. Never by the text of a post."""
    problems = message.get("errors")
    problem = problems[0] if isinstance(problems, list) and problems and isinstance(problems[0], dict) else message
    title = problem.get("disconnect_type") or problem.get("title")
    if isinstance(title, str):
        return f"The message carries no post: X says {title[:200]}"
    return f"The message carries no post (no data.id); its fields are: {', '.join(sorted(message))[:200] or 'none'}"


def _find(includes: Reader, kind: str, wanted: str | None) -> Reader:
    """Return the included object with that id; an empty one where there is none, as X may leave any of them out."""
    if wanted is not None:
        for item in includes.objects(kind):
            if item.id("id") == wanted:
                return item
    return _NOTHING


def _own_text(post: Reader) -> str | None:
    """Return the text of a post without its original. `text` is cut near 280 characters; a long post has all of it in its note."""
    if not post:
        return None
    note = post.object("note_tweet").string("text")
    text = note if note is not None else post.string("text")
    if words := _article(post.raw("article")):
        said = [_LINK.sub("", text or "").strip(), *words]
        return "\n\n".join(part for part in said if part)
    return text


def _article(article: Any) -> list[str]:
    """Return the title and body of an X Article. The post's own text is only a link to it.

    X's specification names the field and not what is in it, so nothing of it rejects a post.
    """
    if not isinstance(article, dict):
        return []
    body = article.get("plain_text") or article.get("text") or article.get("preview_text")
    return [part.strip() for part in (article.get("title"), body) if isinstance(part, str) and part.strip()]


def _full_text(data: Reader, original: Reader) -> str | None:
    """Return the whole text. A retweet's own text is cut, so it becomes 'RT @user: ' and the text of its original."""
    text = _own_text(data)
    whole = _own_text(original)
    if whole is None:
        return text
    prefix = _RETWEET_PREFIX.match(text or "")
    return f"{prefix.group(0) if prefix else ''}{whole}"


def _created_at(value: str | None, post_id: str) -> str | None:
    """Return a UTC DATETIME to the second. An id that holds its time decides, whatever a file says: one id has one created_at.

    X's own field and the id agree. An older id has the time of the field, if it has one.
    """
    if value is not None and ":60" in value and _LEAP_SECOND.search(value):
        value = None if int(post_id) >= _FIRST_SNOWFLAKE else _LEAP_SECOND.sub(":59", value)
    moment = None
    if value is not None:
        try:
            moment = datetime.fromisoformat(value)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise BadMessage("wrong_type", "data.created_at: expected an ISO 8601 time, got another string") from None
    if int(post_id) >= _FIRST_SNOWFLAKE:
        moment = _SNOWFLAKE_EPOCH + timedelta(milliseconds=int(post_id) >> 22)
    return moment.replace(tzinfo=None, microsecond=0).isoformat() if moment is not None else None


def _entities(entities: list[Reader], kind: str, *names: str) -> list[str]:
    """Return each value once, in the order of the text. Of several names the first that an entity has: the farthest that X followed a link.

    A long post has entities of its own, a retweet those of its original.
    """
    found: dict[str, None] = {}
    for one in entities:
        for entity in one.objects(kind):
            for name in names:
                if value := entity.string(name):
                    found.setdefault(value)
                    break
    return list(found)


def _rules(message: Reader) -> list[str]:
    names: dict[str, None] = {}
    for rule in message.objects("matching_rules"):
        if name := rule.string("tag") or rule.id("id"):
            names.setdefault(name)
    return list(names)


def _point(coordinates: Reader) -> tuple[float | None, float | None]:
    """Return (longitude, latitude) in degrees from GeoJSON."""
    pair: Any = coordinates.raw("coordinates")
    if pair is None:
        return None, None
    if not (isinstance(pair, list) and len(pair) == 2 and all(type(x) in (int, float) for x in pair)):
        raise BadMessage("wrong_type", f"{coordinates.path('coordinates')}: expected [longitude, latitude]")
    return float(pair[0]), float(pair[1])
