"""Writes rows as files of JSON lines, as BigQuery's load jobs take them: one file a table for each part."""

import uuid
from typing import IO, Any, NamedTuple, cast, get_type_hints

import orjson
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from posts.tables import TABLES

_BUFFER_BYTES = 1_000_000


class Shard(NamedTuple):
    """A file of rows for one table."""

    path: str
    rows: int
    size: int  # bytes


def _json_columns(row: type) -> tuple[str, ...]:
    hints = get_type_hints(row, include_extras=True)
    return tuple(name for name, hint in hints.items() if getattr(hint, "__metadata__", None) == ("JSON",))


JSON_COLUMNS = {table: _json_columns(row) for table, row in TABLES.items()}


class Shards:
    """The files of one part. A name is never used twice, so a second try of a part leaves the first one's files alone."""

    def __init__(self, folder: str, part: str) -> None:
        self._prefix = FileSystems.join(folder, "shards", f"{part}-{uuid.uuid4().hex[:8]}")
        self._files: dict[str, IO[bytes]] = {}
        self._rows: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self._waiting: dict[str, bytearray] = {}

    def add(self, table: str, row: dict[str, Any]) -> None:
        """Add a row. A column of type JSON is written as JSON here, whereas insertAll takes it as a string."""
        for name in JSON_COLUMNS.get(table, ()):
            if name in row:  # JSON may have line breaks between its parts, but never inside a string
                text = row[name]
                row = row | {
                    name: orjson.Fragment(text.replace("\n", " ").replace("\r", " ") if "\n" in text else text)
                }
        waiting = self._waiting.setdefault(table, bytearray())
        waiting += orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        self._rows[table] = self._rows.get(table, 0) + 1
        if len(waiting) > _BUFFER_BYTES:
            self._write(table)

    def close(self) -> dict[str, Shard]:
        for table in list(self._waiting):
            self._write(table)
        for file in self._files.values():
            file.close()
        return {table: Shard(self._path(table), self._rows[table], self._sizes[table]) for table in self._files}

    def _write(self, table: str) -> None:
        if table not in self._files:
            stream = FileSystems.create(
                self._path(table), "application/json", compression_type=CompressionTypes.UNCOMPRESSED
            )
            self._files[table] = cast("IO[bytes]", stream)
        self._files[table].write(bytes(self._waiting[table]))
        self._sizes[table] = self._sizes.get(table, 0) + len(self._waiting[table])
        self._waiting[table].clear()

    def _path(self, table: str) -> str:
        return f"{self._prefix}-{table}.json"
