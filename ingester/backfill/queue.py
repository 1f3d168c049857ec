"""Gaps that wait to be filled, and which of them one request for counts covers.

X charges for a request for counts as much as for a post. Where it ends each connection soon after it began, as many gaps as posts would
double the bill. So gaps whose edges touch are filled together, once the request costs at most a hundredth of the posts in them, or
after `Timeouts.together`.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import takewhile

from posts.prices import COUNTS, POST

from ..ledger.model import Gap, join_gaps
from ..ports import Clock
from ..timeouts import Timeouts
from ..x.search import SHARE_FOR_COUNTS


class GapQueue:
    """Gaps in the order in which they ended. `posts_between` counts the stream's posts between two times."""

    def __init__(self, times: Timeouts, clock: Clock, posts_between: Callable[[datetime, datetime], int]) -> None:
        self._times = times
        self._clock = clock
        self._posts_between = posts_between
        self._waiting: deque[tuple[Gap, float]] = deque()  # and when search can know of it, by the monotonic clock

    def __len__(self) -> int:
        return len(self._waiting)

    def oldest(self) -> datetime | None:
        """Return the start of the oldest waiting gap, or None."""
        return min((gap.missing_since for gap, _ in self._waiting), default=None)

    def add(self, gap: Gap, ended_ago: float) -> None:
        """Queue a gap that ended so many seconds ago: search can know what was posted in it once its edge and X's lag are over."""
        wait = max(0.0, self._times.edge + self._times.lag - max(0.0, ended_ago))
        self._waiting.append((gap, self._clock.monotonic() + wait))

    def remove(self, gap: Gap) -> None:
        """Remove a gap, with all that were joined in it."""
        for _ in gap.members:
            self._waiting.popleft()

    def next(self) -> tuple[Gap, float]:
        """Return the gap that comes next, with its neighbours, and the seconds until it should be filled.

        After a wait the caller looks again, because a neighbour may have come.
        """
        now = self._clock.monotonic()
        neighbours = self._neighbours()
        ripe = [gap for gap, _ in takewhile(lambda waiting: waiting[1] <= now, neighbours)]
        joined = join_gaps(ripe or [neighbours[0][0]])
        if not ripe:
            return joined, neighbours[0][1] - now
        last_moment = neighbours[0][1] + self._times.together
        if len(ripe) == len(neighbours) or now >= last_moment or self._is_worth_a_request(joined):
            return joined, 0.0
        return joined, min(last_moment, *(at for _, at in neighbours[len(ripe) :])) - now

    def _neighbours(self) -> list[tuple[Gap, float]]:
        """Return the first gap and those after it whose edges touch its own or each other's, under the same rules."""
        edges = timedelta(seconds=2 * self._times.edge)
        first = self._waiting[0]
        neighbours = [first]
        end = first[0].until
        for gap, at in list(self._waiting)[1:]:
            alone = _is_filled_alone(first[0]) or _is_filled_alone(gap) or gap.rules != first[0].rules
            if alone or end is None or gap.until is None or not (first[0].since <= gap.since <= end + edges):
                break
            neighbours.append((gap, at))
            end = max(end, gap.until)
        return neighbours

    def _is_worth_a_request(self, gap: Gap) -> bool:
        assert gap.until is not None
        edge = timedelta(seconds=self._times.edge)
        posts = self._posts_between(gap.since - edge, gap.until + edge)
        return posts * POST * SHARE_FOR_COUNTS >= COUNTS


def _is_filled_alone(gap: Gap) -> bool:
    """Return whether a gap is never joined: it is left to a person, or the budget's count may lack its posts too."""
    return gap.skipped or gap.reason == "killed"
