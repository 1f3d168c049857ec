"""Finds which parts of X's messages belong together. The messages are passed on as they came, with whatever fields they have.

Post, users, places, media and polls stand side by side in `includes`, and name each other by ids. X has two dialects (x_json.py). Nothing
here raises: what has another shape than X's is not there.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Object = dict[str, Any]
Index = Mapping[str, Mapping[str, Object]]  # kind: {id: object}

POSTS = ("tweets", "posts")
_KEYS = {"media": "media_key"}


def as_object(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def as_objects(value: Any) -> list[Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def object_key(kind: str, item: Object) -> str:
    """Return what names an included object."""
    return str(item.get(_KEYS.get(kind, "id")))


def index(includes: Any) -> dict[str, dict[str, Object]]:
    """Return included objects by kind and id. A page's posts share them."""
    return {
        kind: {object_key(kind, item): item for item in as_objects(items)}
        for kind, items in as_object(includes).items()
    }


def included_posts(message: Mapping[str, Any]) -> list[Object]:
    """Return the posts that the message's own one refers to."""
    includes = as_object(message.get("includes"))
    return [post for kind in POSTS for post in as_objects(includes.get(kind))]


def references(post: Object) -> list[Object]:
    """Return what a post says about the posts that it refers to: `type` and `id`."""
    return as_objects(post.get("referenced_tweets")) + as_objects(post.get("referenced_posts"))


def retweeted(post: Object) -> set[str]:
    """Return the id of the post that this one retweets, alone in a set, or an empty one."""
    return {
        str(reference.get("id")) for reference in references(post) if reference.get("type") in ("retweeted", "reposted")
    }


def named_by(posts: Iterable[Object]) -> dict[str, list[str]]:
    """Return the keys of the users who wrote these posts, and of the places, media and polls in them, by kind and in their order."""
    names: dict[str, list[str]] = {"users": [], "places": [], "media": [], "polls": []}
    for post in posts:
        attached = as_object(post.get("attachments"))
        names["users"].append(str(post.get("author_id")))
        names["places"].append(str(as_object(post.get("geo")).get("place_id")))
        names["media"] += _strings(attached.get("media_keys"))
        names["polls"] += _strings(attached.get("poll_ids"))
    return {kind: list(dict.fromkeys(keys)) for kind, keys in names.items()}


def referred(post: Object, included: Index) -> dict[str, list[Object]]:
    """Return what a post refers to, and what those posts refer to: the includes of a message of the stream.

    An edit refers to its earlier versions too, which X's search includes.
    """
    history = post.get("edit_history_tweet_ids") or post.get("edit_history_post_ids")
    ids = [str(reference.get("id")) for reference in references(post)]
    ids += [str(version) for version in history] if isinstance(history, list) else []
    dialect = next((kind for kind in POSTS if kind in included), POSTS[0])
    others = included.get(dialect, {})
    posts = [others[key] for key in dict.fromkeys(ids) if key in others and key != str(post.get("id"))]
    referenced = {dialect: posts}
    for kind, keys in named_by([post, *posts]).items():
        by_key = included.get(kind, {})
        referenced[kind] = [by_key[key] for key in keys if key in by_key]
    return {kind: items for kind, items in referenced.items() if items}


def _strings(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
