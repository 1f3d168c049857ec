"""Every post that was made, and what search and counts say of it.

As at X, search gives pages with the newest post first, does not say which rule matched, and leaves retweets out. Counts include retweets.
X's query language is not evaluated: each post knows the value of the rule that it matches.
"""

import base64
import bisect
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

EPOCH = 1_288_834_974_657  # milliseconds; what the ids of X's posts count from
_WEEK = 7 * 86_400.0


class TimelinePost(Protocol):
    """A post. `at` is when it was made, in seconds since 1970; `rule` the value of the rule that it matches."""

    @property
    def number(self) -> int:
        """Return its id."""

    @property
    def at(self) -> float: ...

    @property
    def rule(self) -> str: ...

    @property
    def is_retweet(self) -> bool: ...

    @property
    def data(self) -> dict[str, Any]: ...

    @property
    def includes(self) -> dict[str, list[Any]]: ...


class Timeline:
    """All posts, in the order of their ids."""

    def __init__(self) -> None:
        self.posts: list[Any] = []
        self._rules: set[str] = set()

    def add(self, post: TimelinePost) -> None:
        self._rules.add(post.rule)
        if self.posts and self.posts[-1].number > post.number:
            bisect.insort(self.posts, post, key=lambda other: other.number)
        else:
            self.posts.append(post)

    def get(self, number: int) -> TimelinePost | None:
        at = bisect.bisect_left(self.posts, number, key=lambda post: post.number)
        return self.posts[at] if at < len(self.posts) and self.posts[at].number == number else None

    def search(
        self, query: str, since_id: int, until_id: int, *, size: int, token: str | None, newest: float
    ) -> tuple[list[TimelinePost], str | None]:
        """Return a page of originals up to `newest`, the newest first, and the token of the next page, if there is one."""
        last = min(decode_page_token(token), until_id) if token else until_id
        matching = [post for post in self._matching(query, since_id, last) if not post.is_retweet and post.at <= newest]
        matching.reverse()
        page = matching[:size]
        return page, page_token_before(page[-1].number) if len(matching) > size else None

    def count(
        self, query: str, since_id: int, until_id: int, *, seconds: int, newest: float, now: float
    ) -> tuple[list[dict[str, Any]], int]:
        """Return spans of so many seconds, as X counts them, and the number of all posts."""
        matching = [post for post in self._matching(query, since_id, until_id) if post.at <= newest]
        at, last = id_time(since_id + 1), min(id_time(until_id), now)
        spans: list[dict[str, Any]] = []
        number = 0
        while at < last:
            end = min((at // seconds + 1) * seconds, last)
            first = number
            # ids are exact to the millisecond, so the last post may be made a moment after the last id's time
            while number < len(matching) and (id_time(matching[number].number) < end or end == last):
                number += 1
            spans.append({"start": iso(at), "end": iso(end), "tweet_count": number - first})
            at = end
        return spans, len(matching)

    def _matching(self, query: str, since_id: int, until_id: int) -> list[TimelinePost]:
        """Return posts between two ids that a query matches: a rule's value, or several in parentheses with OR, maybe no retweets."""
        rules = {rule for rule in self._rules if rule == query or f"({rule})" in query}
        originals = {rule for rule in rules if f"({rule}) -is:retweet" in query}
        low = bisect.bisect_right(self.posts, since_id, key=lambda post: post.number)
        high = bisect.bisect_left(self.posts, until_id, key=lambda post: post.number)
        return [
            post
            for post in self.posts[low:high]
            if post.rule in rules and not (post.is_retweet and post.rule in originals)
        ]


def page_token_before(number: int) -> str:
    """Return the token of the page that begins with the newest post before that id."""
    return base64.urlsafe_b64encode(str(number).encode()).decode()


def decode_page_token(token: str) -> int:
    return int(base64.urlsafe_b64decode(token).decode())


def interval(query: Mapping[str, str], now: float, *, recent: bool) -> tuple[int, int] | None:
    """Return (since_id, until_id) of a request, which may give ids or times; by default the last week. None if it is malformed.

    A `recent` request sees nothing older than a week.
    """
    try:
        since = int(query["since_id"]) if "since_id" in query else id_at(_time(query, "start_time", now - _WEEK)) - 1
        until = int(query["until_id"]) if "until_id" in query else id_at(_time(query, "end_time", now))
    except ValueError:
        return None
    return (max(since, id_at(now - _WEEK) - 1) if recent else since), until


def _time(query: Mapping[str, str], name: str, otherwise: float) -> float:
    return datetime.fromisoformat(query[name]).timestamp() if name in query else otherwise


def id_at(moment: float, sequence: int = 0) -> int:
    """Return the id of a post of that moment, in seconds since 1970; by default the first one that it could have."""
    return (round(moment * 1_000 - EPOCH) << 22) + sequence


def id_time(number: int) -> float:
    """Return seconds since 1970, from the time that an id holds."""
    return ((number >> 22) + EPOCH) / 1_000


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
