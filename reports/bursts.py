"""Joins burst hours that are close together into one burst. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

MOST = 5  # bursts, by their posts
_APART = timedelta(hours=3)  # between two hours of one burst


@dataclass(frozen=True, slots=True)
class Burst:
    """A burst: `hours` are all hours from `first` to the last, those in between included; `posts` counts those of the burst hours only."""

    hours: frozenset[datetime]
    first: datetime
    posts: int

    @property
    def name(self) -> str:
        return f"burst of {self.first:%d %b, %H:%M}"


def find(trend: Sequence[dict[str, Any]]) -> list[Burst]:
    """The largest bursts of the rows of trend.sql, in the order of time."""
    groups: list[list[dict[str, Any]]] = []
    for row in trend:
        if not row["burst"]:
            continue
        if groups and row["hour"] - groups[-1][-1]["hour"] <= _APART:
            groups[-1].append(row)
        else:
            groups.append([row])
    bursts = []
    for group in groups:
        first, last = group[0]["hour"], group[-1]["hour"]
        hours = frozenset(first + timedelta(hours=n) for n in range((last - first) // timedelta(hours=1) + 1))
        bursts.append(Burst(hours, first, sum(row["posts"] for row in group)))
    largest = sorted(bursts, key=lambda burst: (-burst.posts, burst.first))[:MOST]
    return sorted(largest, key=lambda burst: burst.first)


def words(trend: Sequence[dict[str, Any]], distinctive: Sequence[dict[str, Any]]) -> dict[datetime, list[str]]:
    """Return the words of each burst by its first hour, from the rows of trend.sql and of the question distinctive_words."""
    by_part: dict[str, list[str]] = {}
    for row in distinctive:
        by_part.setdefault(row["part"], []).append(row["word"])
    return {burst.first: by_part[burst.name] for burst in find(trend) if burst.name in by_part}
