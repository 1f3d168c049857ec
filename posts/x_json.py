"""X's JSON as types: the only place that knows how X names its fields, in both of its dialects.

Since 2026-08 X's specification names the same things twice (`note_tweet` and `note_post`, `includes.tweets` and `includes.posts`, ...);
which one arrives depends on the parameters and may change. Fields are absent rather than null, objects may be empty, and ids were JSON
numbers in 2021. All names are those of OpenAPI 2.167 (2026-08); what no column is made of is `Raw`, so it may hold anything.

    read(payload) ─► Message, and the paths of fields that are not declared here

A first decode is strict and takes a few microseconds. Where it finds an undeclared name or a wrong type, the message is cut down to what
columns are made of, its undeclared names are noted, and it is decoded again: only a field that matters can reject a message.
"""

import re
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import orjson
from msgspec import Meta, Raw, Struct

from .errors import BadMessage
from .limits import DEEPEST, parse_id, parse_json

Id = str | int
Count = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]  # BigQuery's INT64
_ABSENT = Raw()


class Metrics(Struct, gc=False, forbid_unknown_fields=True):
    """Counts of a post, as they were when X sent it."""

    retweet_count: Count | None = None
    repost_count: Count | None = None
    reply_count: Count | None = None
    like_count: Count | None = None
    quote_count: Count | None = None
    bookmark_count: Any = None
    impression_count: Any = None

    @property
    def retweets(self) -> int | None:
        return self.repost_count if self.retweet_count is None else self.retweet_count


class Hashtag(Struct, gc=False):
    tag: str | None = None


class Mention(Struct, gc=False):
    username: str | None = None


class Url(Struct, gc=False):
    """A link of a text: as written, as its author meant it, and where X found that it leads."""

    url: str | None = None
    expanded_url: str | None = None
    unwound_url: str | None = None


class Entities(Struct, gc=False, forbid_unknown_fields=True):
    """What X found in a text."""

    hashtags: list[Hashtag] | None = None
    mentions: list[Mention] | None = None
    urls: list[Url] | None = None
    annotations: Raw = _ABSENT
    cashtags: Raw = _ABSENT


class Note(Struct, gc=False, forbid_unknown_fields=True):
    """The whole text of a long post."""

    text: str | None = None
    entities: Entities | None = None


class Reference(Struct, gc=False):
    """A post that another one refers to; `type` is retweeted (reposted), quoted or replied_to."""

    type: str | None = None
    id: Id | None = None


class Coordinates(Struct, gc=False):
    """A point of GeoJSON."""

    coordinates: Any = None


class Geo(Struct, gc=False):
    place_id: Id | None = None
    coordinates: Coordinates | None = None


class Post(Struct, gc=False, forbid_unknown_fields=True):
    """A post, in `data` or in `includes`."""

    id: Id | None = None
    text: str | None = None
    author_id: Id | None = None
    created_at: str | None = None
    lang: str | None = None
    conversation_id: Id | None = None
    edit_history_tweet_ids: list[Id | None] | None = None
    edit_history_post_ids: list[Id | None] | None = None
    entities: Entities | None = None
    geo: Geo | None = None
    note_tweet: Note | None = None
    note_post: Note | None = None
    possibly_sensitive: bool | None = None
    public_metrics: Metrics | None = None
    referenced_tweets: list[Reference] | None = None
    referenced_posts: list[Reference] | None = None
    article: Any = None  # X's specification names the field and not what is in it
    attachments: Raw = _ABSENT
    card_uri: Any = None
    community_id: Any = None
    context_annotations: Raw = _ABSENT
    display_text_range: Raw = _ABSENT
    edit_controls: Raw = _ABSENT
    in_reply_to_user_id: Any = None
    media_metadata: Raw = _ABSENT
    paid_partnership: Any = None
    reply_settings: Any = None
    scopes: Raw = _ABSENT
    source: Any = None
    suggested_source_links: Raw = _ABSENT
    withheld: Raw = _ABSENT

    @property
    def note(self) -> Note | None:
        return self.note_post if self.note_tweet is None else self.note_tweet

    @property
    def versions(self) -> list[str]:
        """Return the ids of the edit chain, oldest first."""
        ids = self.edit_history_post_ids if self.edit_history_tweet_ids is None else self.edit_history_tweet_ids
        return [str(version) for version in ids if version is not None] if ids else []

    def references(self) -> dict[str, str]:
        """Return the posts that this one refers to: {retweeted, quoted or replied_to: id}, the first of each kind."""
        listed = self.referenced_posts if self.referenced_tweets is None else self.referenced_tweets
        kinds: dict[str, str] = {}
        for reference in listed or ():
            if reference.id is not None and reference.id != "":
                kinds.setdefault(
                    "retweeted" if reference.type == "reposted" else reference.type or "", str(reference.id)
                )
        return kinds


class UserMetrics(Struct, gc=False):
    followers_count: Count | None = None


class User(Struct, gc=False, forbid_unknown_fields=True):
    """An account."""

    id: Id | None = None
    name: str | None = None
    username: str | None = None
    location: str | None = None
    public_metrics: UserMetrics | None = None
    affiliation: Raw = _ABSENT
    connection_status: Any = None
    created_at: Any = None
    description: Raw = _ABSENT
    entities: Raw = _ABSENT
    is_identity_verified: Any = None
    most_recent_tweet_id: Any = None
    most_recent_post_id: Any = None
    parody: Any = None
    pinned_tweet_id: Any = None
    pinned_post_id: Any = None
    profile_banner_url: Any = None
    profile_image_url: Any = None
    protected: Any = None
    receives_your_dm: Any = None
    subscription: Any = None
    subscription_type: Any = None
    url: Any = None
    verified: Any = None
    verified_followers_count: Any = None
    verified_type: Any = None
    withheld: Raw = _ABSENT


class Place(Struct, gc=False, forbid_unknown_fields=True):
    id: Id | None = None
    full_name: str | None = None
    name: str | None = None
    country_code: str | None = None
    contained_within: Raw = _ABSENT
    country: Any = None
    geo: Raw = _ABSENT
    place_type: Any = None


class Includes(Struct, gc=False, forbid_unknown_fields=True):
    """What the post of a message refers to. X may leave any of it out."""

    users: list[User] | None = None
    tweets: list[Post] | None = None
    posts: list[Post] | None = None
    places: list[Place] | None = None
    media: Raw = _ABSENT
    polls: Raw = _ABSENT
    topics: Raw = _ABSENT

    @property
    def referenced(self) -> list[Post]:
        return (self.posts if self.tweets is None else self.tweets) or []


class MatchedRule(Struct, gc=False, forbid_unknown_fields=True):
    id: Any = None  # read only where the rule has no tag
    tag: str | None = None
    embedding_similarity: Any = None
    embedding_threshold: Any = None


class Message(Struct, gc=False, forbid_unknown_fields=True):
    """A message of the stream."""

    data: Post | None = None
    includes: Includes | None = None
    matching_rules: list[MatchedRule] | None = None
    errors: Raw = _ABSENT


_decoder = msgspec.json.Decoder(Message)


def read(payload: str) -> tuple[Message, tuple[str, ...]]:
    """Return a message that carries a post, and the paths of its fields that are not declared here, as `data.new_field`.

    Raises BadMessage: not_json, no_post or wrong_type, whose text names the field.
    """
    unknown: tuple[str, ...] = ()
    try:
        raw = payload.encode()
        if raw.count(b"{") + raw.count(b"[") > DEEPEST:
            parse_json(raw)  # raises where it is nested too deep
        message = _decoder.decode(raw)
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


def _shape(struct: type[Struct]) -> dict[str, type[Struct] | None]:
    """Return the declared names of a strict struct, with the struct that each holds, alone or in a list."""
    return {
        name: next((part for part in _parts(hint) if isinstance(part, type) and issubclass(part, Struct)), None)
        for name, hint in typing.get_type_hints(struct).items()
    }


def _parts(hint: Any) -> Iterator[Any]:
    if typing.get_origin(hint) in (types.UnionType, typing.Union, list):
        for part in typing.get_args(hint):
            yield from _parts(part)
    else:
        yield hint


_STRICT = (Message, Post, Metrics, Entities, Note, Includes, User, Place, MatchedRule)
_SHAPES: dict[type[Struct], dict[str, type[Struct] | None]] = {struct: _shape(struct) for struct in _STRICT}


def _declared(value: Any, struct: type[Struct] | None, path: str, unknown: list[str]) -> Any:
    """Return a value without what its struct does not declare, and note the paths of that."""
    if isinstance(value, list):
        return [_declared(item, struct, path, unknown) for item in value]
    shape = _SHAPES.get(struct) if struct is not None else None
    if shape is None or not isinstance(value, dict):
        return value
    unknown += [path_ for name in value if name not in shape and (path_ := f"{path}{name[:100]}") not in unknown]
    return {
        name: _declared(item, shape[name], f"{path}{name}.", unknown) for name, item in value.items() if name in shape
    }


_TEXTS = ("id", "text", "note_tweet", "note_post", "article")  # all that is read of a quoted post


def _needed(includes: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Return of the included objects those that columns are made of: a wrong type in another one harms nothing."""
    references = data.get("referenced_tweets") or data.get("referenced_posts")
    kinds = {
        str(reference.get("id")): reference.get("type")
        for reference in (references if isinstance(references, list) else ())
        if isinstance(reference, dict)
    }
    geo = data.get("geo")
    place = geo.get("place_id") if isinstance(geo, dict) else None
    posts = set(kinds)
    wanted = {"users": {str(data.get("author_id"))}, "tweets": posts, "posts": posts, "places": {str(place)}}
    needed: dict[str, Any] = {}
    for name, ids in wanted.items():
        items = includes.get(name)
        if not ids - {"None"}:
            continue
        if isinstance(items, list):
            items = [item for item in items if not isinstance(item, dict) or str(item.get("id")) in ids]
            if ids is posts:
                items = [_text_alone(item) if kinds.get(_id_of(item)) == "quoted" else item for item in items]
        needed[name] = items
    return needed


def _id_of(item: Any) -> str:
    return str(item.get("id")) if isinstance(item, dict) else ""


def _text_alone(post: dict[str, Any]) -> dict[str, Any]:
    return {name: post[name] for name in _TEXTS if name in post}


_NAMES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "null": "nothing"}


def _in_words(text: str) -> str:
    """Return msgspec's error as the field's path, and the types that were expected and found."""
    found = re.fullmatch(r"Expected `(.+?)`(?:, got `(.+?)`)?(.*?)(?: - at `\$\.?(.+)`)?", text, re.DOTALL)
    assert found is not None, text
    kinds = [kind for kind in found[1].split(" | ") if kind != "null"]
    expected = "string" if "str" in kinds else _NAMES.get(kinds[0], kinds[0])
    got = f", got {_NAMES.get(found[2], found[2])}" if found[2] else found[3]
    return f"{(found[4] or 'the payload').replace('[...]', '')}: expected {expected}{got}"


def _what_it_is(message: Any) -> str:
    """Describe what X sent instead of a post, by the title of X's problem if there is one. Never by the text of a post."""
    problems = message.get("errors")
    problem = problems[0] if isinstance(problems, list) and problems and isinstance(problems[0], dict) else message
    title = problem.get("disconnect_type") or problem.get("title")
    if isinstance(title, str):
        return f"The message carries no post: X says {title[:200]}"
    return f"The message carries no post (no data.id); its fields are: {', '.join(sorted(message))[:200] or 'none'}"


def post_id(post: Post) -> str:
    """Return the id of a message's post. Raises BadMessage for what cannot be one."""
    if parse_id(post.id) is None:
        raise BadMessage("wrong_type", "data.id: expected 1 to 19 digits below 2^63, got another string")
    return str(post.id)
