"""Divides a time into slices that search works through one after the other. Pure."""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

POSTS_A_SLICE = 1_000  # each post takes 13 kB until it is published
_SHORTEST = timedelta(seconds=1)

Slice = tuple[datetime, datetime]


def spaced_slices(start: datetime, until: datetime, share: float, count: int) -> Iterator[Slice]:
    """Yield `count` slices that are that share of the time in all, each in the middle of its part of the time."""
    step = (until - start) / count
    length = max(step * share, _SHORTEST)
    for number in range(count):
        begins = to_the_millisecond(start + step * number + (step - length) / 2)
        yield max(begins, start), min(to_the_millisecond(begins + length), until)


def slices(
    spans: list[tuple[datetime, datetime, int]], start: datetime, until: datetime, most: int = POSTS_A_SLICE
) -> Iterator[datetime]:
    """Yield the ends of slices with at most so many posts, up to `until`. Joins short spans and divides long ones evenly."""
    posts, end = 0, start
    for begins, ends, count in spans:
        span = max(begins, start), min(ends, until)
        if posts and posts + count > most and end > start:
            yield end
            posts = 0
        parts = min(math.ceil(count / most), max(1, int((span[1] - span[0]) / _SHORTEST)))
        for part in range(1, parts):
            yield to_the_millisecond(span[0] + (span[1] - span[0]) * part / parts)
        posts = count // max(parts, 1) if parts > 1 else posts + count
        end = span[1]
    yield until


def to_the_millisecond(moment: datetime) -> datetime:
    """Cut a time to the millisecond, the precision of a post's id, so that counts by id and by time agree."""
    return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)
