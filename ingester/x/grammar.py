"""X's language for rules, as far as a mistake in it can be seen without asking X. Pure.

Operators: https://docs.x.com/x-api/posts/filtered-stream/integrate/operators; how they combine: .../integrate/build-a-rule (2026-11).
"""

import difflib
import re
from collections.abc import Iterator

# They may stand alone in a rule, as words, phrases, #tags, @names and $symbols do. From url_title on the documentation does not say.
_ALONE = frozenset(
    [
        "from",
        "to",
        "retweets_of",
        "from_affiliate_of",
        "to_affiliate_of",
        "url",
        "context",
        "entity",
        "conversation_id",
        "bio",
        "bio_name",
        "bio_location",
        "place",
        "place_country",
        "point_radius",
        "bounding_box",
        "list",
        "embedding",
        "url_title",
        "url_description",
        "url_contains",
        "min_followers",
        "followers_count",
        "tweets_count",
        "following_count",
        "listed_count",
        "in_reply_to_tweet_id",
        "retweets_of_tweet_id",
        "quotes_of_tweet_id",
        "source",
    ]
)
# They need one of the others beside them, and take these values.
_BESIDE = {
    "is": frozenset(["retweet", "reply", "quote", "verified", "nullcast"]),
    "has": frozenset(["hashtags", "cashtags", "links", "mentions", "media", "images", "video_link", "videos", "geo"]),
    "lang": frozenset(
        [
            "am",
            "ar",
            "bg",
            "bn",
            "bo",
            "bs",
            "ca",
            "ckb",
            "cs",
            "cy",
            "da",
            "de",
            "dv",
            "el",
            "en",
            "es",
            "et",
            "eu",
            "fa",
            "fi",
            "fr",
            "gu",
            "he",
            "hi",
            "hi-Latn",
            "hr",
            "ht",
            "hu",
            "hy",
            "id",
            "is",
            "it",
            "ja",
            "ka",
            "km",
            "kn",
            "ko",
            "lo",
            "lt",
            "lv",
            "ml",
            "mr",
            "my",
            "ne",
            "nl",
            "no",
            "or",
            "pa",
            "pl",
            "ps",
            "pt",
            "ro",
            "ru",
            "sd",
            "si",
            "sk",
            "sl",
            "sr",
            "sv",
            "ta",
            "te",
            "th",
            "tl",
            "tr",
            "ug",
            "uk",
            "und",
            "ur",
            "vi",
            "zh",
            "zh-CN",
            "zh-TW",
        ]
    ),
    "sample": frozenset(map(str, range(1, 101))),
    "embedding_threshold": frozenset[str](),  # any
}
# What X writes into posts, and does not take in a rule.
_LANGUAGES = {"in": "id", "iw": "he"}
# What X's web search knows, and the stream does not.
_WEB_OPERATORS = {
    "since": "leave it out: the stream brings what is new, and `search --from` what was",
    "until": "leave it out: the stream brings what is new, and `search --to` what was",
    "min_faves": "leave it out: a post has no likes yet when the stream brings it",
    "min_retweets": "leave it out: a post has no retweets yet when the stream brings it",
    "min_replies": "leave it out: a post has no replies yet when the stream brings it",
    "min_likes": "leave it out: a post has no likes yet when the stream brings it",
    "min_reposts": "leave it out: a post has no retweets yet when the stream brings it",
    "filter": "write has: or is:, such as has:links or is:retweet",
    "near": "write point_radius:[longitude latitude 10km]",
    "geocode": "write point_radius:[longitude latitude 10km]",
}
_QUOTED = re.compile(r'"[^"]*"')
_SMALL = re.compile(r"(?:^|[\s)])(or|Or|and|And|AND)(?=[\s(])")
_OPERATOR = re.compile(r"(-?)([a-z_]+):(.*)")
_EMPTY = re.compile(r"\(\s*\)")
_BRACKETED = re.compile(r"\[[^\]]*\]")


def mistakes(value: str) -> list[str]:
    """Return why X would refuse a rule, in words, and what to write."""
    bare = _BRACKETED.sub("[]", _QUOTED.sub('""', value))
    return [*_check_signs(bare), *_check_words(bare)]


def _check_signs(bare: str) -> Iterator[str]:
    if bare.count('"') % 2:
        yield "a quote is open"
    depth = 0
    for sign in bare:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            break
    if depth:
        yield "the parentheses do not match"
    if _EMPTY.search(bare):
        yield "a pair of parentheses is empty: put words into it, or leave it out"
    if "-(" in bare:
        yield "a group is negated, and X takes no such group: write the minus before each of its parts"
    if small := _SMALL.search(bare):
        instead = "OR" if small[1].lower() == "or" else "a space"
        yield f"'{small[1]}' is ambiguous, and X refuses it: write {instead}, or \"{small[1]}\" to look for the word"


def _check_words(bare: str) -> Iterator[str]:
    words = [word for word in bare.replace("(", " ").replace(")", " ").split() if word != "OR"]
    for word in words:
        if match := _OPERATOR.fullmatch(word):
            minus, name, value = match.groups()
            if not value.startswith("//"):  # an address
                yield from _check_operator(word, minus, name, value)
    required = [word for word in words if not word.startswith("-")]
    if not required:
        yield "every part is negated, and X wants at least one that is not"
    elif all(_needs_another(word) for word in required):
        yield f'{" ".join(required[:3])} cannot stand alone: add a word, a "phrase", a #hashtag, from:name or the like'


def _needs_another(word: str) -> bool:
    match = _OPERATOR.fullmatch(word)
    return match is not None and match[2] in _BESIDE


def _check_operator(word: str, minus: str, name: str, value: str) -> Iterator[str]:
    if name in _WEB_OPERATORS:
        yield f"{name}: belongs to X's web search, and rules do not know it; {_WEB_OPERATORS[name]}"
    elif name not in _ALONE and name not in _BESIDE:
        near = difflib.get_close_matches(name, [*_ALONE, *_BESIDE], n=1)
        yield f"X has no operator {name}:" + (
            f"; did you mean {near[0]}:{value}?" if near else f'; to look for the text, write "{word.lstrip("-")}"'
        )
    elif not value:
        yield f"{name}: has no value; write it without a space, as in {name}:value"
    elif name == "lang" and value in _LANGUAGES:
        yield f"X takes no lang:{value}; write lang:{_LANGUAGES[value]}"
    elif _BESIDE.get(name) and value not in _BESIDE[name]:
        is_number = name == "sample"
        near = [] if is_number else difflib.get_close_matches(value, _BESIDE[name], n=1)
        choices = "1 to 100" if is_number else f"one of {', '.join(sorted(_BESIDE[name]))}"
        yield f"X takes no {name}:{value}; write {f'{minus}{name}:{near[0]}' if near else choices}"
    elif (name, value, minus) == ("is", "nullcast", ""):
        yield "X takes is:nullcast only negated; write -is:nullcast"
    elif name == "sample" and minus:
        yield "X takes no negated sample:; leave the minus out"
