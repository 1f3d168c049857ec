"""Reads X's payload into the columns of `tweet_versions`. Pure: no clock, no network, no environment.

A field that X adds tomorrow is kept in `payload` and named in `unknown`. A field that a column is made of rejects the message if it has
the wrong type.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from msgspec import Struct

from . import x_json
from .errors import BadMessage

T = TypeVar("T", x_json.User, x_json.Post, x_json.Place)

# An id holds its time: milliseconds since 2010-11-04T01:42:54.657Z in the bits above the 22nd.
_SNOWFLAKE_EPOCH = 1_288_834_974_657  # milliseconds since 1970
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC, as BigQuery's DATETIME has it
_TO_THE_SECOND = len("2026-10-05T19:00:46")
_FIRST_SNOWFLAKE = 1 << 35  # smaller ids are from before 2010-11-04, and hold no time
_LEAP_SECOND = re.compile(r"(?<=:\d\d):60(?!\d)")  # datetime rejects :60, so the id's time is used
_LINK = re.compile(r"https?://\S+")
_RETWEET_PREFIX = re.compile(r"RT @\w{1,30}: ?")
_NO_METRICS = x_json.Metrics()
_NO_USER, _NO_PLACE = x_json.User(), x_json.Place()


class ParsedPost(Struct, frozen=True):
    """What a payload says: the columns of a row without those of the filter, the sentiment and the pipeline."""

    columns: dict[str, Any]
    earlier_versions: tuple[str, ...]  # ids that this edit replaces, oldest first
    quoted_text: str
    unknown: tuple[str, ...]  # fields that X sent and this code does not know

    @property
    def id(self) -> str:
        return str(self.columns["id"])

    @property
    def text(self) -> str:
        return self.columns["text"] or ""


def parse(payload: str) -> ParsedPost:
    """Return what a payload says.

    Raises BadMessage: not_json, no_post (a message of X's that carries none) or wrong_type (the text names the field).
    """
    message, unknown = x_json.read(payload)
    data, includes = message.data, message.includes
    assert data is not None
    number = x_json.post_id(data)
    own_id = data.id if type(data.id) is str else str(data.id)
    author, place, original, quoted = _NO_USER, _NO_PLACE, None, None
    retweet_of = quote_of = reply_to = None
    if references := data.references():
        retweet_of, quote_of, reply_to = map(references.get, ("retweeted", "quoted", "replied_to"))
    if includes is not None:
        author = _find(includes.users, data.author_id) or _NO_USER
        if data.geo is not None:
            place = _find(includes.places, data.geo.place_id) or _NO_PLACE
        if references:
            original = _find(includes.referenced, retweet_of)
            quoted = _find(includes.referenced, quote_of)
    metrics = data.public_metrics or _NO_METRICS
    original_metrics = (original and original.public_metrics) or _NO_METRICS
    earlier = data.versions_before(own_id)
    hashtags, mentions, urls = _entities(data, original)
    longitude, latitude = _point(data.geo) if data.geo is not None else (None, None)

    columns: dict[str, Any] = {
        "id": own_id,
        "created_at": _created_at(data.created_at, number),
        "tweet_location": place.full_name or place.name,
        "text": _full_text(data, original),
        "retweet_count": metrics.retweets,
        "favorite_count": metrics.like_count,
        "user_name": author.name,
        "user_location": author.location,
        "user_followers_count": author.public_metrics.followers_count if author.public_metrics else None,
        "user_id": _as_text(data.author_id),
        "user_username": author.username,
        "lang": data.lang,
        "conversation_id": _as_text(data.conversation_id),
        "retweet_of": retweet_of,
        "quote_of": quote_of,
        "reply_to": reply_to,
        "edit_of": earlier[0] if earlier else None,
        "hashtags": hashtags,
        "mentions": mentions,
        "urls": urls,
        "rules": _rules(message.matching_rules),
        "longitude": longitude,
        "latitude": latitude,
        "country_code": place.country_code,
        "possibly_sensitive": data.possibly_sensitive,
        "quote_count": metrics.quote_count,
        "reply_count": metrics.reply_count,
        "original_retweet_count": original_metrics.retweets,
        "original_favorite_count": original_metrics.like_count,
    }
    return ParsedPost(columns, tuple(earlier), (_own_text(quoted) or "") if quoted is not None else "", unknown)


def _as_text(value: x_json.Id | None) -> str | None:
    return value if value is None or type(value) is str else str(value)


def _find(items: Sequence[T] | None, is_match: x_json.Id | None) -> T | None:
    """Return the included object with that id; None where there is none, as X may leave any of them out."""
    if not items or is_match is None:
        return None
    for item in items:
        if item.id == is_match:
            return item
    text = str(is_match)  # one of both may be a number
    return next((item for item in items if str(item.id) == text), None)


def _entities(data: x_json.Post, original: x_json.Post | None) -> tuple[list[str], list[str], list[str]]:
    """Return hashtags, mentions and links, each once, in the order of the text.

    A long post has entities of its own, a retweet those of its original.
    """
    hashtags: dict[str, None] = {}
    mentions: dict[str, None] = {}
    urls: dict[str, None] = {}
    for post in (data,) if original is None else (data, original):
        note = post.note
        for entities in (post.entities,) if note is None else (post.entities, note.entities):
            if entities is None:
                continue
            for hashtag in entities.hashtags or ():
                if hashtag.tag:
                    hashtags[hashtag.tag] = None
            for mention in entities.mentions or ():
                if mention.username:
                    mentions[mention.username] = None
            for url in entities.urls or ():
                if link := url.unwound_url or url.expanded_url or url.url:
                    urls[link] = None
    return list(hashtags), list(mentions), list(urls)


def _rules(matched: list[x_json.MatchedRule] | None) -> list[str]:
    """Return the tag of each of our rules that the post matches, its id where it has none."""
    names: dict[str, None] = {}
    for rule in matched or ():
        if rule.tag:
            names[rule.tag] = None
        elif rule.id is not None:
            if type(rule.id) not in (str, int):
                raise BadMessage("wrong_type", "matching_rules.id: expected string, got another type")
            if name := str(rule.id):
                names[name] = None
    return list(names)


def _own_text(post: x_json.Post) -> str | None:
    """Return the text of a post without its original. `text` is cut near 280 characters; a long post has all of it in its note."""
    note = post.note
    text = post.text if note is None or note.text is None else note.text
    if post.article is not None and (words := _article(post.article)):
        texts = [_LINK.sub("", text or "").strip(), *words]
        return "\n\n".join(part for part in texts if part)
    return text


def _article(article: Any) -> list[str]:
    """Return the title and body of an X Article. The post's own text is only a link to it.

    X's specification names the field and not what is in it, so nothing of it rejects a post.
    """
    if not isinstance(article, dict):
        return []
    body = article.get("plain_text") or article.get("text") or article.get("preview_text")
    return [part.strip() for part in (article.get("title"), body) if isinstance(part, str) and part.strip()]


def _full_text(data: x_json.Post, original: x_json.Post | None) -> str | None:
    """Return the whole text. A retweet's own text is cut, so it becomes 'RT @user: ' and the text of its original."""
    text = _own_text(data)
    whole = _own_text(original) if original is not None else None
    if whole is None:
        return text
    prefix = _RETWEET_PREFIX.match(text or "")
    return f"{prefix.group(0) if prefix else ''}{whole}"


def _created_at(value: str | None, number: int) -> str | None:
    """Return a UTC DATETIME to the second. An id that holds its time decides, whatever a file says: one id has one created_at.

    X's own field and the id agree. An older id has the time of the field, if it has one.
    """
    has_time = number >= _FIRST_SNOWFLAKE
    if value is not None and ":60" in value and _LEAP_SECOND.search(value):
        value = None if has_time else _LEAP_SECOND.sub(":59", value)
    written = None if value is None else _utc(value)
    if has_time:
        return _from_seconds(((number >> 22) + _SNOWFLAKE_EPOCH) // 1_000)
    return None if written is None else written.isoformat()[:_TO_THE_SECOND]


@lru_cache(maxsize=4_096)
def _from_seconds(seconds: int) -> str:
    """Return a DATETIME. Cached, because posts that arrive together were written in the same seconds."""
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()


def _utc(value: str) -> datetime:
    """Return a time of ISO 8601 in UTC. Raises BadMessage."""
    try:
        moment = datetime.fromisoformat(value)
        return moment if value.endswith("Z") or moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadMessage("wrong_type", "data.created_at: expected an ISO 8601 time, got another string") from None


def _point(geo: x_json.Geo) -> tuple[float | None, float | None]:
    """Return (longitude, latitude) in degrees from GeoJSON."""
    pair: Any = geo.coordinates.coordinates if geo.coordinates is not None else None
    if pair is None:
        return None, None
    if not (isinstance(pair, list) and len(pair) == 2 and all(type(x) in (int, float) for x in pair)):
        raise BadMessage("wrong_type", "data.geo.coordinates.coordinates: expected [longitude, latitude]")
    return float(pair[0]), float(pair[1])
