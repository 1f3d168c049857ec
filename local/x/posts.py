"""Synthetic posts of X's shapes: several languages, places, retweets, quotes, replies, long posts, edits, both dialects.

Everything follows from the seed but the clock: ids carry their time, as X's do. Each post knows the truth about itself
(would the shipped keywords keep it, what does it replace), so that a run can be held to it.
"""

import random
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from . import phrases

_SNOWFLAKE_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_CUT = 277  # characters: X cuts `text` near 280 and adds an ellipsis
_KINDS = {"original": 46, "retweet": 26, "reply": 11, "quote": 9, "long": 5, "edit": 3}  # percent
_MUSIC = 0.62  # of the posts are about music
_LANGUAGES = {
    "en": 58,
    "es": 12,
    "pt": 9,
    "fr": 4,
    "de": 3,
    "id": 4,
    "tr": 3,
    "ja": 3,
    "ko": 1,
    "ar": 2,
    "he": 0.5,
    "hi": 0.5,
}
_AUTHORS = 400
_ENTITY = re.compile(r"[#@]\w+|https://t\.co/\w{10}")

Object = dict[str, Any]
Clock = Callable[[int], datetime]  # number of the post -> when it was made


@dataclass(frozen=True, slots=True)
class Post:
    """One line of the stream, without matching_rules; `kept` and `replaces` are what the view has to make of it."""

    id: str
    created_at: datetime
    data: Object
    includes: Object
    kept: bool
    replaces: tuple[str, ...] = ()

    def message(self, rules: list[Object]) -> Object:
        """Return the message as X sends it. Its `includes` is a copy, so a caller may remove entries."""
        message: Object = {"data": self.data}
        if self.includes:
            message["includes"] = dict(self.includes)
        return message | {"matching_rules": rules}

    def line(self, rules: list[Object]) -> bytes:
        """The same in bytes, without the CRLF."""
        return orjson.dumps(self.message(rules))


@dataclass(slots=True)
class Expected:
    """What the view `tweets` shows once these posts have landed, with the shipped keywords."""

    _kept: set[str] = field(default_factory=set)
    _replaced: set[str] = field(default_factory=set)

    def add(self, post: Post) -> None:
        if post.kept:
            self._kept.add(post.id)
        self._replaced.update(post.replaces)

    @property
    def ids(self) -> set[str]:
        return self._kept - self._replaced


def write(seed: int, clock: Clock, topic: Callable[[], Sequence[str]] = tuple) -> Iterator[Post]:
    """Posts without end; the first n are the same for the same seed, whatever n is.

    `topic` gives the words that a post is made about, when it is made. Without any it is the example's: one artist's music.
    """
    return _Writer(random.Random(seed), clock, topic).posts()


def spread(posts: int, end: datetime, span: timedelta) -> Clock:
    """The posts of a whole day within a short run: quiet nights, busy evenings."""
    weights = [1.0 + 0.8 * (hour / 23) + (1.5 if 17 <= hour % 24 <= 22 else 0.0) for hour in range(24)]
    total = sum(weights)
    starts = [sum(weights[:hour]) / total for hour in range(24)]

    def clock(number: int) -> datetime:
        share = min(number / max(posts, 1), 1.0)
        hour = max(h for h in range(24) if starts[h] <= share)
        within = (share - starts[hour]) * total / weights[hour]
        return end - span + span * min((hour + within) / 24, 1.0)

    return clock


def live() -> Clock:
    """Posts made at the moment at which they are sent."""
    return lambda number: datetime.now(UTC)


class _Writer:
    def __init__(self, rng: random.Random, clock: Clock, topic: Callable[[], Sequence[str]]) -> None:
        self._rng = rng
        self._topic = topic
        self._clock = clock
        self._authors = [self._author(number) for number in range(_AUTHORS)]
        self._recent: deque[Post] = deque(maxlen=60)  # originals that may be retweeted, quoted or edited
        self._edited: set[str] = set()

    def posts(self) -> Iterator[Post]:
        number = 0
        while True:
            post = self._post(number)
            if post.data.get("referenced_tweets") is None and not post.replaces:
                self._recent.append(post)
            yield self._in_posts_dialect(post) if self._rng.random() < 0.02 else post
            number += 1

    def _post(self, number: int) -> Post:
        created_at = self._clock(number)
        post_id = str(int((created_at - _SNOWFLAKE_EPOCH) / timedelta(milliseconds=1)) << 22 | number & 0x3FFFFF)
        kind = self._one_of(_KINDS)
        if kind == "edit" and (earlier := self._editable()):
            return self._edit(post_id, created_at, earlier)
        music = self._rng.random() < _MUSIC
        lang = self._one_of(_LANGUAGES)
        author = self._rng.choice(self._authors)
        data, includes = self._base(post_id, created_at, author, lang)
        if kind == "retweet":
            return self._retweet(post_id, created_at, data, includes)
        if kind == "quote":
            return self._quote(post_id, created_at, data, includes, music)
        if kind == "long":
            return self._long(post_id, created_at, data, includes, music)
        text = self._text(lang, music)
        if kind == "reply":
            other = self._rng.choice(self._authors)
            text = f"@{other['username']} {text}"
            data["in_reply_to_user_id"] = other["id"]
            data["referenced_tweets"] = [{"type": "replied_to", "id": str(int(post_id) - self._rng.randrange(1 << 30))}]
        self._say(data, text)
        self._place(data, includes)
        return Post(post_id, created_at, data, includes, music)

    def _retweet(self, post_id: str, created_at: datetime, data: Object, includes: Object) -> Post:
        original = (
            self._rng.choice(self._recent)
            if self._recent and self._rng.random() < 0.5
            else self._popular(post_id, created_at)
        )
        shown = original.data["text"]
        author = original.includes["users"][0]
        data["lang"] = original.data["lang"]
        prefix = f"RT @{author['username']}: "
        self._say(data, prefix + shown)
        if len(data["text"]) > _CUT:
            data["text"] = data["text"][:_CUT] + "…"
        data["referenced_tweets"] = [{"type": "retweeted", "id": original.id}]
        includes["tweets"] = [original.data]
        includes["users"].append(author)
        return Post(post_id, created_at, data, includes, original.kept)

    def _quote(self, post_id: str, created_at: datetime, data: Object, includes: Object, music: bool) -> Post:
        quoted = self._rng.choice(self._recent) if self._recent else self._popular(post_id, created_at)
        given = self._rng.random() < 0.9  # X may leave any referenced post out
        comments = phrases.COMMENTS_MUSIC if music else phrases.COMMENTS_OTHER
        comment = self._rng.choice(phrases.COMMENTS_TOPIC if self._topic() else comments)
        comment = self._about(comment).replace("{n}", str(self._rng.randint(2, 99)))
        data["lang"] = "en"
        self._say(data, f"{comment} {self._link()}")
        data["referenced_tweets"] = [{"type": "quoted", "id": quoted.id}]
        if given:
            includes["tweets"] = [quoted.data]
            includes["users"].append(quoted.includes["users"][0])
        return Post(post_id, created_at, data, includes, music or (given and quoted.kept))

    def _long(self, post_id: str, created_at: datetime, data: Object, includes: Object, music: bool) -> Post:
        text = phrases.LONG.replace("{artist}", self._rng.choice(phrases.ARTIST)) + (
            phrases.LONG_MUSIC if music else phrases.LONG_OTHER
        )
        if self._topic():
            text = self._about(phrases.LONG_TOPIC)
        data["lang"] = "en"
        self._say(data, text[:_CUT] + self._rng.choice(("…", "")))
        data["note_tweet"] = {"text": text, "entities": _entities(text)}
        return Post(post_id, created_at, data, includes, music)

    def _edit(self, post_id: str, created_at: datetime, earlier: Post) -> Post:
        self._edited.add(earlier.id)
        music = earlier.kept if self._rng.random() < 0.8 else not earlier.kept
        data = earlier.data | {
            "id": post_id,
            "created_at": _x_time(created_at),
            "edit_history_tweet_ids": [earlier.id, post_id],
        }
        data.pop("note_tweet", None)
        data["lang"] = "en"
        self._say(data, self._text("en", music))
        return Post(post_id, created_at, data, earlier.includes, music, (earlier.id,))

    def _editable(self) -> Post | None:
        choices = [post for post in self._recent if post.id not in self._edited]
        return self._rng.choice(choices) if choices else None

    def _popular(self, post_id: str, created_at: datetime) -> Post:
        """An older post, with the counts of an older post, that the stream never sent by itself."""
        age = timedelta(minutes=self._rng.randrange(20, 60 * 72))
        made = created_at - age
        older = str(int(post_id) - (int(age / timedelta(milliseconds=1)) << 22))
        author = self._rng.choice(self._authors)
        lang = self._one_of(_LANGUAGES)
        music = self._rng.random() < _MUSIC
        data, includes = self._base(older, made, author, lang)
        self._say(data, self._text(lang, music))
        likes = int(self._rng.paretovariate(0.8) * 10)
        data["public_metrics"] = _metrics(likes // 4, likes // 9, likes, likes // 20)
        return Post(older, made, data, includes, music)

    def _base(self, post_id: str, created_at: datetime, author: Object, lang: str) -> tuple[Object, Object]:
        data: Object = {
            "id": post_id,
            "edit_history_tweet_ids": [post_id],
            "author_id": author["id"],
            "conversation_id": post_id,
            "created_at": _x_time(created_at),
            "lang": lang,
            "possibly_sensitive": self._rng.random() < 0.01,
            "public_metrics": _metrics(0, 0, int(self._rng.random() < 0.05), 0),
            "reply_settings": "everyone",
        }
        return data, {"users": [author]}

    def _text(self, lang: str, music: bool) -> str:
        choices = (phrases.MUSIC if music else phrases.OTHER).get(lang) or phrases.OTHER["en"]
        if self._topic():
            choices = phrases.TOPIC.get(lang) or phrases.TOPIC["en"]
        text = self._about(self._rng.choice(choices))
        text = text.replace("{artist}", self._rng.choice(phrases.ARTIST)).replace("{n}", str(self._rng.randint(2, 99)))
        return text.replace("{url}", self._link())

    def _about(self, text: str) -> str:
        words = self._topic()
        return text.replace("{word}", self._rng.choice(words)) if words else text

    def _say(self, data: Object, text: str) -> None:
        data["text"] = text
        entities = _entities(text)
        data.pop("entities", None)
        if entities:
            data["entities"] = entities

    def _place(self, data: Object, includes: Object) -> None:
        if self._rng.random() >= 0.15:
            return
        place_id, full_name, country, code, longitude, latitude = self._rng.choice(phrases.PLACES)
        data["geo"] = {"place_id": place_id}
        box = [longitude - 0.2, latitude - 0.2, longitude + 0.2, latitude + 0.2]
        geo = {"type": "Feature", "bbox": box, "properties": {}}
        includes["places"] = [
            {
                "id": place_id,
                "full_name": full_name,
                "name": full_name,
                "country": country,
                "country_code": code,
                "place_type": "city",
                "geo": geo,
            }
        ]
        if self._rng.random() < 0.2:
            data["geo"]["coordinates"] = {"type": "Point", "coordinates": [longitude, latitude]}

    def _in_posts_dialect(self, post: Post) -> Post:
        data = {_POSTS_DIALECT.get(name, name): value for name, value in post.data.items()}
        includes = {_POSTS_DIALECT.get(name, name): value for name, value in post.includes.items()}
        metrics = data["public_metrics"]
        data["public_metrics"] = {_POSTS_DIALECT.get(name, name): value for name, value in metrics.items()}
        return Post(post.id, post.created_at, data, includes, post.kept, post.replaces)

    def _author(self, number: int) -> Object:
        rng = self._rng
        return {
            "id": str(rng.randrange(10**8, 10**18)),
            "name": rng.choice(phrases.NAMES),
            "username": f"user_{number:03d}_{rng.randrange(16**4):04x}",
            "location": rng.choice(phrases.LOCATIONS) if rng.random() < 0.7 else "",
            "public_metrics": {
                "followers_count": int(rng.paretovariate(0.6) * 20),
                "following_count": rng.randrange(2_000),
                "tweet_count": number * 7,
                "listed_count": number % 5,
            },
            "verified": rng.random() < 0.05,
        }

    def _link(self) -> str:
        return "https://t.co/" + "".join(self._rng.choices("0123456789XZQKVW", k=10))

    def _one_of(self, weights: dict[str, Any]) -> str:
        return self._rng.choices(list(weights), list(weights.values()))[0]


_POSTS_DIALECT = {
    "note_tweet": "note_post",
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "retweet_count": "repost_count",
    "tweets": "posts",
}


def _metrics(retweets: int, replies: int, likes: int, quotes: int) -> Object:
    shared = {"retweet_count": retweets, "reply_count": replies, "like_count": likes, "quote_count": quotes}
    return shared | {"bookmark_count": likes // 10, "impression_count": likes * 40}


def _x_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _entities(text: str) -> Object:
    """Hashtags, mentions and links with their offsets in code points, as X gives them."""
    found: Object = {}
    for match in _ENTITY.finditer(text):
        where = {"start": match.start(), "end": match.end()}
        word = match.group()
        if word.startswith("#"):
            found.setdefault("hashtags", []).append({**where, "tag": word[1:]})
        elif word.startswith("@"):
            found.setdefault("mentions", []).append({**where, "username": word[1:]})
        else:
            shown = f"example.com/{word[-10:]}"
            found.setdefault("urls", []).append(
                {**where, "url": word, "expanded_url": f"https://{shown}", "display_url": shown}
            )
    return found
