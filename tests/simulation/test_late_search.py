"""A gap is filled when X's search has caught up, and not before. Times are simulated."""

from collections import deque
from collections.abc import Callable

import pytest

from ingester.errors import Done
from ingester.ledger.model import Event

from . import invariants
from .sequences import quiet
from .world import World
from .x import Post

_CUT_AT, _LATE_UNTIL = 1_800.0, 3_600.0


def _gap_rows(world: World) -> list[Event]:
    return [event for event in invariants.events(world) if event.event == "gap_filled"]


def _is_in(row: Event, post: Post) -> bool:
    assert row.since is not None
    assert row.until is not None
    return row.since <= invariants.at(post.at) < row.until


def _run(prepare: Callable[[World], None], search: float, counts: float) -> World:
    """Kill the ingester after half an hour, while X's search and counts are behind by so many seconds for half an hour."""
    world = World("late", rate=5.0)
    world.x.begin()
    world.start()
    world.loop.call_later(900.0, world.schedule)
    prepare(world)

    def cut() -> None:
        world.x.indexed("search")
        world.x.indexed("counts")
        world.x.late_search, world.x.late_counts = search, counts
        world.x.lag_until = _LATE_UNTIL
        holder = world.holder()
        assert holder is not None
        world.kill(holder)

    world.loop.call_later(_CUT_AT, cut)
    return world


@pytest.mark.parametrize(
    ("search", "counts"), [(420.0, 420.0), (420.0, 0.0), (0.0, 420.0)], ids=["both", "search", "counts"]
)
def test_a_gap_stays_open_while_search_or_counts_are_behind(search: float, counts: float) -> None:
    with quiet():
        world = _run(lambda world: None, search, counts)
        world.run_until(_CUT_AT + 400.0)
        assert _gap_rows(world) == [], "seven minutes have not passed"
        world.run_until(_LATE_UNTIL + 4 * 3_600.0, lambda: bool(_gap_rows(world)))
        (row,) = _gap_rows(world)
        here = [post for post in world.x.posts if _is_in(row, post)]
        missing = [post for post in here if str(post.number) not in world.topic.ids]
        assert len(here) > len(missing) > 0
        assert all(post.is_retweet for post in missing), "all that search can return are here"
        assert (row.posts_expected or 0) - (row.posts_recovered or 0) == len(missing)
        world.close()


def test_without_counts_a_gap_is_searched_all_the_same() -> None:
    def refuse(world: World) -> None:
        world.x.wrong["GET /2/tweets/counts/recent"] = deque(["403"] * 1_000)

    with quiet():
        world = _run(refuse, 0.0, 0.0)
        world.run_until(_CUT_AT + 1_800.0, lambda: bool(_gap_rows(world)))
        (row,) = _gap_rows(world)
        assert (row.status, row.posts_expected) == ("partial", None)
        assert "X did not say how many posts there were (403" in (row.note or "")
        missing = [post for post in world.x.posts if _is_in(row, post) and str(post.number) not in world.topic.ids]
        assert all(post.is_retweet for post in missing), "all that search can return are here"
        world.close()


def test_a_rule_that_search_refuses_ends_no_process() -> None:
    def refuse(world: World) -> None:
        world.x.wrong["GET /2/tweets/search/recent"] = deque(["400"] * 1_000)

    with quiet():
        world = _run(refuse, 0.0, 0.0)
        world.run_until(_CUT_AT + 1_800.0, lambda: bool(_gap_rows(world)))
        (row,) = _gap_rows(world)
        assert row.status == "partial"
        assert "X refuses to search for the rule" in (row.note or "")
        assert all(process.end is None or isinstance(process.end, Done) for process in world.processes)
        world.close()
