"""A post of the emulator, what the view must show of it, and when posts are made.

Each post knows whether the example's music words keep it and which post it replaces, so that a run can be checked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

Object = dict[str, Any]
Clock = Callable[[int], datetime]  # number of the post -> when it was made


@dataclass(frozen=True, slots=True)
class Post:
    """One line of the stream, without matching_rules. `kept` and `replaces` say what the view must make of it."""

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

    def as_json(self, rules: list[Object]) -> bytes:
        """Return the same as bytes, without the CRLF."""
        return orjson.dumps(self.message(rules))


@dataclass(slots=True)
class WrittenPost:
    """A post in X's timeline: the value of the rule that it matches, when it was made, and whether the stream has delivered it."""

    post: Post
    rule: str
    at: float  # seconds since 1970
    is_sent: bool = False

    @property
    def number(self) -> int:
        return int(self.post.id)

    @property
    def data(self) -> Object:
        return self.post.data

    @property
    def includes(self) -> Object:
        return self.post.includes

    @property
    def is_retweet(self) -> bool:
        references = self.post.data.get("referenced_tweets") or self.post.data.get("referenced_posts") or []
        return any(reference["type"] in ("retweeted", "reposted") for reference in references)


@dataclass(slots=True)
class Expected:
    """What the view `tweets` must show of these posts: with an empty keywords.txt, and with the example's music words."""

    _all: set[str] = field(default_factory=set)
    _kept: set[str] = field(default_factory=set)
    _replaced: set[str] = field(default_factory=set)

    def add(self, post: Post) -> None:
        self._all.add(post.id)
        if post.kept:
            self._kept.add(post.id)
        self._replaced.update(post.replaces)

    @property
    def ids(self) -> set[str]:
        """Return ids with an empty keywords.txt, as it ships."""
        return self._all - self._replaced

    @property
    def ids_about_music(self) -> set[str]:
        """Return ids with keywords.music.txt."""
        return self._kept - self._replaced


def spread(posts: int, end: datetime, span: timedelta) -> Clock:
    """Return a clock that spreads a whole day's posts over a short run: quiet nights, busy evenings."""
    weights = [1.0 + 0.8 * (hour / 23) + (1.5 if 17 <= hour % 24 <= 22 else 0.0) for hour in range(24)]
    total = sum(weights)
    starts = [sum(weights[:hour]) / total for hour in range(24)]

    def clock(number: int) -> datetime:
        share = min(number / max(posts, 1), 1.0)
        hour = max(h for h in range(24) if starts[h] <= share)
        within = (share - starts[hour]) * total / weights[hour]
        return end - span + span * min((hour + within) / 24, 1.0)

    return clock


def current_times() -> Clock:
    """Return a clock that gives each post the time at which it is sent."""
    return lambda number: datetime.now(UTC)
