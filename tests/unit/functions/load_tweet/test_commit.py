"""Group commit: which messages share an insert, which wait, and what each hears when it fails."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from functions.load_tweet import commit
from functions.load_tweet.commit import Committer, Entry
from functions.load_tweet.errors import Busy
from posts.rows import Result
from warehouse.errors import BadMoment
from warehouse.insert import Row


class Table:
    """Stores rows. A test can hold it shut, or make it refuse or fail."""

    def __init__(self) -> None:
        self.inserts: list[list[str]] = []
        self.open = threading.Event()
        self.open.set()
        self.refused: dict[str, str] = {}
        self.failing: set[str] = set()

    def insert(self, table: str, rows: dict[str, Row]) -> dict[str, str]:
        self.inserts.append([f"{table}/{row_id}" for row_id in rows])
        assert self.open.wait(10)
        if table in self.failing:
            raise BadMoment(f"{table} is down")
        return {row_id: why for row_id, why in self.refused.items() if row_id in rows}

    @property
    def stored_rows(self) -> list[str]:
        return sorted(row for rows in self.inserts for row in rows)


@dataclass
class Told:
    """Notes which messages were stored, and each failure with its number of messages."""

    messages: list[str] = field(default_factory=list)
    failures: list[tuple[int, str]] = field(default_factory=list)

    def on_stored(self, entries: list[Entry]) -> None:
        self.messages.extend(entry.message_id for entry in entries)

    def on_failed(self, entries: list[Entry], error: BadMoment) -> None:
        self.failures.append((len(entries), str(error)))


def result(*rows: str, outcome: str = "loaded") -> Result:
    """Rows as table/id."""
    return Result(outcome, [(name.split("/")[0], name.split("/")[1], {"id": name}) for name in rows])


def run(test: Callable[[Committer, list[str]], Coroutine[Any, Any, None]], table: Table) -> None:
    async def main() -> None:
        told: list[str] = []

        await asyncio.wait_for(test(Committer(table.insert, Told(told)), told), 20)

    asyncio.run(main())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def test_the_first_goes_out_at_once_and_the_rest_share_what_follows() -> None:
    table = Table()
    table.open.clear()

    async def test(committer: Committer, told: list[str]) -> None:
        tasks = []
        for number in range(20):
            tasks.append(asyncio.create_task(committer.commit(f"m{number}", result(f"t/{number}"), 10)))
            if number < commit.GROUPS_IN_FLIGHT:
                await until(lambda n=number: len(table.inserts) == n + 1)  # type: ignore[misc]
        table.open.set()
        assert await asyncio.gather(*tasks) == [[]] * 20
        assert sorted(told) == sorted(f"m{number}" for number in range(20))

    run(test, table)
    assert [len(rows) for rows in table.inserts] == [1] * commit.GROUPS_IN_FLIGHT + [20 - commit.GROUPS_IN_FLIGHT]


def test_what_arrives_together_goes_out_together() -> None:
    table = Table()

    async def test(committer: Committer, told: list[str]) -> None:
        await asyncio.gather(*(committer.commit(f"m{n}", result(f"t/{n}"), 10) for n in range(15)))

    run(test, table)
    assert [len(rows) for rows in table.inserts] == [15]


def test_a_group_that_is_large_enough_does_not_wait_for_those_that_still_arrive() -> None:
    table = Table()

    async def test(committer: Committer, told: list[str]) -> None:
        async def arrive(number: int) -> list[str]:
            for _ in range(number // 4):  # four more with each turn of the loop
                await asyncio.sleep(0)
            return await committer.commit(f"m{number}", result(f"t/{number}"), 10)

        await asyncio.gather(*(arrive(number) for number in range(200)))

    run(test, table)
    assert len(table.inserts) > 1
    assert len(table.inserts[0]) < 2 * commit.ENOUGH


def test_nobody_is_answered_before_its_own_row_is_stored() -> None:
    table = Table()
    table.open.clear()

    async def test(committer: Committer, told: list[str]) -> None:
        task = asyncio.create_task(committer.commit("m", result("t/1"), 10))
        await until(lambda: bool(table.inserts))
        await asyncio.sleep(0.05)
        assert not task.done()
        assert told == []
        table.open.set()
        await task

    run(test, table)


def test_the_same_id_twice_in_a_group_is_one_row_and_two_answers() -> None:
    table = Table()

    async def test(committer: Committer, told: list[str]) -> None:
        assert await asyncio.gather(*(committer.commit(f"m{n}", result("t/same"), 10) for n in range(10))) == [[]] * 10
        assert len(told) == 10

    run(test, table)
    assert set(table.stored_rows) == {"t/same"}
    assert all(len(rows) == 1 for rows in table.inserts)


def test_a_refused_row_concerns_its_own_message_only() -> None:
    table = Table()
    table.refused = {"bad": "no good"}

    async def test(committer: Committer, told: list[str]) -> None:
        answers = await asyncio.gather(
            committer.commit("m1", result("t/bad"), 1), committer.commit("m2", result("t/good"), 1)
        )
        assert list(answers) == [["no good"], []]
        assert told == ["m2"]

    run(test, table)


def test_a_failing_table_concerns_only_those_that_need_it() -> None:
    table = Table()
    table.failing = {"filtered"}

    async def test(committer: Committer, told: list[str]) -> None:
        answers = await asyncio.gather(
            committer.commit("m1", result("filtered/1"), 1),
            committer.commit("m2", result("tweets/2"), 1),
            committer.commit("m3", result("tweets/3", "filtered/3"), 1),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers] == [BadMoment, list, BadMoment]
        assert told == ["m2"]

    run(test, table)


def test_a_failure_is_told_once_a_group_with_the_number_of_its_messages() -> None:
    told = Told()

    def insert(table: str, rows: dict[str, Row]) -> dict[str, str]:
        raise BadMoment("down")

    async def main() -> None:
        committer = Committer(insert, told)
        answers = await asyncio.gather(
            *(committer.commit(f"m{n}", result(f"t/{n}"), 1) for n in range(9)), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [BadMoment] * 9

    asyncio.run(main())
    assert (told.messages, told.failures) == ([], [(9, "down")])


def test_what_has_not_answered_in_time_is_a_bad_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """BigQuery's client takes bytes that trickle in as progress, so its own deadline may never pass."""
    monkeypatch.setattr(commit, "INSERT_SECONDS", 0.05)
    table = Table()
    table.open.clear()

    async def test(committer: Committer, told: list[str]) -> None:
        with pytest.raises(BadMoment, match="no answer within"):
            await committer.commit("m1", result("t/1"), 1)
        table.open.set()
        assert told == []
        assert await committer.commit("m2", result("t/2"), 1) == []

    run(test, table)


def test_an_unexpected_error_is_a_bad_moment_and_the_committer_goes_on() -> None:
    table = Table()
    broken = iter([True])

    def insert(name: str, rows: dict[str, Row]) -> dict[str, str]:
        if next(broken, False):
            raise ZeroDivisionError("a bug")
        return table.insert(name, rows)

    async def main() -> None:
        committer = Committer(insert, Told())
        with pytest.raises(BadMoment, match="ZeroDivisionError: a bug"):
            await committer.commit("m1", result("t/1"), 1)
        assert await committer.commit("m2", result("t/2"), 1) == []

    asyncio.run(main())


def test_a_request_that_went_away_takes_nobody_with_it() -> None:
    table = Table()
    table.open.clear()

    async def test(committer: Committer, told: list[str]) -> None:
        gone = asyncio.create_task(committer.commit("m1", result("t/1"), 1))
        await until(lambda: bool(table.inserts))
        stays = asyncio.create_task(committer.commit("m2", result("t/2"), 1))
        gone.cancel()
        table.open.set()
        assert await stays == []

    run(test, table)


@pytest.mark.parametrize("size", [1, 10], ids=["too many messages", "too many bytes"])
def test_beyond_its_memory_it_refuses_at_once_and_takes_again_later(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "MAX_WAITING_MESSAGES", 5 if size == 1 else 1_000)
    monkeypatch.setattr(commit, "MAX_WAITING_BYTES", 50)
    table = Table()
    table.open.clear()

    async def test(committer: Committer, told: list[str]) -> None:
        for _ in range(3):  # what is released can be taken again
            table.open.clear()
            tasks = [asyncio.create_task(committer.commit(f"m{n}", result(f"t/{n}"), size)) for n in range(5)]
            await asyncio.sleep(0)
            with pytest.raises(Busy):
                await committer.commit("m", result("t/x"), size)
            table.open.set()
            await asyncio.gather(*tasks)
        assert await committer.commit("m", result("t/x"), 1) == []

    run(test, table)


@pytest.mark.parametrize(("size", "most"), [(400_000, 3), (1, 500)], ids=["bytes", "rows"])
def test_a_group_stays_within_the_limits_of_a_request(size: int, most: int) -> None:
    table = Table()
    table.open.clear()

    async def test(committer: Committer, told: list[str]) -> None:
        count = 20 if size > 1 else 1_800
        tasks = [asyncio.create_task(committer.commit(f"m{n}", result(f"t/{n}"), size)) for n in range(count)]
        await asyncio.sleep(0.05)
        table.open.set()
        await asyncio.gather(*tasks)

    run(test, table)
    assert max(len(rows) for rows in table.inserts) == most


def test_one_message_larger_than_a_group_goes_alone() -> None:
    table = Table()

    async def test(committer: Committer, told: list[str]) -> None:
        await asyncio.gather(*(committer.commit(f"m{n}", result(f"t/{n}"), 9_000_000) for n in range(3)))

    run(test, table)
    assert [len(rows) for rows in table.inserts] == [1, 1, 1]


def test_groups_that_wait_go_out_side_by_side() -> None:
    table = Table()
    table.open.clear()

    async def test(committer: Committer, told: list[str]) -> None:
        tasks = [asyncio.create_task(committer.commit(f"m{n}", result(f"t/{n}"), 1_400_000)) for n in range(4)]
        await until(lambda: len(table.inserts) == 4)  # none has landed
        table.open.set()
        await asyncio.gather(*tasks)

    run(test, table)


def test_a_mistake_of_ours_leaves_no_request_without_an_answer() -> None:
    class Broken(Told):
        def on_stored(self, entries: list[Entry]) -> None:
            raise KeyError("a bug")

    async def main() -> None:
        committer = Committer(Table().insert, Broken())
        with pytest.raises(BadMoment, match="KeyError: 'a bug'"):
            await asyncio.wait_for(committer.commit("m1", result("t/1"), 1), 5)

    asyncio.run(main())


def test_rows_are_completed_by_the_group_before_they_are_inserted_and_the_loop_goes_on() -> None:
    table, held, groups = Table(), threading.Event(), []

    def prepare(results: Sequence[Result]) -> None:
        assert held.wait(10)
        groups.append(len(results))
        for one in results:
            for _, _, row in one.rows:
                row["sentiment"] = 0.5

    stored: list[Row] = []

    def insert(name: str, rows: dict[str, Row]) -> dict[str, str]:
        stored.extend(rows.values())
        return table.insert(name, rows)

    async def main() -> None:
        committer = Committer(insert, Told([]), prepare)
        tasks = [asyncio.create_task(committer.commit(str(n), result(f"t/{n}"), 1)) for n in range(5)]
        for _ in range(50):
            await asyncio.sleep(0)  # the loop is not held by what prepares
        assert stored == []
        held.set()
        assert await asyncio.gather(*tasks) == [[]] * 5

    asyncio.run(main())
    assert sum(groups) == 5 > len(groups)
    assert [row["sentiment"] for row in stored] == [0.5] * 5


def test_a_failure_while_rows_are_completed_gives_the_messages_back() -> None:
    def prepare(results: Sequence[Result]) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        committer = Committer(Table().insert, Told([]), prepare)
        with pytest.raises(BadMoment, match="ZeroDivisionError"):
            await committer.commit("1", result("t/1"), 1)

    asyncio.run(main())
