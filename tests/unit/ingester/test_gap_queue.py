"""Which gaps are filled together, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from ingester.backfill.queue import GapQueue
from ingester.ledger.model import Gap
from ingester.timeouts import Timeouts

TIMES = Timeouts()
T0 = datetime(2026, 11, 29, 12, tzinfo=UTC)
RULES = (("1", "music", "m"),)


class Time:
    """A clock that the test sets, in seconds after T0."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


class Queue(GapQueue):
    """A queue of which each gap is added as it ends."""

    def __init__(self, *, posts_a_second: float = 0.0) -> None:
        self.clock = Time()
        super().__init__(TIMES, self.clock, lambda since, until: int((until - since).total_seconds() * posts_a_second))

    def ended(
        self, since: float, until: float, reason: str = "closed", rules: tuple[tuple[str, str, str], ...] = RULES
    ) -> None:
        self.clock.now = until
        at = [T0 + timedelta(seconds=seconds) for seconds in (since, until)]
        self.add(Gap(f"{since:g}", at[0], reason, at[1], rules), 0.0)

    def due(self, now: float) -> tuple[list[str], float]:
        """Return the ids of the gaps that come next, and the seconds until they are due."""
        self.clock.now = now
        gap, wait = self.next()
        return [member.id for member in gap.members], wait


def test_a_gap_waits_until_search_can_know_what_was_posted_on_its_edge() -> None:
    queue = Queue()
    queue.ended(0, 10)
    assert queue.due(10) == (["0"], 120)
    assert queue.due(130) == (["0"], 0)


def test_gaps_whose_edges_touch_are_filled_together_once_no_other_one_comes() -> None:
    queue = Queue()
    for since in (0, 100, 200):
        queue.ended(since, since + 5)
    assert queue.due(205)[1] > 0
    assert queue.due(325) == (["0", "100", "200"], 0)


def test_the_joined_gap_has_all_of_their_time_and_the_id_of_the_last() -> None:
    queue = Queue()
    queue.ended(0, 10)
    queue.ended(50, 60)
    queue.clock.now = 1_000
    gap, _ = queue.next()
    assert (gap.id, gap.since, gap.until) == ("50", T0, T0 + timedelta(seconds=60))
    queue.remove(gap)
    assert len(queue) == 0


def test_gaps_that_go_on_and_on_wait_half_an_hour() -> None:
    queue = Queue()
    for since in range(0, 3_600, 60):
        queue.ended(since, since + 5)
        members, wait = queue.due(since + 5)
        if wait == 0:
            break
    assert (since + 5) - (5 + 120) == pytest.approx(TIMES.together, abs=60)
    assert len(members) == since // 60 - 1  # of the last two, search cannot know all posts yet


def test_where_enough_posts_come_the_first_gap_is_filled_at_once() -> None:
    """A request for counts costs as much as a post, and may cost a hundredth of the posts."""
    queue = Queue(posts_a_second=1.0)
    queue.ended(0, 10)
    queue.ended(60, 70)
    assert queue.due(130) == (["0"], 0)
    slow = Queue(posts_a_second=0.5)
    slow.ended(0, 10)
    slow.ended(60, 70)
    assert slow.due(130) == (["0"], 60)


@pytest.mark.parametrize(
    "second",
    [
        (131, 140, "closed", RULES),
        (20, 30, "killed", RULES),
        (20, 30, "budget", RULES),
        (20, 30, "closed", (("2", "dance", "d"),)),
    ],
    ids=["its edge does not touch", "its posts may not be counted", "it is left to a person", "other rules"],
)
def test_a_gap_that_is_another_case_is_filled_alone(
    second: tuple[float, float, str, tuple[tuple[str, str, str], ...]],
) -> None:
    queue = Queue()
    queue.ended(0, 10)
    queue.ended(*second)
    assert queue.due(1_000) == (["0"], 0)
