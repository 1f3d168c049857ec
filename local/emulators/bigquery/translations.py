"""Remembers bqemulator's translations: the same statement over the same columns always gives the same DuckDB SQL.

Translating is most of what a query over our views costs (0.12 s of CPU). Progress, the live page and tests ask the same again and
again, and the next run asks what this one did. So translations are kept in memory, and in a file beside the packages that translate.
"""

import hashlib
import json
import sqlite3
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

_MOST_IN_MEMORY = 500  # translations; some kB each
_MOST_ON_DISK = 20_000
_PACKAGES = ("bqemulator", "duckdb", "sqlglot")
_FILE = Path(sys.prefix) / "translations.sqlite"

Translate = Callable[..., Any]


class Translations:
    """Texts by key, in memory and in a file that processes share. A file that cannot be used costs time and nothing else."""

    def __init__(self, file: Path = _FILE) -> None:
        self._file = file
        self._recent: OrderedDict[str, str] = OrderedDict()

    def get(self, *key: object) -> str | None:
        digest = _digest(*key)
        if digest not in self._recent:
            for (text,) in self._run("SELECT text FROM translations WHERE key = ?", digest):
                self._keep(digest, text)
        if digest in self._recent:
            self._recent.move_to_end(digest)
        return self._recent.get(digest)

    def put(self, text: str, *key: object) -> str:
        """Keep a translation, and return it."""
        digest = _digest(*key)
        self._keep(digest, text)
        self._run("INSERT OR REPLACE INTO translations (key, text) VALUES (?, ?)", digest, text)
        return text

    def _keep(self, digest: str, text: str) -> None:
        self._recent[digest] = text
        if len(self._recent) > _MOST_IN_MEMORY:
            self._recent.popitem(last=False)

    def _run(self, statement: str, *values: str) -> list[tuple[str]]:
        try:
            return list(self._connection.execute(statement, values)) if self._connection else []
        except sqlite3.Error:  # full, locked for long, or damaged
            return []

    @cached_property
    def _connection(self) -> sqlite3.Connection | None:
        try:
            connection = sqlite3.connect(self._file, timeout=1.0, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS translations (number INTEGER PRIMARY KEY, key TEXT UNIQUE, text TEXT)"
            )
            connection.execute(
                "DELETE FROM translations WHERE number <= (SELECT MAX(number) FROM translations) - ?", [_MOST_ON_DISK]
            )
        except sqlite3.Error:
            return None
        return connection


def cached_translate(translate: Translate, cache: Translations) -> Translate:
    """Wrap `SQLTranslator.translate` in a cache keyed by statement, schema and caller. Failures are not cached."""
    from bqemulator.domain.result import Ok  # noqa: PLC0415 - once bqemulator can be told to be quiet

    def translated(self: Any, bq_sql: str, *, schema: Any = None, caller: Any = None, **more: Any) -> Any:
        key = (bq_sql, json.dumps(schema, sort_keys=True, default=str), repr(caller), repr(sorted(more.items())))
        if (text := cache.get(*key)) is not None:
            return Ok(text)
        result = translate(self, bq_sql, schema=schema, caller=caller, **more)
        if isinstance(result, Ok):
            cache.put(result.value, *key)
        return result

    return translated


def cached_rewrite(rewrite: Callable[[str, str], str], cache: Translations) -> Callable[[str, str], str]:
    """Wrap `rewrite_table_refs`, which writes the emulator's names for tables. Failures are not cached."""

    def rewritten(duckdb_sql: str, project_id: str) -> str:
        key = ("names of tables", duckdb_sql, project_id)
        text = cache.get(*key)
        return text if text is not None else cache.put(rewrite(duckdb_sql, project_id), *key)

    return rewritten


def _digest(*key: object) -> str:
    return hashlib.sha256("\0".join([_translator(), *map(str, key)]).encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _translator() -> str:
    """Return what a translation depends on besides its statement: the packages that translate, and our own rules."""
    digest = hashlib.sha256()
    for part in _parts():
        digest.update(part)
    return digest.hexdigest()


def _parts() -> Iterator[bytes]:
    for package in _PACKAGES:
        yield f"{package} {version(package)}".encode()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        yield file.read_bytes()
