"""What we ask X for with each post, from the stream and from search alike."""

from collections.abc import Mapping
from typing import Any

from runtime import log

# https://docs.x.com/x-api/posts/filtered-stream: an unknown name is dropped silently, and the post is billed all the same
TWEET_FIELDS = [
    "article",
    "attachments",
    "author_id",
    "community_id",
    "context_annotations",
    "conversation_id",
    "created_at",
    "display_text_range",
    "edit_controls",
    "edit_history_tweet_ids",
    "entities",
    "geo",
    "id",
    "in_reply_to_user_id",
    "lang",
    "note_tweet",
    "possibly_sensitive",
    "public_metrics",
    "referenced_tweets",
    "reply_settings",
    "source",
    "text",
    "withheld",
]
# Fields that X has had for a short time. An account that lacks one gets an answer of 400, and no post.
NEW_TWEET_FIELDS = ["paid_partnership"]  # since 2026-06-03: https://docs.x.com/changelog
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


class TweetFields:
    """The fields of a post to ask for. Those that X refuses are left out from then on, by the stream and by search."""

    def __init__(self) -> None:
        self.names = [*TWEET_FIELDS, *NEW_TWEET_FIELDS]

    def leave_out_refused(self, problem: Mapping[str, Any]) -> bool:
        """Leave out the new fields if the body of X's answer 400 is about them. Returns whether to ask again."""
        text = str(problem)
        is_about_them = "tweet.fields" in text or any(name in text for name in NEW_TWEET_FIELDS)
        if not is_about_them or self.names == TWEET_FIELDS:
            return False
        self.names = list(TWEET_FIELDS)
        log.event(
            "fields_refused",
            "ERROR",
            message=f"X does not take the post fields {', '.join(NEW_TWEET_FIELDS)} ({text[:300]}). They are left out.",
        )
        return True


def expansions(*, authors: bool, referenced: bool) -> list[str]:
    """Return the expansions to ask for, by EXPAND_AUTHORS and EXPAND_REFERENCED. X may bill each object that they add (prices.py)."""
    expansions = ["geo.place_id"]
    if referenced:
        expansions += ["referenced_tweets.id", "edit_history_tweet_ids"]
    if authors:
        expansions += ["author_id", *(["referenced_tweets.id.author_id"] if referenced else [])]
    return expansions
