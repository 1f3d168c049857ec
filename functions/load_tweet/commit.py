"""Group commit: messages that are in the process at the same time share an insert, and each waits for its own rows.

The first never waits for a timer: it goes out at once. While groups are in flight (three at most) the next one forms, so
groups grow with the load by themselves. Nothing here knows BigQuery: `insert` is a blocking function.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .errors import BadMoment, Busy
from .rows import Result

ROWS_AT_ONCE = 500  # Google advises 500 rows a request
BYTES_AT_ONCE = 4_000_000  # of messages: a request may hold 10 MB, and JSON inside JSON grows by its escapes
GROUPS_IN_FLIGHT = 3
MESSAGES_HELD = 4_000  # beyond, the function answers 503 at once and Pub/Sub slows down
BYTES_HELD = 64_000_000

Row = dict[str, Any]
# Inserts the rows of one table, {row id: row}, and returns {row id: why} for those that can never be stored. Raises BadMoment.
Insert = Callable[[str, dict[str, Row]], dict[str, str]]


@dataclass(slots=True, eq=False)
class Entry:
    """One message on its way. `answer` gets why BigQuery refuses its rows for ever (empty: stored), or the failure."""

    message_id: str
    result: Result
    size: int  # bytes
    answer: asyncio.Future[list[str]]


class Committer:
    """Holds what waits, and the threads that insert. Made in the process that serves, inside its event loop.

    `stored` is told of each entry that is stored, before its answer: what is acknowledged has been counted.
    """

    def __init__(self, insert: Insert, stored: Callable[[list[Entry]], None]) -> None:
        self._insert = insert
        self._stored = stored
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Entry] = deque()
        self._messages_held = 0
        self._bytes_held = 0
        self._groups: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(3 * GROUPS_IN_FLIGHT, thread_name_prefix="insert")

    async def commit(self, message_id: str, result: Result, size: int) -> list[str]:
        """Return when the rows are stored: empty, or why BigQuery refuses them for ever. Raises BadMoment, or Busy at once."""
        if self._messages_held >= MESSAGES_HELD or self._bytes_held + size > BYTES_HELD:
            raise Busy(f"{self._messages_held} messages ({self._bytes_held:,} bytes) wait here, and no more fit")
        entry = Entry(message_id, result, size, self._loop.create_future())
        self._waiting.append(entry)
        self._messages_held += 1
        self._bytes_held += size
        self._send()
        return await entry.answer

    def _send(self) -> None:
        if self._waiting and len(self._groups) < GROUPS_IN_FLIGHT:
            task = self._loop.create_task(self._commit(self._take()))
            self._groups.add(task)
            task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._groups.discard(task)
        self._send()

    def _take(self) -> list[Entry]:
        group: list[Entry] = []
        rows = size = 0
        while self._waiting and rows < ROWS_AT_ONCE and size < BYTES_AT_ONCE:
            entry = self._waiting.popleft()
            group.append(entry)
            rows += len(entry.result.rows)
            size += entry.size
        return group

    async def _commit(self, group: list[Entry]) -> None:
        try:
            tables = _by_table(group)
            inserts = [
                self._loop.run_in_executor(self._threads, self._insert, table, rows) for table, rows in tables.items()
            ]
            answers = dict(zip(tables, await asyncio.gather(*inserts, return_exceptions=True), strict=True))
            whole = [entry for entry in group if not _trouble(entry, answers)]
            self._stored(whole)
            for entry in group:
                self._answer(entry, answers)
        finally:
            self._messages_held -= len(group)
            self._bytes_held -= sum(entry.size for entry in group)

    def _answer(self, entry: Entry, answers: "Answers") -> None:
        if entry.answer.done():  # its request is gone
            return
        trouble = _trouble(entry, answers)
        failure = next((t for t in trouble if isinstance(t, BaseException)), None)
        if failure is None:
            entry.answer.set_result([str(t) for t in trouble])
        elif isinstance(failure, BadMoment):
            entry.answer.set_exception(failure)
        else:
            entry.answer.set_exception(BadMoment(f"{type(failure).__name__}: {failure}"))


Answers = dict[str, dict[str, str] | BaseException]


def _trouble(entry: Entry, answers: Answers) -> list[str | BaseException]:
    """What keeps the entry's rows from being stored: a failed insert, or the reasons for which they were refused."""
    found: list[str | BaseException] = []
    for table, row_id, _ in entry.result.rows:
        answer = answers[table]
        if isinstance(answer, BaseException):
            found.append(answer)
        elif row_id in answer:
            found.append(answer[row_id])
    return found


def _by_table(group: list[Entry]) -> dict[str, dict[str, Row]]:
    """The same row twice in a group is one row."""
    tables: dict[str, dict[str, Row]] = {}
    for entry in group:
        for table, row_id, row in entry.result.rows:
            tables.setdefault(table, {}).setdefault(row_id, row)
    return tables
