"""Turns posts of API v2 into which 4CAT has put authors, places and media back into messages with `includes`.

4CAT's NDJSON of API v2 (datasources/twitterv2) is like twarc2's flattened posts, under other names.
"""

from posts.includes import Object, as_object, as_objects

NAME = "4CAT, API v2"


def is_enriched(value: Object) -> bool:
    return "author_user" in value and "id" in value


def flattened(post: Object) -> Object:
    """Return the post as twarc2 flattens it."""
    result = {name: value for name, value in post.items() if name not in ("author_user", "in_reply_to_user", "subject")}
    if author := as_object(post.get("author_user")):
        result["author"] = author
    geo = as_object(post.get("geo"))
    if place := as_object(geo.get("place")):
        result["geo"] = {name: value for name, value in geo.items() if name != "place"} | {
            name: value for name, value in place.items() if name not in geo
        }
    attached = as_object(post.get("attachments"))
    keys = attached.get("media_keys")
    if isinstance(keys, list):
        result["attachments"] = {name: value for name, value in attached.items() if name != "poll_ids"} | {
            "media_keys": [str(as_object(key).get("media_key") or key) for key in keys],
            "media": [item for item in as_objects(keys) if "error" not in item],
        }
    if references := as_objects(post.get("referenced_tweets")):
        result["referenced_tweets"] = [
            flattened(post) if is_enriched(post) else {name: post[name] for name in ("type", "id") if name in post}
            for post in references
        ]
    return result
