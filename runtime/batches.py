"""Cuts what comes one by one into lists: itertools.batched, which Python 3.11 lacks."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of `size` items, the last one shorter. No more than one list is held at a time."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
