"""Synthetic posts in X's shapes: several languages, places, retweets, quotes, replies, long posts, edits, both dialects.

They are distributed as people's posts are: few authors write much and most write once, few posts are retweeted often, people answer
those they know, and some links are shared by many. Everything but the clock follows from the seed; ids carry their time, as X's do.
"""

import random
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from . import phrases
from .people import People
from .posts import Clock, Object, Post

_SNOWFLAKE_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_CUT = 277  # characters: X cuts `text` near 280 and adds an ellipsis
_KINDS = {"original": 46, "retweet": 26, "reply": 11, "quote": 9, "long": 5, "edit": 3}  # percent
_MUSIC = 0.62  # of the posts are about music
_MENTIONING = 0.18  # of the originals mention a friend
_IN_A_TALK = 0.6  # of the replies
_REPEATED_RETWEETS = 0.6  # of the retweets are of what was retweeted lately
_TAGGED = 0.3  # of the texts about music have more hashtags
_SHARED = 0.5  # of the links were shared before
_ENTITY = re.compile(r"[#@]\w+|https://t\.co/\w{10}")


def write(
    seed: int,
    clock: Clock,
    topic: Callable[[], Sequence[str]] = tuple,
    event: Callable[[datetime], float] = lambda moment: 0.0,
) -> Iterator[Post]:
    """Yield posts without end. The first n are the same for the same seed, whatever n is.

    `topic` returns the words that a post is about, when it is made. Without any, posts are about the example: one artist's music.
    `event` returns the share of a moment's posts that are about a new album.
    """
    return _Writer(random.Random(seed), clock, topic, event).posts()


class _Writer:
    def __init__(
        self,
        rng: random.Random,
        clock: Clock,
        topic: Callable[[], Sequence[str]],
        event: Callable[[datetime], float],
    ) -> None:
        self._rng = rng
        self._topic = topic
        self._event = event
        self._clock = clock
        self._people = People(rng)
        self._recent: deque[Post] = deque(maxlen=60)  # originals that may be retweeted, quoted, answered or edited
        # once for each retweet, so that a popular post gets more of them
        self._retweeted: deque[Post] = deque(maxlen=400)
        # conversations: their id, the last post, its author
        self._talks: deque[tuple[str, str, Object]] = deque(maxlen=40)
        self._pages: deque[str] = deque(maxlen=300)
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
        kind = self._choose(_KINDS)
        if kind == "edit" and (earlier := self._editable()):
            return self._edit(post_id, created_at, earlier)
        is_event = self._rng.random() < self._event(created_at)
        music = is_event or self._rng.random() < _MUSIC
        author = self._people.author()
        lang = self._people.language(author)
        data, includes = self._base(post_id, created_at, author, lang)
        if kind == "retweet":
            return self._retweet(post_id, created_at, data, includes)
        if kind == "quote":
            return self._quote(post_id, created_at, data, includes, music)
        if kind == "long":
            return self._long(post_id, created_at, data, includes, music)
        text, data["lang"] = self._text(lang, music, is_event)
        if kind == "reply":
            text = self._reply(post_id, data, author, text)
        elif self._rng.random() < _MENTIONING:
            text = f"{text} cc @{self._people.friend(author)['username']}"
        self._say(data, text)
        self._place(data, includes)
        return Post(post_id, created_at, data, includes, music)

    def _reply(self, post_id: str, data: Object, author: Object, text: str) -> str:
        """Make an answer to a friend, or one more post in a conversation."""
        if self._talks and self._rng.random() < _IN_A_TALK:
            talk, answered, other = self._talks[-1 - min(int(self._rng.expovariate(0.3)), len(self._talks) - 1)]
        else:
            other = self._people.friend(author)
            talk = answered = str(int(post_id) - self._rng.randrange(1 << 30))
        self._talks.append((talk, post_id, author))
        data["conversation_id"] = talk
        data["in_reply_to_user_id"] = other["id"]
        data["referenced_tweets"] = [{"type": "replied_to", "id": answered}]
        return f"@{other['username']} {text}"

    def _retweet(self, post_id: str, created_at: datetime, data: Object, includes: Object) -> Post:
        chance = self._rng.random()
        if self._retweeted and chance < _REPEATED_RETWEETS:
            original = self._rng.choice(self._retweeted)
        elif self._recent and chance < (1 + _REPEATED_RETWEETS) / 2:
            original = self._rng.choice(self._recent)
        else:
            original = self._popular(post_id, created_at)
        if original.data["author_id"] == data["author_id"]:  # nobody retweets themselves
            original = self._popular(post_id, created_at)
        self._retweeted.append(original)
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
        is_included = self._rng.random() < 0.9  # X may leave any referenced post out
        comments = phrases.COMMENTS_MUSIC if music else phrases.COMMENTS_OTHER
        comment = self._rng.choice(phrases.COMMENTS_TOPIC if self._topic() else comments)
        comment = self._about(comment).replace("{n}", str(self._rng.randint(2, 99)))
        data["lang"] = "en"
        self._say(data, f"{comment} {self._link()}")
        data["referenced_tweets"] = [{"type": "quoted", "id": quoted.id}]
        if is_included:
            includes["tweets"] = [quoted.data]
            includes["users"].append(quoted.includes["users"][0])
        return Post(post_id, created_at, data, includes, music or (is_included and quoted.kept))

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
        self._say(data, self._text("en", music)[0])
        return Post(post_id, created_at, data, earlier.includes, music, (earlier.id,))

    def _editable(self) -> Post | None:
        choices = [post for post in self._recent if post.id not in self._edited]
        return self._rng.choice(choices) if choices else None

    def _popular(self, post_id: str, created_at: datetime) -> Post:
        """Return an older post, with the counts of one, that the stream never delivered by itself."""
        age = timedelta(minutes=self._rng.randrange(20, 60 * 72))
        joined_at = created_at - age
        older = str(int(post_id) - (int(age / timedelta(milliseconds=1)) << 22))
        author = self._people.author()
        lang = self._people.language(author)
        music = self._rng.random() < _MUSIC
        data, includes = self._base(older, joined_at, author, lang)
        text, data["lang"] = self._text(lang, music)
        self._say(data, text)
        likes = int(self._rng.paretovariate(0.8) * 10)
        data["public_metrics"] = _metrics(likes // 4, likes // 9, likes, likes // 20)
        return Post(older, joined_at, data, includes, music)

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

    def _text(self, lang: str, music: bool, is_event: bool = False) -> tuple[str, str]:
        """Return a text and its language: English if there is none in the wanted language."""
        vocabulary = phrases.EVENT if is_event else phrases.MUSIC if music else phrases.OTHER
        if self._topic():
            vocabulary = phrases.TOPIC
        lang = lang if lang in vocabulary else "en"
        text = self._about(self._rng.choice(vocabulary[lang]))
        text = text.replace("{artist}", self._rng.choice(phrases.ARTIST)).replace("{n}", str(self._rng.randint(2, 99)))
        if music and self._rng.random() < _TAGGED and not self._topic():
            text = f"{text} {' '.join(self._rng.sample(self._rng.choice(phrases.TAGS), 2))}"
        return text.replace("{url}", self._link()), lang

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

    def _link(self) -> str:
        """Return a link, often one that others have shared. The page that it leads to follows from its letters."""
        if self._pages and self._rng.random() < _SHARED:
            link = self._rng.choice(self._pages)
        else:
            link = "https://t.co/" + "".join(self._rng.choices("0123456789XZQKVW", k=10))
        self._pages.append(link)
        return link

    def _choose(self, weights: dict[str, Any]) -> str:
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
    """Return hashtags, mentions and links with their offsets in code points, as X gives them."""
    entities: Object = {}
    for match in _ENTITY.finditer(text):
        where = {"start": match.start(), "end": match.end()}
        word = match.group()
        if word.startswith("#"):
            entities.setdefault("hashtags", []).append({**where, "tag": word[1:]})
        elif word.startswith("@"):
            entities.setdefault("mentions", []).append({**where, "username": word[1:]})
        else:
            site, path = phrases.SITES[zlib.crc32(word.encode()) % len(phrases.SITES)]
            shown = f"{site}/{path}/{word[-10:].lower()}"
            entities.setdefault("urls", []).append(
                {**where, "url": word, "expanded_url": f"https://{shown}", "display_url": shown}
            )
    return entities
