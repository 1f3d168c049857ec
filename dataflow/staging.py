"""Remembers what is done of an import, so that the same command goes on where another was killed.

    <staging>/<run>/parts/00012.json    a part that is converted: its totals, and its files of rows
    <staging>/<run>/shards/             the files of rows
    <staging>/<run>/running             written anew each minute while the run lasts
    <staging>/<run>/loaded.json         all is in BigQuery; the rest is gone

A run is named after what it reads and how: files of the same content, filter and settings are the same run. What a run that was broken off
has left is removed after a day: it holds posts, and what X asks to remove is looked for in BigQuery alone. Folders with other names than
runs have are somebody else's, and are left alone.
"""

import hashlib
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError

from . import totals
from .errors import DataflowError
from .shards import Shard
from .totals import Totals

STALE_SECONDS = 86_400.0
_BEAT_SECONDS = 60.0
_RUN = re.compile(r"[0-9a-f]{16}(-[0-9]{8}T[0-9]{6})?")  # what `name` makes; with --again, the time
Done = tuple[Totals, dict[str, Shard]]  # of a part: its files by table


def name(*what: object) -> str:
    """Return the name of the run that does this: the same for the same arguments, in any process."""
    return hashlib.blake2b(orjson.dumps([str(item) for item in what]), digest_size=8).hexdigest()


class UnfinishedImport(NamedTuple):
    """A run that was broken off: its folder with files of rows, and when it last did something, in seconds since 1970."""

    folder: str
    at: float

    @property
    def is_stale(self) -> bool:
        return time.time() - self.at > STALE_SECONDS


def find_unfinished_imports(folder: str, run: str) -> list[UnfinishedImport]:
    """Return the runs below a folder, but for this one, that have files of rows."""
    shards = _times(FileSystems.join(folder, "*", "shards", "*"), 2)
    beats = _times(FileSystems.join(folder, "*", "running"), 1)
    return [
        UnfinishedImport(path, max(at, beats.get(path, 0.0)))
        for path, at in sorted(shards.items())
        if path.rsplit("/", 1)[-1] != run and _RUN.fullmatch(path.rsplit("/", 1)[-1])
    ]


def _times(pattern: str, depth: int) -> dict[str, float]:
    """Return when the newest of the matching files was written, by the folder that is so many levels up."""
    newest: dict[str, float] = {}
    for match in _match(pattern):
        above = match.path.rsplit("/", depth)[0]
        newest[above] = max(newest.get(above, 0.0), match.last_updated_in_seconds or time.time())
    return newest


def _match(pattern: str) -> list[FileMetadata]:
    try:
        return list(FileSystems.match([pattern])[0].metadata_list)
    except BeamIOError:  # there is no such folder yet
        return []


def remove(leftover: UnfinishedImport) -> bool:
    """Remove the files of rows, and what names them. Returns whether they are gone."""
    gone = [_delete(FileSystems.join(leftover.folder, name)) for name in ("parts", "shards", "running")]
    with suppress(OSError):  # in Cloud Storage there are no folders; with loaded.json, it is still needed
        Path(leftover.folder).rmdir()
    return all(gone)


def _delete(path: str) -> bool:
    """Delete a file, or a folder with what is in it. Returns whether it is gone."""
    paths = [path, f"{path}/"] if path.startswith("gs://") else [path]  # Beam takes only the latter for a folder there
    with suppress(BeamIOError):
        FileSystems.delete(paths)
    return not FileSystems.exists(path) and not _match(FileSystems.join(path, "*"))


class Staging:
    """One run's folder, here or in Cloud Storage."""

    def __init__(self, folder: str, run: str) -> None:
        self.run = run
        self.folder = FileSystems.join(folder, run)
        self._beaten: float | None = None

    def touch(self) -> None:
        """Show others that this run goes on: at most once a minute. The first time raises DataflowError where nothing can be written."""
        now, last = time.monotonic(), self._beaten
        if last is not None and now - last <= _BEAT_SECONDS:
            return
        self._beaten = now
        try:
            self._write("running", {"at": time.time()})
        except (OSError, GoogleAPIError, GoogleAuthError) as error:
            if last is None:
                raise DataflowError(
                    f"Nothing can be written to {self.folder}: {error}. Name another place with --staging."
                ) from None

    def forget_incomplete(self) -> None:
        """Forget the parts whose files of rows are not there any more, so that they are converted again."""
        existing = {match.path for match in _match(FileSystems.join(self.folder, "shards", "*"))}
        for path in self.parts_done().values():
            _, shards = self.read_part(path)
            if any(shard.path not in existing for shard in shards.values()):
                _delete(path)

    def write_part(self, part: str, done: Done) -> None:
        """Remember a part. The last one to do so holds, where two workers did it."""
        totals, shards = done
        self._write(
            FileSystems.join("parts", f"{part}.json"),
            totals.as_json() | {"shards": {t: list(s) for t, s in shards.items()}},
        )

    def parts_done(self) -> dict[str, str]:
        """Return the parts that are done, by name, each with its path."""
        matches = _match(FileSystems.join(self.folder, "parts", "*.json"))
        return {match.path.rsplit("/", 1)[-1].removesuffix(".json"): match.path for match in matches}

    def read_parts(self) -> list[Done]:
        """Return what became of each part that is done, in the order of their names."""
        return [self.read_part(path) for _, path in sorted(self.parts_done().items())]

    @staticmethod
    def read_part(path: str) -> Done:
        """Return what became of a part. `path` is one of those that `parts_done` gives."""
        record = _read(path)
        return totals.from_json(record), {table: Shard(*shard) for table, shard in record["shards"].items()}

    def loaded(self) -> dict[str, Any] | None:
        """Return what `finish` remembered; None while the run is not loaded."""
        path = FileSystems.join(self.folder, "loaded.json")
        return _read(path) if FileSystems.exists(path) else None

    def finish(self, totals: Totals) -> None:
        """Remember that all is loaded, and remove the files of rows: they hold posts, which X may ask to remove."""
        self._write("loaded.json", totals.as_json() | {"at": time.time()})
        for name in ("shards", "parts", "running"):
            _delete(FileSystems.join(self.folder, name))

    def _write(self, where: str, record: dict[str, Any]) -> None:
        """Write a record so that a reader sees all of it or nothing. Objects in Cloud Storage behave this way by themselves."""
        path = FileSystems.join(self.folder, where)
        target = path if path.startswith("gs://") else f"{path}.{time.monotonic_ns()}"
        with FileSystems.create(target, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            file.write(orjson.dumps(record))
        if target != path:
            FileSystems.rename([target], [path])


def _read(path: str) -> dict[str, Any]:
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        record: dict[str, Any] = orjson.loads(file.read())
    return record


def part_names(count: int) -> Iterable[str]:
    return (f"{number:06}" for number in range(count))
