"""Loads files of rows into BigQuery: load jobs, which cost nothing and store all of their rows or none.

A job is named after the run, so a second try finds the first one's instead of loading twice. What a job refuses because of one of its
rows is inserted row by row, and the row that is refused goes to `rejected` with BigQuery's reason.
"""

import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import IO, Any, cast

import orjson
import requests
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from google.api_core.exceptions import Conflict, GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery

from posts.errors import BadMessage
from posts.message import Delivery
from posts.rows import reject, timestamp
from warehouse import insert
from warehouse.errors import BadMoment

from .errors import DataflowError
from .shards import JSON_COLUMNS, Shard
from .staging import Done, Staging
from .totals import Totals

_PARTS_A_GROUP = 8  # parts of one load from this machine: hundreds of megabytes
_POLL_SECONDS = 1.0
_JOB_FILES = 10_000  # https://cloud.google.com/bigquery/quotas#load_jobs, 2026-11: source URIs a job
_REQUEST_SECONDS = 60.0
_JOB_SECONDS = 6 * 3_600.0  # BigQuery ends a load job after six hours
_TRIES = 5  # each is a job with a name of its own
_ROWS_PER_INSERT = 500
_BYTES_PER_INSERT = 4_000_000  # BigQuery takes 10 MB a request, and JSON in JSON has a backslash before each quote
_REFUSED = frozenset({"invalid", "invalidQuery", "badRequest"})

_OUTCOMES = {
    "tweet_versions": "loaded",
    "filtered": "filtered",
    "deletions": "deletions",
}  # the outcome of a message that has a row in the table

Say = Callable[[str], None]


class Refused(Exception):
    """A load job stored nothing, because of a row. The text is BigQuery's."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows go, and who is told of it.

    The embedded BigQuery `reads_files` of this machine. Google's reads gs://, and gets local files by upload.
    """

    client: bigquery.Client
    dataset: str
    say: Say
    reads_files: bool = False

    def table(self, name: str) -> str:
        return f"{self.client.project}.{self.dataset}.{name}"


class Loader:
    """Loads the parts of a run in groups, each as soon as all of it is converted. The same parts are always grouped in the same way.

    Files in Cloud Storage are one group, so each table has one job. An upload from this machine has more, and goes on beside the workers.
    """

    def __init__(self, target: Target, place: Staging, parts: Sequence[str]) -> None:
        """`parts` are the names of all parts of the run."""
        self._target = target
        self._place = place
        size = max(len(parts), 1) if place.folder.startswith("gs://") else _PARTS_A_GROUP
        self._groups = [parts[first : first + size] for first in range(0, len(parts), size)]
        self._loaded: set[int] = set()
        self._refused: Counter[str] = Counter()  # rows, by table

    def load_ready(self) -> None:
        """Load the groups that are converted and not loaded yet. Raises DataflowError."""
        self._place.touch()
        done = self._place.parts_done()
        for number, names in enumerate(self._groups):
            if number not in self._loaded and all(name in done for name in names):
                self._load_group(number, [self._place.read_part(done[name]) for name in names])
                self._loaded.add(number)

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """Load while the context lasts. What fails is tried again, and told, by the next `load_ready`."""
        stop = threading.Event()

        def run() -> None:
            while not stop.wait(_POLL_SECONDS):
                with suppress(DataflowError):
                    self.load_ready()

        thread = threading.Thread(target=run, name="load", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def correct(self, totals: Totals) -> None:
        """Count as rejected what BigQuery refused."""
        for table, rows in self._refused.items():
            if table in _OUTCOMES:
                totals.reject(_OUTCOMES[table], rows, "refused_by_bigquery")

    def _load_group(self, number: int, parts: Sequence[Done]) -> None:
        tables: dict[str, list[Shard]] = {}
        for _, shards in parts:
            for table, shard in shards.items():
                tables.setdefault(table, []).append(shard)
        refused: Counter[str] = Counter()
        try:
            for table, table_shards in sorted(tables.items()):
                for files, group in enumerate(batched(table_shards, _JOB_FILES)):
                    job = f"import-{self._place.run}-{table}-{number}" + (f"-{files}" if files else "")
                    refused[table] += _load_and_return_refused(self._target, table, job, group)
        except (GoogleAPIError, GoogleAuthError, requests.RequestException, BadMoment, TimeoutError, OSError) as error:
            raise DataflowError(
                f"BigQuery did not take the rows: {type(error).__name__}: {str(error)[:500]}. Does the dataset exist (./deploy.sh up), and "
                "may this account write to it and make jobs? The same command goes on where this one ended."
            ) from None
        self._refused += refused  # not before, because a group that failed is tried again whole


def batched(shards: Sequence[Shard], size: int) -> Iterator[Sequence[Shard]]:
    """Yield lists of at most `size`."""
    return (shards[first : first + size] for first in range(0, len(shards), size))


def _load_and_return_refused(target: Target, table: str, job: str, group: Sequence[Shard]) -> int:
    """Return how many rows BigQuery refuses."""
    try:
        _run(target, table, job, group)
    except Refused as error:
        target.say(f"{table}: BigQuery refuses a row ({error}); the rows are inserted one by one")
    else:
        target.say(f"{table}: {sum(shard.rows for shard in group):,} rows loaded")
        return 0
    refused = 0
    for number, shard in enumerate(group):
        try:
            if len(group) == 1:  # the job of the group was this file's
                raise Refused
            _run(target, table, f"{job}-{number}", [shard])
        except Refused:
            refused += _insert(target, table, shard)
    return refused


def _run(target: Target, table: str, job: str, group: Sequence[Shard]) -> None:
    """Return when the rows are stored, by this job or by one of its names before. Raises Refused, or why the last try failed."""
    tries = 0
    for number in count():
        name = f"{job}-r{number}" if number else job
        load_job = _find(target.client, name)
        if load_job is None:
            load_job, tries = _start(target, table, name, group), tries + 1
        try:
            load_job.result(timeout=_JOB_SECONDS)
            return
        except GoogleAPIError as error:
            if {str(problem.get("reason")) for problem in load_job.errors or []} & _REFUSED:
                raise Refused(str((load_job.error_result or {}).get("message") or error)[:300]) from None
            if load_job.state != "DONE" or tries == _TRIES:  # it may still run, or every try has failed
                raise


def _find(client: bigquery.Client, name: str) -> Any:
    try:
        return client.get_job(name, timeout=_REQUEST_SECONDS)
    except NotFound:
        return None


def _start(target: Target, table: str, name: str, group: Sequence[Shard]) -> Any:
    client, place = target.client, target.table(table)
    config = bigquery.LoadJobConfig(
        source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
        write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
        create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
    )
    try:
        if target.reads_files or group[0].path.startswith("gs://"):
            uris = [shard.path if "://" in shard.path else f"file://{shard.path}" for shard in group]
            # the embedded engine loads before it answers
            timeout = _JOB_SECONDS if target.reads_files else _REQUEST_SECONDS
            return client.load_table_from_uri(uris, place, job_id=name, job_config=config, timeout=timeout)
        with io.BufferedReader(_Joined(group), 1_000_000) as file:
            return client.load_table_from_file(file, place, job_id=name, job_config=config, timeout=_REQUEST_SECONDS)
    except Conflict:  # an earlier request made the job, and only its answer was lost
        return client.get_job(name, timeout=_REQUEST_SECONDS)


class _Joined(io.RawIOBase):
    """Files read one after the other, as one."""

    def __init__(self, group: Sequence[Shard]) -> None:
        self._paths = iter([shard.path for shard in group])
        self._file: IO[bytes] | None = None
        self._at = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        while True:
            if self._file is None:
                path = next(self._paths, None)
                if path is None:
                    return 0
                self._file = _open(path)
            data = self._file.read(len(buffer))
            if data:
                buffer[: len(data)] = data
                self._at += len(data)
                return len(data)
            self._file.close()
            self._file = None


def _insert(target: Target, table: str, shard: Shard) -> int:
    """Insert the rows of a file, those that BigQuery refuses into `rejected`. Returns how many those are. Raises BadMoment."""
    insert_rows = insert.connect(target.client.project, target.dataset, {})
    refused = 0
    with _open(shard.path) as file:
        number = 0
        for block in _blocks(file):
            rows = {f"{shard.path}:{number + place}": _as_inserted(table, line) for place, line in enumerate(block)}
            number += len(block)
            why = insert_rows(table, rows)
            refused += len(why)
            _reject(insert_rows, {row_id: (rows[row_id], reason) for row_id, reason in why.items()})
    return refused


def _blocks(file: IO[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines of a file in lists that fit a request; a line that does not is alone."""
    block: list[bytes] = []
    size = 0
    for line in file:
        if block and (len(block) == _ROWS_PER_INSERT or size + len(line) > _BYTES_PER_INSERT):
            yield block
            block, size = [], 0
        block.append(line)
        size += len(line)
    if block:
        yield block


def _reject(insert: Any, refused: dict[str, tuple[dict[str, Any], str]]) -> None:
    now = datetime.now(UTC)
    for row_id, (row, why) in refused.items():
        data = str(row.get("payload") or orjson.dumps(row).decode()).encode()
        delivery = Delivery(data, message_id=row_id, subscription="import", publish_time=timestamp(now))
        result = reject(delivery, BadMessage("refused_by_bigquery", why), now)
        for table, name, rejected in result.rows:
            if errors := insert(table, {name: rejected}):
                raise BadMoment(f"BigQuery refuses even the row of `rejected`: {errors}")


def _as_inserted(table: str, line: bytes) -> dict[str, Any]:
    """Return a row as insertAll takes it: JSON as a string."""
    row: dict[str, Any] = orjson.loads(line)
    return row | {name: orjson.dumps(row[name]).decode() for name in JSON_COLUMNS.get(table, ()) if name in row}


def _open(path: str) -> IO[bytes]:
    return cast("IO[bytes]", FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED))


def request_removal_check(target: Target, run: str, posts: int, deletions: int) -> None:
    """Let the function remove_deleted work at once, and not at its next round: ask X about the imported posts, and remove those that a
    file's notices say were deleted. Raises DataflowError.
    """
    now = timestamp(datetime.now(UTC))
    rows = {
        "imported": {"event": "imported", "at": now, "job_id": run, "ids": posts},
        "requested": {"event": "requested", "at": now, "job_id": run, "answers": deletions},
    }
    events = {name: row for name, row in rows.items() if row.get("ids") or row.get("answers")}
    if not events:
        return
    try:
        errors = target.client.insert_rows_json(
            target.table("compliance_jobs"),
            list(events.values()),
            row_ids=[f"{name}-{run}" for name in events],
            timeout=_REQUEST_SECONDS,
        )
        problem = str(errors) if errors else ""
    except (GoogleAPIError, GoogleAuthError, requests.RequestException) as error:
        problem = f"{type(error).__name__}: {str(error)[:300]}"
    if problem:
        raise DataflowError(
            f"The posts are loaded, but remove_deleted could not be told: {problem}. It asks X about them within 12 hours all the same."
        )
