"""Which fields of a post X sends: those that were asked for, in the dialect of the parameters, and the default ones.

https://docs.x.com/x-api/fundamentals/data-dictionary: without `tweet.fields` a post has id, text and edit_history_tweet_ids. An expansion
brings the objects, and the field that names them. Fields that X does not know are dropped without a word.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

_DEFAULTS = {
    "post": frozenset({"id", "text", "edit_history_tweet_ids"}),
    "user": frozenset({"id", "name", "username"}),
    "place": frozenset({"id", "full_name"}),
}
_NAMED_BY = {  # an expansion brings the field that names the objects
    "author_id": "author_id",
    "in_reply_to_user_id": "in_reply_to_user_id",
    "referenced_tweets.id": "referenced_tweets",
    "referenced_tweets.id.author_id": "referenced_tweets",
    "geo.place_id": "geo",
    "attachments.media_keys": "attachments",
    "attachments.poll_ids": "attachments",
    "edit_history_tweet_ids": "edit_history_tweet_ids",
}
_POSTS_DIALECT = {
    "note_tweet": "note_post",
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "retweet_count": "repost_count",
    "tweet_count": "post_count",
    "tweets": "posts",
    "retweeted": "reposted",
}
_TWEETS_DIALECT = {new: old for old, new in _POSTS_DIALECT.items()}


class _Selection(NamedTuple):
    post: frozenset[str]
    user: frozenset[str]
    place: frozenset[str]
    expansions: frozenset[str]
    in_posts_dialect: bool


def render(message: dict[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return a message or a page with what its request asks for. The posts in it may be in either dialect."""
    selection = _read(
        *(parameters.get(f"{kind}.fields", "") for kind in ("tweet", "post", "user", "place")),
        parameters.get("expansions", ""),
    )
    data, includes = message["data"], _includes(message.get("includes") or {}, message["data"], selection)
    posts = [_post(post, selection) for post in data] if isinstance(data, list) else _post(data, selection)
    rendered = {**message, "data": posts}
    rendered.pop("includes", None)
    return rendered | ({"includes": includes} if includes else {})


@lru_cache(maxsize=64)
def _read(tweet_fields: str, post_fields: str, user_fields: str, place_fields: str, expansions: str) -> _Selection:
    in_posts_dialect = bool(post_fields) or "referenced_posts" in expansions
    expanded = frozenset(part.replace("_posts", "_tweets").replace("_post_", "_tweet_") for part in _split(expansions))
    fields = {_TWEETS_DIALECT.get(name, name) for name in (*_split(tweet_fields), *_split(post_fields))}
    return _Selection(
        _DEFAULTS["post"] | fields | {_NAMED_BY[name] for name in expanded if name in _NAMED_BY},
        _DEFAULTS["user"] | _split(user_fields),
        _DEFAULTS["place"] | _split(place_fields),
        expanded,
        in_posts_dialect,
    )


def _split(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _post(post: dict[str, Any], selection: _Selection) -> dict[str, Any]:
    """Return the fields of a post that are asked for. Its edit history is at least itself."""
    translated: dict[str, Any] = {_TWEETS_DIALECT.get(name, name): value for name, value in post.items()}
    translated.setdefault("edit_history_tweet_ids", [str(post.get("id"))])
    kept = {name: value for name, value in translated.items() if name in selection.post}
    names = _POSTS_DIALECT if selection.in_posts_dialect else _TWEETS_DIALECT
    _rename_metrics(kept, names)
    if references := kept.get("referenced_tweets"):
        kept["referenced_tweets"] = [
            reference | {"type": names.get(reference["type"], reference["type"])} for reference in references
        ]
    return (
        {_POSTS_DIALECT.get(name, name): value for name, value in kept.items()} if selection.in_posts_dialect else kept
    )


def _includes(includes: Mapping[str, list[Any]], data: Any, selection: _Selection) -> dict[str, list[Any]]:
    listed = data if isinstance(data, list) else [data]
    originals = includes.get("tweets") or includes.get("posts") or []
    others = originals if {"referenced_tweets.id", "referenced_tweets.id.author_id"} & selection.expansions else []
    user_ids = {str(post.get("author_id")) for post in listed} if "author_id" in selection.expansions else set()
    if "referenced_tweets.id.author_id" in selection.expansions:
        user_ids |= {str(post.get("author_id")) for post in others}
    kept = {
        "users": [_user(user, selection) for user in includes.get("users") or [] if str(user.get("id")) in user_ids],
        "posts" if selection.in_posts_dialect else "tweets": [_post(post, selection) for post in others],
        "places": [_only(place, selection.place) for place in includes.get("places") or []]
        if "geo.place_id" in selection.expansions
        else [],
    }
    return {kind: items for kind, items in kept.items() if items}


def _user(user: dict[str, Any], selection: _Selection) -> dict[str, Any]:
    kept = _only(user, selection.user)
    _rename_metrics(kept, _POSTS_DIALECT if selection.in_posts_dialect else _TWEETS_DIALECT)
    return kept


def _rename_metrics(item: dict[str, Any], names: Mapping[str, str]) -> None:
    if metrics := item.get("public_metrics"):
        item["public_metrics"] = {names.get(name, name): value for name, value in metrics.items()}


def _only(item: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name in names}
