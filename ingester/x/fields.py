"""What we ask X for with each post, from the stream and from search alike."""

# https://docs.x.com/x-api/posts/filtered-stream: an unknown name is dropped silently, and the post is billed all the same
TWEET_FIELDS = [
    "article", "attachments", "author_id", "community_id", "context_annotations", "conversation_id", "created_at",
    "display_text_range", "edit_controls", "edit_history_tweet_ids", "entities", "geo", "id", "in_reply_to_user_id", "lang",
    "note_tweet", "possibly_sensitive", "public_metrics", "referenced_tweets", "reply_settings", "source", "text", "withheld",
]  # fmt: skip
USER_FIELDS = [
    "created_at",
    "description",
    "id",
    "location",
    "name",
    "protected",
    "public_metrics",
    "username",
    "verified",
]
PLACE_FIELDS = ["contained_within", "country", "country_code", "full_name", "geo", "id", "name", "place_type"]


def expansions(*, authors: bool, referenced: bool) -> list[str]:
    """Return the expansions to ask for, by EXPAND_AUTHORS and EXPAND_REFERENCED. X may bill each object that they add (prices.py)."""
    wanted = ["geo.place_id"]
    if referenced:
        wanted += ["referenced_tweets.id", "edit_history_tweet_ids"]
    if authors:
        wanted += ["author_id", *(["referenced_tweets.id.author_id"] if referenced else [])]
    return wanted
