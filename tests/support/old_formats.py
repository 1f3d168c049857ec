"""Writes messages of API v2 in older and other formats, as the programs that wrote them do: for tests of the import."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

Object = dict[str, Any]


def as_v1(message: Object) -> Object:
    """A status of API v1.1 in extended mode (twarc 1)."""
    includes = message.get("includes", {})
    users = {user["id"]: user for user in includes.get("users", [])}
    posts = {post["id"]: post for post in includes.get("tweets", [])}
    places = {place["id"]: place for place in includes.get("places", [])}
    return _status(message["data"], users, posts, places)


def _status(post: Object, users: Object, posts: Object, places: Object) -> Object:
    metrics = post.get("public_metrics", {})
    status: Object = {
        "id": int(post["id"]),
        "id_str": post["id"],
        "created_at": _v1_time(post["created_at"]),
        "full_text": post["text"],
        "truncated": False,
        "source": '<a href="http://example.com" rel="nofollow">Some app</a>',
        "lang": post.get("lang"),
        "possibly_sensitive": post.get("possibly_sensitive"),
        "retweet_count": metrics.get("retweet_count"),
        "favorite_count": metrics.get("like_count"),
        "reply_count": metrics.get("reply_count"),
        "quote_count": metrics.get("quote_count"),
        "in_reply_to_status_id": None,
        "in_reply_to_user_id_str": post.get("in_reply_to_user_id"),
        "entities": _entities(post.get("entities", {})),
        "coordinates": post.get("geo", {}).get("coordinates"),
        "place": None,
        "contributors": None,
    }
    if user := users.get(str(post.get("author_id"))):
        status["user"] = _user(user)
    if place := places.get(str(post.get("geo", {}).get("place_id"))):
        status["place"] = _place(place)
    for reference in post.get("referenced_tweets", []):
        match reference["type"]:
            case "retweeted":
                status["retweeted_status"] = _status(posts[reference["id"]], users, posts, places)
            case "quoted":
                status |= {"is_quote_status": True, "quoted_status_id_str": reference["id"]}
                if reference["id"] in posts:
                    status["quoted_status"] = _status(posts[reference["id"]], users, posts, places)
            case "replied_to":
                status["in_reply_to_status_id_str"] = reference["id"]
    return status


def as_compatible(status: Object) -> Object:
    """The same as the v1.1 stream sends it: a text that is cut, and beside it the whole one."""
    cut = {name: value for name, value in status.items() if name != "full_text"}
    text = status["full_text"]
    if len(text) <= 140:
        return cut | {"text": text}
    extended = {"full_text": text, "entities": status["entities"], "display_text_range": [0, len(text)]}
    return cut | {"text": text[:139] + "…", "truncated": True, "extended_tweet": extended, "entities": {"hashtags": []}}


def as_website(message: Object) -> Object:
    """A post as X's website gets it."""
    return _website(as_v1(message), message["data"].get("conversation_id"))


def _website(status: Object, thread: str | None = None) -> Object:
    inside = ("user", "retweeted_status", "quoted_status", "source", "id", "id_str")
    legacy = {name: value for name, value in status.items() if name not in inside} | {"id_str": status["id_str"]}
    user = status["user"]
    if thread:
        legacy["conversation_id_str"] = thread
    post: Object = {
        "__typename": "Tweet",
        "rest_id": status["id_str"],
        "core": {"user_results": {"result": {"rest_id": user["id_str"], "legacy": user}}},
        "source": status["source"],
        "views": {"count": "123", "state": "EnabledWithCount"},
        "legacy": legacy | {"user_id_str": user["id_str"]},
    }
    if retweeted := status.get("retweeted_status"):
        legacy = post["legacy"]
        legacy["retweeted_status_result"] = {"result": {"tweet": _website(retweeted)}}
    if quoted := status.get("quoted_status"):
        post["quoted_status_result"] = {"result": _website(quoted)}
    return post


def as_zeeschuimer(message: Object, seen_at: int) -> Object:
    """A line of Zeeschuimer. `seen_at` in milliseconds since 1970."""
    return {
        "nav_index": "1:2:3",
        "item_id": message["data"]["id"],
        "timestamp_collected": seen_at,
        "source_platform": "twitter.com",
        "source_platform_url": "https://x.com/home",
        "source_url": "https://x.com/i/api/graphql/x/SearchTimeline",
        "user_agent": "Mozilla/5.0",
        "data": as_website(message),
    }


def as_personal(messages: Iterable[Object]) -> str:
    """The text of tweets.js. All is text there, and nothing says who wrote the posts."""
    tweets = []
    for message in messages:
        status = {name: value for name, value in as_v1(message).items() if name not in ("user", "id")}
        counts = {name: str(status[name]) for name in ("retweet_count", "favorite_count")}
        tweets.append({"tweet": status | counts})
    return "window.YTD.tweets.part0 = " + orjson.dumps(tweets, option=orjson.OPT_INDENT_2).decode()


def as_tcat(messages: Iterable[Object]) -> str:
    """DMI-TCAT's export of tweets, with entities."""
    rows = []
    for message in messages:
        status = as_v1(message)
        user, entities = status["user"], status["entities"]
        longitude, latitude = (status.get("coordinates") or {}).get("coordinates", ["", ""])
        rows.append(
            {
                "id": status["id_str"],
                "time": int(_moment(message["data"]["created_at"]).timestamp()),
                "created_at": f"{_moment(message['data']['created_at']):%F %T}",
                "from_user_name": user["screen_name"],
                "text": status["full_text"],
                "possibly_sensitive": int(bool(status["possibly_sensitive"])),
                "retweet_count": status["retweet_count"],
                "favorite_count": status["favorite_count"],
                "lang": status["lang"],
                "in_reply_to_status_id": status.get("in_reply_to_status_id_str", ""),
                "quoted_status_id": status.get("quoted_status_id_str", ""),
                "source": status["source"],
                "location": user.get("location"),
                "lat": latitude,
                "lng": longitude,
                "from_user_id": user["id_str"],
                "from_user_realname": user["name"],
                "from_user_followercount": user["followers_count"],
                "urls_expanded": "; ".join(one["expanded_url"] for one in entities.get("urls", [])),
                "mentions": "; ".join(one["screen_name"] for one in entities.get("user_mentions", [])),
                "hashtags": "; ".join(one["text"] for one in entities.get("hashtags", [])),
            }
        )
    return table(rows)


def as_fourcat(messages: Iterable[Object]) -> str:
    """4CAT's CSV of API v2."""
    rows = []
    for message in messages:
        status = as_v1(message)
        user, entities = status["user"], status["entities"]
        rows.append(
            {
                "id": status["id_str"],
                "thread_id": message["data"].get("conversation_id", ""),
                "timestamp": f"{_moment(message['data']['created_at']):%F %T}",
                "unix_timestamp": int(_moment(message["data"]["created_at"]).timestamp()),
                "link": f"https://x.com/{user['screen_name']}/status/{status['id_str']}",
                "body": status["full_text"],
                "author": user["screen_name"],
                "author_fullname": user["name"],
                "author_id": user["id_str"],
                "author_followers": user["followers_count"],
                "language_guess": status["lang"],
                "possibly_sensitive": "yes" if status["possibly_sensitive"] else "no",
                **{name: status[name] for name in ("retweet_count", "reply_count", "quote_count")},
                "like_count": status["favorite_count"],
                "is_retweet": "yes" if "retweeted_status" in status else "no",
                "hashtags": ",".join(one["text"] for one in entities.get("hashtags", [])),
                "urls": ",".join(one["expanded_url"] for one in entities.get("urls", [])),
                "mentions": ",".join(one["screen_name"] for one in entities.get("user_mentions", [])),
            }
        )
    return table(rows)


def as_twarc_csv(flattened: Iterable[Object]) -> str:
    """twarc-csv's table of posts that twarc2 has flattened: a column for each path, lists as JSON."""
    rows = []
    for post in flattened:
        row: Object = {}
        for reference in post.get("referenced_tweets", []):
            row[f"referenced_tweets.{reference['type']}.id"] = reference["id"]
        rest = {name: value for name, value in post.items() if name not in ("referenced_tweets", "in_reply_to_user")}
        row |= {
            path: orjson.dumps(value).decode() if isinstance(value, list) else value for path, value in _paths(rest)
        }
        rows.append(row)
    return table(rows)


def as_enriched(flattened: Object) -> Object:
    """4CAT's NDJSON of API v2: the author under another name, places one level deeper."""
    post = {name: value for name, value in flattened.items() if name != "author"} | {"author_user": flattened["author"]}
    geo = post.get("geo", {})
    if "full_name" in geo:
        own = {name: geo[name] for name in ("place_id", "coordinates") if name in geo}
        post["geo"] = own | {"place": {name: value for name, value in geo.items() if name not in own}}
    if references := post.get("referenced_tweets"):
        post["referenced_tweets"] = [
            {"type": one["type"], **as_enriched({name: value for name, value in one.items() if name != "type"})}
            if "author" in one
            else one
            for one in references
        ]
    return post


def table(rows: list[Object], delimiter: str = ",") -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _paths(value: Object, before: str = "") -> Iterable[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _paths(inner, f"{before}{name}.")
        else:
            yield f"{before}{name}", inner


def _user(user: Object) -> Object:
    metrics = user.get("public_metrics", {})
    return {
        "id_str": user["id"],
        "name": user["name"],
        "screen_name": user["username"],
        "location": user.get("location", ""),
        "followers_count": metrics.get("followers_count"),
        "friends_count": metrics.get("following_count"),
        "created_at": "Wed May 23 06:01:13 +0000 2007",
        "verified": False,
    }


def _entities(entities: Object) -> Object:
    def indices(one: Object) -> list[int]:
        return [one.get("start", 0), one.get("end", 0)]

    return {
        "hashtags": [{"text": one["tag"], "indices": indices(one)} for one in entities.get("hashtags", [])],
        "user_mentions": [
            {"screen_name": one["username"], "id_str": one.get("id"), "indices": indices(one)}
            for one in entities.get("mentions", [])
        ],
        "urls": [
            {name: one.get(name) for name in ("url", "expanded_url", "display_url")} | {"indices": indices(one)}
            for one in entities.get("urls", [])
        ],
        "symbols": [],
    }


def _place(place: Object) -> Object:
    west, south, east, north = place["geo"]["bbox"]
    return {name: value for name, value in place.items() if name != "geo"} | {
        "bounding_box": {
            "type": "Polygon",
            "coordinates": [[[west, south], [west, north], [east, north], [east, south]]],
        }
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _v1_time(text: str) -> str:
    return _moment(text).strftime("%a %b %d %H:%M:%S +0000 %Y")
