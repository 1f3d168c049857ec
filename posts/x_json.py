"""X's JSON as types: the only place that knows how X names its fields, in both of its dialects.

Since 2026-08 X's specification names the same things twice (`note_tweet` and `note_post`, `includes.tweets` and `includes.posts`, ...);
which one arrives depends on the parameters and may change. Fields are absent rather than null, objects may be empty, and ids were JSON
numbers in 2021. All names are those of OpenAPI 2.167 (2026-08); what no column is made of is
`Unused`, and may hold anything.

    read(payload) ─► Message, and the paths of fields that are not declared here

A first decode is strict and takes a few microseconds. Where it finds an undeclared name or a wrong type, the message is cut down to what
columns are made of, its undeclared names are noted, and it is decoded again: only a field that matters can reject a message.
"""

import re
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

import msgspec
import orjson
from msgspec import Meta, Struct

from .errors import BadMessage
from .limits import parse_id, parse_json

Id = str | int
Scalar = str | int | float | bool | None
# Of a few levels, so that what the strict decode takes is never nested deep. No column is made of what is Unused.
_Level1 = Scalar | list[Scalar] | dict[str, Scalar]
_Level2 = Scalar | list[_Level1] | dict[str, _Level1]
_Level3 = Scalar | list[_Level2] | dict[str, _Level2]
Json = Scalar | list[_Level3] | dict[str, _Level3]  # what X's specification does not describe
Unused = Annotated[Json, "unused"]
Count = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]  # BigQuery's INT64
_NOTHING: dict[str, str] = {}


class Metrics(Struct, gc=False, forbid_unknown_fields=True):
    """Counts of a post, as they were when X sent it."""

    retweet_count: Count | None = None
    repost_count: Count | None = None
    reply_count: Count | None = None
    like_count: Count | None = None
    quote_count: Count | None = None
    bookmark_count: Unused = None
    impression_count: Unused = None

    @property
    def retweets(self) -> int | None:
        return self.repost_count if self.retweet_count is None else self.retweet_count


class Hashtag(Struct, gc=False, forbid_unknown_fields=True):
    start: Unused = None
    end: Unused = None
    tag: str | None = None


class Mention(Struct, gc=False, forbid_unknown_fields=True):
    start: Unused = None
    end: Unused = None
    username: str | None = None
    id: Unused = None


class Url(Struct, gc=False, forbid_unknown_fields=True):
    """A link of a text: as written, as its author meant it, and where X found that it leads."""

    start: Unused = None
    end: Unused = None
    url: str | None = None
    expanded_url: str | None = None
    display_url: Unused = None
    unwound_url: str | None = None
    status: Unused = None
    title: Unused = None
    description: Unused = None
    images: Unused = None
    media_key: Unused = None


class Entities(Struct, gc=False, forbid_unknown_fields=True):
    """What X found in a text."""

    hashtags: list[Hashtag] | None = None
    mentions: list[Mention] | None = None
    urls: list[Url] | None = None
    annotations: Unused = None
    cashtags: Unused = None


class Note(Struct, gc=False, forbid_unknown_fields=True):
    """The whole text of a long post."""

    text: str | None = None
    entities: Entities | None = None


class Reference(Struct, gc=False, forbid_unknown_fields=True):
    """A post that another one refers to; `type` is retweeted (reposted), quoted or replied_to."""

    type: str | None = None
    id: Id | None = None


class Coordinates(Struct, gc=False, forbid_unknown_fields=True):
    """A point of GeoJSON."""

    type: Unused = None
    coordinates: Json = None


class Geo(Struct, gc=False, forbid_unknown_fields=True):
    place_id: Id | None = None
    coordinates: Coordinates | None = None


class Post(Struct, gc=False, forbid_unknown_fields=True):
    """A post, in `data` or in `includes`. The fields that are always there come first: msgspec compares names in this order."""

    id: Id | None = None
    text: str | None = None
    author_id: Id | None = None
    conversation_id: Id | None = None
    created_at: str | None = None
    lang: str | None = None
    edit_history_tweet_ids: list[Id | None] | None = None
    possibly_sensitive: bool | None = None
    public_metrics: Metrics | None = None
    reply_settings: Unused = None
    entities: Entities | None = None
    referenced_tweets: list[Reference] | None = None
    note_tweet: Note | None = None
    geo: Geo | None = None
    in_reply_to_user_id: Unused = None
    attachments: Unused = None
    source: Unused = None
    edit_history_post_ids: list[Id | None] | None = None
    note_post: Note | None = None
    referenced_posts: list[Reference] | None = None
    article: Json = None  # X's specification names the field and not what is in it
    card_uri: Unused = None
    community_id: Unused = None
    context_annotations: Unused = None
    display_text_range: Unused = None
    edit_controls: Unused = None
    media_metadata: Unused = None
    paid_partnership: Unused = None
    scopes: Unused = None
    suggested_source_links: Unused = None
    withheld: Unused = None

    @property
    def note(self) -> Note | None:
        return self.note_post if self.note_tweet is None else self.note_tweet

    def versions_before(self, own_id: str) -> list[str]:
        """Return the ids of the edit chain that come before this post's own, oldest first."""
        ids = self.edit_history_post_ids if self.edit_history_tweet_ids is None else self.edit_history_tweet_ids
        if not ids or len(ids) == 1:
            return []
        versions = [str(version) for version in ids if version is not None]
        return versions[: versions.index(own_id)] if own_id in versions else []

    def references(self) -> dict[str, str]:
        """Return the posts that this one refers to: {retweeted, quoted or replied_to: id}, the first of each kind."""
        listed = self.referenced_posts if self.referenced_tweets is None else self.referenced_tweets
        if not listed:
            return _NOTHING
        kinds: dict[str, str] = {}
        for reference in listed:
            if reference.id is not None and reference.id != "":
                kind = "retweeted" if reference.type == "reposted" else reference.type or ""
                kinds.setdefault(kind, str(reference.id))
        return kinds


class UserMetrics(Struct, gc=False, forbid_unknown_fields=True):
    followers_count: Count | None = None
    following_count: Unused = None
    tweet_count: Unused = None
    post_count: Unused = None
    listed_count: Unused = None
    like_count: Unused = None
    media_count: Unused = None


class User(Struct, gc=False, forbid_unknown_fields=True):
    """An account."""

    id: Id | None = None
    name: str | None = None
    username: str | None = None
    location: str | None = None
    public_metrics: UserMetrics | None = None
    affiliation: Unused = None
    connection_status: Unused = None
    created_at: Unused = None
    description: Unused = None
    entities: Unused = None
    is_identity_verified: Unused = None
    most_recent_tweet_id: Unused = None
    most_recent_post_id: Unused = None
    parody: Unused = None
    pinned_tweet_id: Unused = None
    pinned_post_id: Unused = None
    profile_banner_url: Unused = None
    profile_image_url: Unused = None
    protected: Unused = None
    receives_your_dm: Unused = None
    subscription: Unused = None
    subscription_type: Unused = None
    url: Unused = None
    verified: Unused = None
    verified_followers_count: Unused = None
    verified_type: Unused = None
    withheld: Unused = None


class Place(Struct, gc=False, forbid_unknown_fields=True):
    id: Id | None = None
    full_name: str | None = None
    name: str | None = None
    country_code: str | None = None
    contained_within: Unused = None
    country: Unused = None
    geo: Unused = None
    place_type: Unused = None


class Includes(Struct, gc=False, forbid_unknown_fields=True):
    """What the post of a message refers to. X may leave any of it out."""

    users: list[User] | None = None
    tweets: list[Post] | None = None
    posts: list[Post] | None = None
    places: list[Place] | None = None
    media: Unused = None
    polls: Unused = None
    topics: Unused = None

    @property
    def referenced(self) -> list[Post]:
        return (self.posts if self.tweets is None else self.tweets) or []


class MatchedRule(Struct, gc=False, forbid_unknown_fields=True):
    id: Json = None  # read only where the rule has no tag
    tag: str | None = None
    embedding_similarity: Unused = None
    embedding_threshold: Unused = None


class Message(Struct, gc=False, forbid_unknown_fields=True):
    """A message of the stream."""

    data: Post | None = None
    includes: Includes | None = None
    matching_rules: list[MatchedRule] | None = None
    errors: Unused = None
    source_format: Unused = None  # ours: what an import made the message from


_decoder = msgspec.json.Decoder(Message)


def read(payload: str) -> tuple[Message, tuple[str, ...]]:
    """Return a message that carries a post, and the paths of its fields that are not declared here, as `data.new_field`.

    Raises BadMessage: not_json, no_post or wrong_type, whose text names the field.
    """
    unknown: tuple[str, ...] = ()
    try:
        message = _decoder.decode(payload.encode())
    except msgspec.ValidationError:
        message, unknown = _read_leniently(payload)
    except ValueError as error:
        raise BadMessage("not_json", f"The payload is not JSON: {error}") from None
    if message.data is None or message.data.id is None:
        raise BadMessage("no_post", _what_it_is(orjson.loads(payload)))
    return message, unknown


def _read_leniently(payload: str) -> tuple[Message, tuple[str, ...]]:
    try:
        raw = parse_json(payload)
    except ValueError as error:
        raise BadMessage("not_json", f"The payload is not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise BadMessage("no_post", f"The payload is {type(raw).__name__}, not an object with data")
    data = raw.get("data")
    if data is None or (isinstance(data, dict) and data.get("id") is None):
        raise BadMessage("no_post", _what_it_is(raw))
    unknown: list[str] = []
    declared = _declared(raw, Message, "", unknown)
    if isinstance(declared.get("includes"), dict) and isinstance(data, dict):
        declared["includes"] = _needed(declared["includes"], data)
    try:
        return _decoder.decode(orjson.dumps(declared)), tuple(unknown)
    except msgspec.ValidationError as error:
        raise BadMessage("wrong_type", _in_words(str(error))) from None


class _Shape(NamedTuple):
    """The declared names of a struct, and those that columns are made of, with the struct that each holds, alone or in a list."""

    names: frozenset[str]
    used: dict[str, type[Struct] | None]


def _shape(struct: type[Struct]) -> _Shape:
    hints = typing.get_type_hints(struct, include_extras=True)
    used = {
        name: next((part for part in _parts(hint) if isinstance(part, type) and issubclass(part, Struct)), None)
        for name, hint in hints.items()
        if hint is not Unused
    }
    return _Shape(frozenset(hints), used)


def _parts(hint: Any) -> Iterator[Any]:
    if typing.get_origin(hint) in (types.UnionType, typing.Union, list):
        for part in typing.get_args(hint):
            yield from _parts(part)
    else:
        yield hint


_SHAPES: dict[type[Struct] | None, _Shape] = {
    struct: _shape(struct)
    for struct in (
        Message,
        Post,
        Metrics,
        Entities,
        Hashtag,
        Mention,
        Url,
        Note,
        Reference,
        Geo,
        Coordinates,
        Includes,
        User,
        UserMetrics,
        Place,
        MatchedRule,
    )
}


def _declared(value: Any, struct: type[Struct] | None, path: str, unknown: list[str]) -> Any:
    """Return what a value has of its struct's used fields, and note the paths of those that the struct does not declare."""
    if isinstance(value, list):
        return [_declared(item, struct, path, unknown) for item in value]
    shape = _SHAPES.get(struct)
    if shape is None or not isinstance(value, dict):
        return value
    for name in value:
        if name not in shape.names and (named := f"{path}{name[:100]}") not in unknown:
            unknown.append(named)
    used = {
        name: _declared(item, shape.used[name], f"{path}{name}.", unknown)
        for name, item in value.items()
        if name in shape.used
    }
    if isinstance(article := used.get("article"), dict):  # nothing of it rejects a post
        used["article"] = {name: part for name, part in article.items() if isinstance(part, str)}
    if struct is MatchedRule and used.get("tag"):
        used.pop("id", None)
    return used


_POST_FIELDS = {  # of an included post
    "quoted": ("id", "text", "note_tweet", "note_post", "article"),
    "retweeted": ("id", "text", "note_tweet", "note_post", "article", "entities", "public_metrics"),
}
_POST_FIELDS["reposted"] = _POST_FIELDS["retweeted"]
_METRICS_FIELDS = ("retweet_count", "repost_count", "like_count")


def _needed(includes: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Return the included objects that columns are made of, so that a wrong type in any other does no harm."""
    references = data.get("referenced_tweets") or data.get("referenced_posts")
    kinds = {
        str(reference.get("id")): str(reference.get("type"))
        for reference in (references if isinstance(references, list) else ())
        if isinstance(reference, dict) and reference.get("type") != "replied_to"
    }
    geo = data.get("geo")
    place = geo.get("place_id") if isinstance(geo, dict) else None
    posts = set(kinds)
    ids_by_kind = {"users": {str(data.get("author_id"))}, "tweets": posts, "posts": posts, "places": {str(place)}}
    needed: dict[str, Any] = {}
    for name, ids in ids_by_kind.items():
        items = includes.get(name)
        if not ids - {"None"}:
            continue
        if isinstance(items, list):
            items = [item for item in items if not isinstance(item, dict) or str(item.get("id")) in ids] or items
            if ids is posts:
                items = [_reduce(item, kinds) if isinstance(item, dict) else item for item in items]
        needed[name] = items
    return needed


def _reduce(post: dict[str, Any], kinds: dict[str, Any]) -> dict[str, Any]:
    """Return what is read of an included post, by what the message's post does with it."""
    read = {name: post[name] for name in _POST_FIELDS.get(kinds.get(str(post.get("id")), ""), ("id",)) if name in post}
    metrics = read.get("public_metrics")
    if isinstance(metrics, dict):
        read["public_metrics"] = {name: metrics[name] for name in _METRICS_FIELDS if name in metrics}
    return read


_NAMES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "null": "nothing"}


def _in_words(text: str) -> str:
    """Return msgspec's error as the field's path, and the types that were expected and found."""
    match = re.fullmatch(r"Expected `(.+?)`(?:, got `(.+?)`)?(.*?)(?: - at `\$\.?(.+)`)?", text, re.DOTALL)
    assert match is not None, text
    kinds = [kind for kind in match[1].split(" | ") if kind != "null"]
    expected = "string" if "str" in kinds else _NAMES.get(kinds[0], kinds[0])
    got = f", got {_NAMES.get(match[2], match[2])}" if match[2] else match[3]
    return f"{(match[4] or 'the payload').replace('[...]', '')}: expected {expected}{got}"


def _what_it_is(message: Any) -> str:
    """Describe what X sent instead of a post, by the title of X's problem if there is one. Never by the text of a post."""
    problems = message.get("errors")
    problem = problems[0] if isinstance(problems, list) and problems and isinstance(problems[0], dict) else message
    title = problem.get("disconnect_type") or problem.get("title")
    if isinstance(title, str):
        return f"The message carries no post: X says {title[:200]}"
    return f"The message carries no post (no data.id); its fields are: {', '.join(sorted(message))[:200] or 'none'}"


def post_id(post: Post) -> int:
    """Return the id of a message's post. Raises BadMessage for what cannot be one."""
    number = parse_id(post.id)
    if number is None:
        raise BadMessage("wrong_type", "data.id: expected 1 to 19 digits below 2^63, got another string")
    return number
