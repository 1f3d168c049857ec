"""A post of the stand-in, what the view has to make of it, and when posts are made.

Each post knows the truth about itself (would the example's music words keep it, what does it replace), so that a run can be held to it.
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
    """What the view `tweets` shows once these posts have landed: all of them, or those that the example's music words keep."""

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
        """With an empty keywords.txt, as it ships."""
        return self._all - self._replaced

    @property
    def ids_about_music(self) -> set[str]:
        """With keywords.music.txt."""
        return self._kept - self._replaced


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
