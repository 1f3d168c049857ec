"""Posts are read again when they have come to an age: each once, within limits, and the stream never waits. Times are simulated."""

from collections import Counter, deque

import pytest

from ingester.x.search import created_at

from . import invariants, sequences
from .sequences import quiet
from .world import World
from .x import T0

_DAY = 86_400.0


def run(days: int, *, kill_every: float = 0.0, refusals: int = 0, **settings: str) -> World:
    """Let an ingester run for days, and kill it now and then: another one goes on."""
    world = World("readings", rate=300.0)  # a post each five minutes
    world.more_settings = {"REFRESH_MAX_PER_DAY": "0", "MAX_POSTS_PER_MONTH": "0", **settings}
    world.x.wrong["GET /2/tweets"] = deque(["403"] * refusals)
    world.x.begin()
    world.start()
    world.loop.call_later(900.0, world.schedule)

    def kill() -> None:
        holder = world.holder()
        if holder is not None:
            world.kill(holder)
        world.loop.call_later(kill_every, kill)

    if kill_every:
        world.loop.call_later(kill_every, kill)
    with quiet():
        world.run_until(days * _DAY)
        world.x.ended, world.x.ended_at, world.stopping = True, world.x.now(), True
        for process in world.processes:
            process.tell()
        world.run_until(days * _DAY + 600.0, lambda: not any(process.running for process in world.processes))
        world.close()
    return world


def due(world: World, hours: float) -> set[str]:
    """Return the stored posts, retweets apart, that came to an age an hour or more ago."""
    stored = {message.id for _, message in world.topic.messages if message.source in ("stream", "search")}
    own = {str(post.number) for post in world.x.posts if not post.is_retweet}
    now = world.x.now()
    return {one for one in own & stored if now - created_at(one).timestamp() > (hours + 2) * 3_600}


def readings(world: World) -> list[tuple[str, float]]:
    """Return the id of each post that was read, and how old it was, in hours."""
    found = []
    for (_, message), received in zip(world.topic.messages, world.topic.received, strict=True):
        if message.source == "refresh":
            found.append((message.id, (T0 + received - created_at(message.id).timestamp()) / 3_600))
    return found


@pytest.mark.parametrize("kill_every", [0.0, 40_000.0], ids=["quiet", "killed twice a day"])
def test_each_post_is_read_once_at_each_age(kill_every: float) -> None:
    world = run(4, kill_every=kill_every, REFRESH_AFTER="1d,2d", MAX_POSTS_PER_DAY="0")
    found = readings(world)
    by_age = Counter((post_id, round(hours / 24)) for post_id, hours in found)
    assert set(by_age.values()) == {1}, "no post is read twice at an age"
    for age in (1, 2):
        assert due(world, age * 24) <= {post_id for (post_id, at), _ in by_age.items() if at == age}, (
            "every post that is due is read"
        )
    assert all(24.0 <= hours <= 27.0 or 48.0 <= hours <= 51.0 for _, hours in found)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_month_with_readings_after_a_day_and_a_week() -> None:
    world = run(30, kill_every=200_000.0, REFRESH_AFTER="1d,7d", MAX_POSTS_PER_DAY="0")
    by_age = Counter((post_id, round(hours / 24)) for post_id, hours in readings(world))
    assert set(by_age.values()) == {1}
    for age in (1, 7):
        assert due(world, age * 24) <= {post_id for (post_id, at), _ in by_age.items() if at == age}
    assert sum(charge.units for charge in world.x.charges if charge.kind == "lookup") == len(by_age) > 10_000
    assert invariants.violations(world) == []


def test_readings_cost_a_unit_each_and_all_else_stays_as_it_was() -> None:
    world = run(3, REFRESH_AFTER="1d", MAX_POSTS_PER_DAY="0")
    units = sum(charge.units for charge in world.x.charges if charge.kind == "lookup")
    assert units == len(readings(world)) > 100
    # nothing lost, nothing counted twice, the guard never below the bill, one holder: what holds of each night holds of this one
    assert invariants.violations(world) == []


def test_a_reading_that_x_refuses_leaves_the_budget_to_the_others() -> None:
    world = run(2, refusals=1_000, REFRESH_AFTER="2h", MAX_POSTS_PER_DAY="1000")
    assert readings(world) == []
    assert len(world.x.wrong["GET /2/tweets"]) < 1_000, "it was refused"
    (process,) = world.processes
    assert process.ingester is not None
    budget = process.ingester.reservations.budget
    assert budget.remaining("search") == budget.remaining("refresh"), "nothing stays reserved for what X does not bill"


def test_no_more_are_read_than_was_set() -> None:
    world = run(4, REFRESH_AFTER="1d,2d", REFRESH_MAX_PER_DAY="50", MAX_POSTS_PER_DAY="0")
    per_day = Counter(
        int((T0 + received) // _DAY)  # UTC
        for (_, message), received in zip(world.topic.messages, world.topic.received, strict=True)
        if message.source == "refresh"
    )
    assert max(per_day.values()) == 50


def test_ages_within_a_day_of_each_other_are_read_each() -> None:
    world = run(3, REFRESH_AFTER="2h,8h", MAX_POSTS_PER_DAY="0")
    by_age = Counter((post_id, "late" if hours >= 8 else "early") for post_id, hours in readings(world))
    assert set(by_age.values()) == {1}
    assert {(post_id, when) for post_id in due(world, 8) for when in ("early", "late")} <= set(by_age)


def test_the_last_fifth_of_a_limit_is_left_to_the_stream() -> None:
    limit = 400  # the stream has 288 posts a day
    world = run(4, REFRESH_AFTER="1d,2d", MAX_POSTS_PER_DAY=str(limit))
    used = Counter[int]()
    lookups, page = 0, 0.0
    for charge in sorted(world.x.charges, key=lambda charge: charge.at):
        day = int(charge.at // _DAY)  # UTC
        if charge.kind == "lookup":
            lookups += charge.units
            assert used[day] < 0.8 * limit or charge.at == page, "a page begins below it"
            page = charge.at
        used[day] += charge.units
    assert lookups > 100
    assert max(used.values()) >= 0.8 * limit, "the readings came to the limit"


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(
            first,
            id=f"seeds {first} on",
            marks=[] if first == 1 else [pytest.mark.processes if first == 11 else pytest.mark.slow],
        )
        for first in range(1, 200, 10)
    ],
)
def test_a_night_of_faults_with_readings_breaks_no_promise_and_reads_no_post_twice(first: int) -> None:
    worlds: list[World] = []

    def with_readings(world: World) -> None:
        world.more_settings = {"REFRESH_AFTER": "1h,3h", "REFRESH_MAX_PER_DAY": "0"}
        worlds.append(world)

    read = 0
    for seed in map(str, range(first, first + 10)):
        assert sequences.run(seed, prepare=with_readings).broken == [], seed
        by_age = Counter((post_id, hours >= 3) for post_id, hours in readings(worlds.pop()))
        assert set(by_age.values()) <= {1}, seed
        read += len(by_age)
    assert read > 1_000
