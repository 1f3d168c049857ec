"""Turns statuses of X's API v1.1 into messages of API v2.

Field names are those of https://developer.x.com/en/docs/x-api/v1/data-dictionary/object-model/tweet (2020-2023).
"""

import re
from datetime import UTC, datetime
from typing import Any

from posts.includes import Object, as_object, as_objects
from posts.limits import parse_id

from .values import finite_number, whole_number, without_empty

NAME = "API v1.1"
_TIME = "%a %b %d %H:%M:%S %z %Y"
_TAGS = re.compile(r"<[^>]*>")
# what else the v1.1 stream sends, one a line: https://developer.x.com/en/docs/x-api/v1/tweets/filter-realtime/guides/streaming-message-types
NOTICES = frozenset(
    {
        "limit",
        "warning",
        "disconnect",
        "scrub_geo",
        "status_withheld",
        "user_withheld",
        "friends",
        "friends_str",
        "event",
        "for_user",
        "control",
    }
)


def is_status(value: Object) -> bool:
    """Whether it is a status: some programs wrote its id as a number alone, beside its author."""
    has_id = "id_str" in value or (isinstance(value.get("id"), int) and isinstance(value.get("user"), dict))
    return has_id and ("text" in value or "full_text" in value)


def deleted_id(value: Object) -> str:
    """Return the id of the post that a notice says was deleted; '' for anything else."""
    post_id = _id(as_object(as_object(value.get("delete")).get("status")))
    return post_id if parse_id(post_id) is not None else ""


def is_notice(value: Object) -> bool:
    """Whether it is one of the v1.1 stream's other notices, which say nothing about a post's content."""
    return bool(value) and value.keys() <= NOTICES | {"timestamp_ms"}


def to_message(status: Object) -> Object:
    """Return the message for a status with the posts, authors and places that it carries."""
    users: dict[str, Object] = {}
    posts: dict[str, Object] = {}
    places: dict[str, Object] = {}
    data = _post(status, users, places)
    for name in ("retweeted_status", "quoted_status"):
        carried = as_object(status.get(name))
        # a retweet carries what its original quotes as if it were its own
        if is_status(carried) and not (name == "quoted_status" and status.get("retweeted_status")):
            post = _post(carried, users, places)
            posts[post["id"]] = post
    includes = {"users": users, "tweets": posts, "places": places}
    message: Object = {"data": data}
    if kept := {kind: list(items.values()) for kind, items in includes.items() if items}:
        message["includes"] = kept
    rules = [
        {"id": str(rule.get("id_str") or rule.get("id") or ""), "tag": rule.get("tag")}
        for rule in as_objects(status.get("matching_rules"))
    ]
    return message | ({"matching_rules": rules} if rules else {})


def time(text: Any) -> str | None:
    """Return a time of v1.1 (Wed Oct 10 20:19:24 +0000 2018) as v2 writes it; None if it is none."""
    try:
        return datetime.strptime(str(text), _TIME).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    except (ValueError, OverflowError):
        return None


def user(account: Object) -> Object:
    metrics = {
        "followers_count": whole_number(account.get("followers_count")),
        "following_count": whole_number(account.get("friends_count")),
        "tweet_count": whole_number(account.get("statuses_count")),
        "listed_count": whole_number(account.get("listed_count")),
    }
    return without_empty(
        {
            "id": _id(account),
            "name": account.get("name"),
            "username": account.get("screen_name"),
            "location": account.get("location"),
            "description": account.get("description"),
            "created_at": time(account.get("created_at")),
            "verified": account.get("verified"),
            "protected": account.get("protected"),
            "public_metrics": without_empty(metrics),
        }
    )


def entities(of_status: Object) -> Object:
    """Return the entities of a text. v2 has an entity's place as `start` and `end`, v1.1 as two indices."""

    def places(item: Object) -> Object:
        indices = item.get("indices")
        if isinstance(indices, list) and len(indices) == 2:
            return {"start": whole_number(indices[0]), "end": whole_number(indices[1])}
        return {}

    return without_empty(
        {
            "hashtags": [
                places(item) | without_empty({"tag": item.get("text")})
                for item in as_objects(of_status.get("hashtags"))
            ],
            "cashtags": [
                places(item) | without_empty({"tag": item.get("text")}) for item in as_objects(of_status.get("symbols"))
            ],
            "mentions": [
                places(item) | without_empty({"username": item.get("screen_name"), "id": _id(item)})
                for item in as_objects(of_status.get("user_mentions"))
            ],
            "urls": [
                places(item) | without_empty({name: item.get(name) for name in ("url", "expanded_url", "display_url")})
                for item in as_objects(of_status.get("urls"))
            ],
        }
    )


def _post(status: Object, users: dict[str, Object], places: dict[str, Object]) -> Object:
    extended = as_object(status.get("extended_tweet"))  # has the whole text where the status itself is cut
    author = user(as_object(status.get("user")))
    if author.get("id"):
        users.setdefault(author["id"], author)
    place = as_object(status.get("place"))
    if place.get("id"):
        places[str(place["id"])] = _place(place)
    metrics = {
        "retweet_count": whole_number(status.get("retweet_count")),
        "reply_count": whole_number(status.get("reply_count")),
        "like_count": whole_number(status.get("favorite_count")),
        "quote_count": whole_number(status.get("quote_count")),
    }
    history = as_object(status.get("edit_history")).get("edit_tweet_ids")
    return {"id": _id(status)} | without_empty(
        {
            "text": extended.get("full_text") or status.get("full_text") or status.get("text"),
            "edit_history_tweet_ids": history if isinstance(history, list) else None,
            "author_id": author.get("id"),
            "created_at": time(status.get("created_at")),
            "lang": status.get("lang"),
            "source": _TAGS.sub("", str(status.get("source") or "")),
            "possibly_sensitive": status.get("possibly_sensitive"),
            "public_metrics": without_empty(metrics),
            "entities": entities(as_object(extended.get("entities") or status.get("entities"))),
            "referenced_tweets": _references(status),
            "in_reply_to_user_id": _text_id(status, "in_reply_to_user_id"),
            "geo": without_empty({"place_id": place.get("id"), "coordinates": _point(status)}),
        }
    )


def _references(status: Object) -> list[Object]:
    retweeted = as_object(status.get("retweeted_status"))
    if retweet_of := _id(retweeted) or _text_id(status, "retweeted_status_id"):
        return [{"type": "retweeted", "id": retweet_of}]
    quoted = _text_id(status, "quoted_status_id") or _id(as_object(status.get("quoted_status")))
    references = {"quoted": quoted, "replied_to": _text_id(status, "in_reply_to_status_id")}
    return [{"type": kind, "id": post_id} for kind, post_id in references.items() if post_id]


def _point(status: Object) -> Object | None:
    """Return the exact place in GeoJSON. The older field `geo` has the latitude first."""
    for name, is_reversed in (("coordinates", False), ("geo", True)):
        pair = as_object(status.get(name)).get("coordinates")
        if isinstance(pair, list) and len(pair) == 2:
            numbers = [finite_number(item) for item in (reversed(pair) if is_reversed else pair)]
            if None not in numbers:
                return {"type": "Point", "coordinates": numbers}
    return None


def _place(place: Object) -> Object:
    box = as_object(place.get("bounding_box")).get("coordinates")
    corners = box[0] if isinstance(box, list) and box and isinstance(box[0], list) else []
    points = [
        (finite_number(corner[0]), finite_number(corner[1]))
        for corner in corners
        if isinstance(corner, list) and len(corner) == 2
    ]
    longitudes, latitudes = [x for x, _ in points if x is not None], [y for _, y in points if y is not None]
    outline = [min(longitudes), min(latitudes), max(longitudes), max(latitudes)] if longitudes and latitudes else []
    return without_empty(
        {
            "id": str(place["id"]),
            "full_name": place.get("full_name"),
            "name": place.get("name"),
            "country": place.get("country"),
            "country_code": place.get("country_code"),
            "place_type": place.get("place_type"),
            "geo": {"type": "Feature", "bbox": outline, "properties": {}} if outline else None,
        }
    )


def _id(item: Object) -> str:
    return str(item.get("id_str") or item.get("id") or "")


def _text_id(item: Object, name: str) -> str:
    post_id = str(item.get(f"{name}_str") or item.get(name) or "")
    return "" if post_id == "0" else post_id
