"""Fields that X sends and this code does not know: X adds some without notice. They are kept in `payload`, and told once.

The lists are X's own (OpenAPI 2.167, 2026-08: post, user and place fields), in both of its dialects.
"""

from typing import Any

from .dialect import Object


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MESSAGE = _names("data includes matching_rules errors")
_POST = _names(
    "article attachments author_id card_uri community_id context_annotations conversation_id created_at display_text_range "
    "edit_controls edit_history_tweet_ids edit_history_post_ids entities geo id in_reply_to_user_id lang media_metadata "
    "note_tweet note_post paid_partnership possibly_sensitive public_metrics referenced_tweets referenced_posts "
    "reply_settings scopes source suggested_source_links text withheld"
)
_METRICS = _names("retweet_count repost_count reply_count like_count quote_count bookmark_count impression_count")
_ENTITIES = _names("annotations cashtags hashtags mentions urls")
_NOTE = _names("text entities")
_INCLUDES = _names("users tweets posts places media polls topics")
_USER = _names(
    "affiliation connection_status created_at description entities id is_identity_verified location most_recent_tweet_id "
    "most_recent_post_id name parody pinned_tweet_id pinned_post_id profile_banner_url profile_image_url protected "
    "public_metrics receives_your_dm subscription subscription_type url username verified verified_followers_count "
    "verified_type withheld"
)
_PLACE = _names("contained_within country country_code full_name geo id name place_type")
_RULE = _names("id tag embedding_similarity embedding_threshold")
_INCLUDED = {"users": _USER, "tweets": _POST, "posts": _POST, "places": _PLACE}


def unknown_fields(message: Object) -> tuple[str, ...]:
    """Return the paths of fields that are not known, as `data.new_field`. `message` has a post."""
    unknown: list[str] = []
    data = message["data"]
    includes = message["includes"] if isinstance(message.get("includes"), dict) else {}
    _look(message, _MESSAGE, "", unknown)
    _look(data, _POST, "data.", unknown)
    for name, known in (("public_metrics", _METRICS), ("entities", _ENTITIES), ("note_tweet", _NOTE)):
        _look(data.get(name), known, f"data.{name}.", unknown)
    _look(includes, _INCLUDES, "includes.", unknown)
    for name, known in _INCLUDED.items():
        _look_at_each(includes.get(name), known, f"includes.{name}.", unknown)
    _look_at_each(message.get("matching_rules"), _RULE, "matching_rules.", unknown)
    return tuple(unknown)


def _look_at_each(items: Any, known: frozenset[str], path: str, unknown: list[str]) -> None:
    if isinstance(items, list):
        for item in items:
            _look(item, known, path, unknown)


def _look(owner: Any, known: frozenset[str], path: str, unknown: list[str]) -> None:
    """Collect unknown names. Parts that no column comes from are unchecked, so they may have any type."""
    if isinstance(owner, dict) and not known.issuperset(owner):
        unknown += [f"{path}{name[:100]}" for name in owner if name not in known]
