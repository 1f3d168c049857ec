"""BigQuery's streaming buffer: freshly inserted rows stay in it for a while, and DML that would touch them fails.

The emulator has none. Here the range of DuckDB row ids of each insert is remembered while it is fresh. A statement that would change
such rows is rolled back and refused in BigQuery's words.
"""

import re
import time
from dataclasses import dataclass, field
from typing import Any

import duckdb

_DML = re.compile(r"(\s|/\*.*?\*/|--[^\n]*\n)*(UPDATE|DELETE|MERGE|TRUNCATE)\b", re.IGNORECASE | re.DOTALL)


class WouldTouchFreshRows(Exception):
    """BigQuery's refusal, in its words."""


@dataclass(slots=True)
class StreamingBuffer:
    """`seconds` is how long rows stay in it (BigQuery: 30 minutes as a rule, up to 90)."""

    seconds: float
    # quoted table: (until, first row id, last)
    _ranges: dict[str, list[tuple[float, int, int]]] = field(default_factory=dict)

    def highest(self, connection: duckdb.DuckDBPyConnection, table: str) -> int:
        if self.seconds <= 0:
            return -1  # no row is ever fresh, so nothing has to be checked
        newest = connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()
        return newest[0] if newest and newest[0] is not None else -1

    def inserted(self, table: str, first: int, last: int) -> None:
        """Note that rows `first` to `last` of `table` have just been streamed."""
        if last < first:
            return  # an insert without rows
        now = time.monotonic()
        ranges = [r for r in self._ranges.get(table, []) if r[0] > now]
        if ranges and ranges[-1][2] == first - 1 and ranges[-1][0] - now > self.seconds * 0.99:
            first = ranges.pop()[1]  # one long range instead of thousands of short ones
        self._ranges[table] = [*ranges, (now + self.seconds, first, last)]

    def execute(self, connection: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None) -> Any:
        """Run a statement. Raises WouldTouchFreshRows, having changed nothing, if it would touch rows of the buffer."""
        tables = self._named_in(sql) if _DML.match(sql) else []
        if not tables:
            return connection.execute(sql, parameters) if parameters else connection.execute(sql)
        connection.execute("BEGIN")
        try:
            before = self._fingerprints(connection, tables)
            result = (
                connection.execute(sql, parameters) if parameters else connection.execute(sql)
            ).fetch_arrow_table()
            current = self._fingerprints(connection, tables)
            touched = [table for table in tables if current[table] != before[table]]
            if touched:
                raise WouldTouchFreshRows(
                    f"UPDATE or DELETE statement over table {touched[0]} would affect rows in the streaming buffer, which is not supported"
                )
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return connection.from_arrow(result)

    def _fresh(self) -> dict[str, list[tuple[float, int, int]]]:
        now = time.monotonic()
        self._ranges = {
            table: live for table, ranges in self._ranges.items() if (live := [r for r in ranges if r[0] > now])
        }
        return self._ranges

    def _named_in(self, sql: str) -> list[str]:
        """Return the tables with fresh rows that a statement may touch. The emulator keeps its own catalog by DML too, all the time."""
        bare = sql.replace('"', "")
        return [table for table in self._fresh() if table.replace('"', "") in bare]

    def _fingerprints(self, connection: duckdb.DuckDBPyConnection, tables: list[str]) -> dict[str, Any]:
        return {
            table: connection.execute(
                f"SELECT count(*), sum(hash(one)) FROM {table} AS one WHERE "
                + " OR ".join(f"rowid BETWEEN {first} AND {last}" for _, first, last in self._ranges[table])
            ).fetchall()
            for table in tables
        }
