"""Group commit: messages that are in the process at the same time share an insert, and each waits for its own rows.

Before the insert, `prepare` completes the rows of a group, in a thread of its own: texts are scored together, and the event loop goes on.

No timer: a group goes out as soon as the event loop has taken in what had already arrived, or enough of it. While as many
groups are in flight as may be, the next one forms, so groups grow with the load by themselves. Nothing here knows
BigQuery: `insert` is a blocking function. docs/decisions/0006-group-commit.md has the measurements.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from posts.rows import Result
from warehouse.errors import BadMoment
from warehouse.insert import BYTES_AT_ONCE, INSERT_SECONDS, ROWS_AT_ONCE, Insert, Row

from .errors import Busy

GROUPS_IN_FLIGHT = 6
ENOUGH = 24  # messages: a group of so many does not wait for those that are just arriving
MAX_WAITING_MESSAGES = 4_000  # beyond, the function answers 503 at once and Pub/Sub slows down
MAX_WAITING_BYTES = 64_000_000

INSERTS_IN_FLIGHT = 4 * GROUPS_IN_FLIGHT  # a group has rows for four tables at most


@dataclass(slots=True, eq=False)
class Entry:
    """One message on its way. `outcome` gets why BigQuery refuses its rows for ever (empty: stored), or the failure."""

    message_id: str
    result: Result
    size: int  # bytes
    trace: str
    outcome: asyncio.Future[list[str]]


class CommitObserver(Protocol):
    """Hears what became of each group before its requests are answered, so that everything acknowledged has been counted."""

    def on_stored(self, entries: list[Entry]) -> None: ...

    def on_failed(self, entries: list[Entry], error: BadMoment) -> None: ...


class Committer:
    """Groups waiting messages and inserts them in threads. Make it in the serving process, inside its event loop."""

    def __init__(
        self, insert: Insert, observer: CommitObserver, prepare: Callable[[Sequence[Result]], None] | None = None
    ) -> None:
        self._insert = insert
        self._prepare = prepare
        self._preparing = ThreadPoolExecutor(1, thread_name_prefix="prepare")
        self._observer = observer
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Entry] = deque()
        self._gathering = False
        self._waiting_messages = 0
        self._waiting_bytes = 0
        self._groups: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(INSERTS_IN_FLIGHT, thread_name_prefix="insert")

    async def commit(self, message_id: str, result: Result, size: int, trace: str = "") -> list[str]:
        """Wait until the rows are stored; return [], or why BigQuery refuses them for good. Raises BadMoment, or Busy at once."""
        if self._waiting_messages >= MAX_WAITING_MESSAGES or self._waiting_bytes + size > MAX_WAITING_BYTES:
            raise Busy(f"{self._waiting_messages} messages ({self._waiting_bytes:,} bytes) wait here, and no more fit")
        entry = Entry(message_id, result, size, trace, self._loop.create_future())
        self._waiting.append(entry)
        self._waiting_messages += 1
        self._waiting_bytes += size
        if not self._gathering:
            self._gathering = True
            self._loop.call_soon(self._gather, 0)
        return await entry.outcome

    def _gather(self, before: int) -> None:
        """Send the group once the loop has handled what was ready and no new messages arrived meanwhile."""
        waiting = len(self._waiting)
        if before < waiting < ENOUGH:
            self._loop.call_soon(self._gather, waiting)
        else:
            self._gathering = False
            self._send()

    def _send(self) -> None:
        while self._waiting and len(self._groups) < GROUPS_IN_FLIGHT:
            task = self._loop.create_task(self._commit(self._take_group()))
            self._groups.add(task)
            task.add_done_callback(self._on_group_done)

    def _on_group_done(self, task: asyncio.Task[None]) -> None:
        self._groups.discard(task)
        self._send()

    def _take_group(self) -> list[Entry]:
        group: list[Entry] = []
        rows = size = 0
        while self._waiting:
            entry = self._waiting[0]
            too_many = rows + len(entry.result.rows) > ROWS_AT_ONCE or size + entry.size > BYTES_AT_ONCE
            if group and too_many:
                break
            group.append(self._waiting.popleft())
            rows += len(entry.result.rows)
            size += entry.size
        return group

    async def _commit(self, group: list[Entry]) -> None:
        try:
            if self._prepare is not None:
                results = [entry.result for entry in group]
                await self._loop.run_in_executor(self._preparing, self._prepare, results)
            await self._insert_group(group)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must leave no request without an answer
            failure = BadMoment(f"{type(error).__name__}: {error}")
            for entry in group:
                if not entry.outcome.done():
                    entry.outcome.set_exception(failure)
            self._observer.on_failed(group, failure)
        finally:
            self._waiting_messages -= len(group)
            self._waiting_bytes -= sum(entry.size for entry in group)

    async def _insert_group(self, group: list[Entry]) -> None:
        results = await self._insert_all(_by_table(group))
        failures = {id(entry): failure for entry in group if (failure := _failure(entry, results))}
        if whole := [entry for entry in group if id(entry) not in failures]:
            self._observer.on_stored([entry for entry in whole if not _refusals(entry, results)])
        for error in {id(failure): failure for failure in failures.values()}.values():
            self._observer.on_failed([entry for entry in group if failures.get(id(entry)) is error], error)
        for entry in group:
            if entry.outcome.done():  # its request was cancelled
                continue
            if failure := failures.get(id(entry)):
                entry.outcome.set_exception(failure)
            else:
                entry.outcome.set_result(_refusals(entry, results))

    async def _insert_all(self, tables: dict[str, dict[str, Row]]) -> "InsertResults":
        """Insert into all tables in parallel. A table that has not answered in time counts as a BadMoment."""
        inserts = {
            table: self._loop.run_in_executor(self._threads, self._insert, table, rows)
            for table, rows in tables.items()
        }
        await asyncio.wait(inserts.values(), timeout=INSERT_SECONDS)
        return {table: _insert_result(table, insert) for table, insert in inserts.items()}


# by table: {row id: why} for rows that can never be stored, or the failure of the whole insert
InsertResults = dict[str, dict[str, str] | BadMoment]


def _insert_result(table: str, insert: asyncio.Future[dict[str, str]]) -> dict[str, str] | BadMoment:
    if not insert.done():
        insert.cancel()  # a thread cannot be cancelled; its connection is about to be closed, and nobody listens
        return BadMoment(f"{table}: no answer within {INSERT_SECONDS:.0f} s")
    error = insert.exception()
    if error is None:
        return insert.result()
    return error if isinstance(error, BadMoment) else BadMoment(f"{table}: {type(error).__name__}: {error}")


def _failure(entry: Entry, results: InsertResults) -> BadMoment | None:
    """Return the first failed insert that contained a row of the entry, or None."""
    outcomes = (results[table] for table, _, _ in entry.result.rows)
    return next((outcome for outcome in outcomes if isinstance(outcome, BadMoment)), None)


def _refusals(entry: Entry, results: InsertResults) -> list[str]:
    """Return why BigQuery refused rows of the entry. None of its inserts may have failed."""
    return [why for table, row_id, _ in entry.result.rows if (why := results[table].get(row_id))]  # type: ignore[union-attr]


def _by_table(group: list[Entry]) -> dict[str, dict[str, Row]]:
    """Collect the rows of a group by table; a row that occurs twice is inserted once."""
    tables: dict[str, dict[str, Row]] = {}
    for entry in group:
        for table, row_id, row in entry.result.rows:
            tables.setdefault(table, {}).setdefault(row_id, row)
    return tables
