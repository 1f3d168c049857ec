"""Every post that was made, and the answers of search and counts about them.

As at X, search lags by some seconds, gives pages with the newest post first, shares `includes` among a page's posts, does not say which
rule matched, and leaves retweets out. Counts include retweets.
"""

import base64
import bisect
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .posts import Object, Post

_EPOCH = 1_288_834_974_657  # milliseconds; what the ids of X's posts count from
_WEEK = 7 * 86_400.0


@dataclass(slots=True)
class Known:
    """A post, the value of the rule that it matches, and whether the stream has delivered it."""

    post: Post
    rule: str
    at: float  # wall clock, when it was made
    sent: bool = False

    @property
    def is_retweet(self) -> bool:
        return bool({"retweeted", "reposted"} & self._refers)

    @property
    def _refers(self) -> set[str]:
        references = self.post.data.get("referenced_tweets") or self.post.data.get("referenced_posts") or []
        return {one["type"] for one in references}


class Memory:
    """All posts, in the order in which they were made."""

    def __init__(self, lag: float) -> None:
        self._lag = lag
        self.known: list[Known] = []

    def add(self, post: Post, rule: str) -> Known:
        known = Known(post, rule, time.time())
        self.known.append(known)
        return known

    def search(self, query: str, since_id: int, until_id: int, size: int, token: str | None) -> Object:
        """Return one page, as GET /2/tweets/search/recent or all answers."""
        newest = time.time() - self._lag
        last = min(int(base64.urlsafe_b64decode(token).decode()), until_id) if token else until_id
        found = [
            known.post
            for known in self._matching(query)
            if since_id < int(known.post.id) < last and known.at <= newest and not known.is_retweet
        ]
        found.sort(key=lambda post: int(post.id), reverse=True)
        page, rest = found[:size], found[size:]
        meta: Object = {"result_count": len(page)}
        if rest:
            meta["next_token"] = self.token(int(page[-1].id))
        body: Object = {"meta": meta}
        if page:
            body |= {"data": [post.data for post in page]}
            if includes := _shared(page):
                body["includes"] = includes
        return body

    @staticmethod
    def token(before: int) -> str:
        """Return the token of the page that begins with the newest post before that id."""
        return base64.urlsafe_b64encode(str(before).encode()).decode()

    def count(self, query: str, since_id: int, until_id: int, seconds: int) -> Object:
        """Answer as GET /2/tweets/counts/recent does, in buckets of so many seconds."""
        ids = [int(known.post.id) for known in self._matching(query) if since_id < int(known.post.id) < until_id]
        first, last = _moment(since_id + 1), min(_moment(until_id), time.time())
        buckets: dict[float, Object] = {}
        at = first
        while at < last:
            end = min((at // seconds + 1) * seconds, last)
            buckets[at] = {"start": _iso(at), "end": _iso(end), "tweet_count": 0}
            at = end
        starts = sorted(buckets)
        for post_id in ids:
            buckets[starts[bisect.bisect_right(starts, _moment(post_id)) - 1]]["tweet_count"] += 1
        return {"data": list(buckets.values()), "meta": {"total_tweet_count": len(ids)}}

    def _matching(self, query: str) -> list[Known]:
        """Return the posts that a query matches: the value of a rule, or several in parentheses joined by OR, perhaps without retweets.

        X's query language is not evaluated otherwise.
        """
        rules = {known.rule for known in self.known}
        asked = {rule for rule in rules if rule == query or f"({rule})" in query}
        no_retweets = {rule for rule in asked if f"({rule}) -is:retweet" in query}
        return [one for one in self.known if one.rule in asked and not (one.is_retweet and one.rule in no_retweets)]


def interval(asked: Mapping[str, str], *, recent: bool) -> tuple[int, int] | None:
    """Return (since_id, until_id) of a request, which may give ids or times; by default the last week. None if it is malformed.

    A `recent` request sees nothing older than a week.
    """
    try:
        now = time.time()
        since = int(asked["since_id"]) if "since_id" in asked else _id(_time(asked, "start_time", now - _WEEK)) - 1
        until = int(asked["until_id"]) if "until_id" in asked else _id(_time(asked, "end_time", now))
    except ValueError:
        return None
    return (max(since, _id(now - _WEEK) - 1) if recent else since), until


def _time(asked: Mapping[str, str], name: str, otherwise: float) -> float:
    return datetime.fromisoformat(asked[name]).timestamp() if name in asked else otherwise


def _id(moment: float) -> int:
    """Return the first id that a post of that moment could have."""
    return round(moment * 1_000 - _EPOCH) << 22


def _moment(post_id: int) -> float:
    """Return seconds since 1970, from the time that an id holds."""
    return ((post_id >> 22) + _EPOCH) / 1_000


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shared(posts: Iterable[Post]) -> dict[str, list[Any]]:
    """Return each object once for the whole page."""
    shared: dict[str, dict[str, Any]] = {}
    for post in posts:
        for kind, items in post.includes.items():
            for item in items:
                shared.setdefault(kind, {})[str(item["id"])] = item
    return {kind: list(items.values()) for kind, items in shared.items()}
