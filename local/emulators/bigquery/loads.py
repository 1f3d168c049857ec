"""Load jobs of JSON lines, as BigQuery runs them.

bqemulator 1.4.0 gives an uploaded load job a name of its own, counts all rows of the table as the job's, takes base64 for text, and loads
several files one after the other. Here a job keeps the name that the client gave it, a second job of that name is refused with 409,
`outputRows` are the job's rows, and into a table that exists all files are loaded or none. A test can make a load fail (faults.py).
"""

import glob
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .faults import Faults, load_error

_ROW_BYTES = 100_000_000  # https://cloud.google.com/bigquery/quotas#load_jobs: the largest row
_NAME = "x-job-id"  # in the configuration, on its way from the request to the job


def adapt(faults: Faults) -> None:
    """Change bqemulator. An AttributeError here means that it is another version."""
    from bqemulator.api.routes import jobs, upload
    from bqemulator.catalog.models import JobMeta
    from bqemulator.jobs import executor

    read_configuration, execute_load_job = upload._load_configuration_from_envelope, executor.execute_load_job
    run_load, handle_load_job = upload._run_load, jobs._handle_load_job_with_async_envelope
    names = _Names()

    def with_name(envelope: dict[str, Any]) -> dict[str, Any]:
        configuration: dict[str, Any] = read_configuration(envelope)
        return configuration | {_NAME: (envelope.get("jobReference") or {}).get("jobId")}

    async def execute(project_id: str, job_id: str, configuration: dict[str, Any], ctx: Any) -> Any:
        now = ctx.clock.now()
        job = JobMeta(
            project_id=project_id,
            job_id=job_id,
            job_type="LOAD",
            state="DONE",
            configuration=configuration,
            creation_time=now,
            start_time=now,
            end_time=now,
            etag=job_id,
        )
        load = executor._parse_load_job_config(project_id, configuration)
        if fault := faults.next(load.table_id, is_load=True):
            return job.model_copy(update={"error_result": load_error(fault)})
        before = 0 if load.write_disposition == "WRITE_TRUNCATE" else _count(load, ctx) or 0
        exists = _count(load, ctx) is not None
        if load.source_format == "NEWLINE_DELIMITED_JSON" and load.write_disposition == "WRITE_APPEND" and exists:
            await _append(executor, load, ctx)
        else:
            await execute_load_job(project_id, job_id, configuration, ctx)
        rows = str((_count(load, ctx) or 0) - before)
        return job.model_copy(update={"statistics": {"load": {"outputRows": rows}}})

    async def run(*, project_id: str, configuration: dict[str, Any], media_path: str, ctx: Any) -> tuple[str, Any]:
        configuration = dict(configuration)
        name = configuration.pop(_NAME, None)
        with names.has_table(project_id, name, ctx):
            result, job = await run_load(
                project_id=project_id, configuration=configuration, media_path=media_path, ctx=ctx
            )
            job = job.model_copy(update={"job_id": name or result})
            ctx.catalog.upsert_job(job)
        return job.job_id, job

    async def handle(project_id: str, job_id: str, configuration: dict[str, Any], ctx: Any) -> Any:
        with names.has_table(project_id, job_id, ctx):
            job = await handle_load_job(project_id, job_id, configuration, ctx)
            ctx.catalog.upsert_job(job)
        return job

    upload._load_configuration_from_envelope, upload._run_load = with_name, run
    jobs._handle_load_job_with_async_envelope = handle
    jobs.execute_load_job = upload.execute_load_job = execute
    executor._LOAD_FORMAT_HANDLERS["NEWLINE_DELIMITED_JSON"] = lambda path, target, ctx: _insert([path], target, ctx)


class _Names:
    """The names of jobs that run, such as one that waits for the table's lock: the catalog has only those that are done."""

    def __init__(self) -> None:
        self._running: set[tuple[str, str]] = set()

    @contextmanager
    def has_table(self, project_id: str, name: str | None, ctx: Any) -> Iterator[None]:
        """Hold a name while its job runs. Raises AlreadyExistsError if a job has it, or had it."""
        from bqemulator.domain.errors import AlreadyExistsError

        if name is None:
            yield
            return
        if (project_id, name) in self._running or ctx.catalog.get_job(project_id, name) is not None:
            raise AlreadyExistsError(f"Already Exists: Job {project_id}:US.{name}")
        self._running.add((project_id, name))
        try:
            yield
        finally:
            self._running.discard((project_id, name))


async def _append(executor: Any, load: Any, ctx: Any) -> None:
    """Load all files into a table that exists, in one statement, and say that the table has changed, as bqemulator does."""
    paths = [executor._resolve_uri(uri, ctx) for uri in load.source_uris]
    async with ctx.engine.write_lock():
        _insert(paths, load.target_ref, ctx)
        table = ctx.catalog.get_table(load.project_id, load.dataset_id, load.table_id)
        ctx.catalog.update_table(table.model_copy(update={"num_rows": _count(load, ctx)}))
        ctx.snapshots.record_change(load.project_id, load.dataset_id, load.table_id)


def _insert(paths: list[str], target: str, ctx: Any) -> None:
    """Insert the lines of files. Fields that a line leaves out are NULL; BYTES are base64."""
    connection = ctx.engine.connection
    described = connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {target})").fetchall()
    read = ", ".join(f"'{name}': '{'VARCHAR' if kind == 'BLOB' else kind}'" for name, kind in described)
    columns = ", ".join(f'from_base64("{name}")' if kind == "BLOB" else f'"{name}"' for name, kind in described)
    ctx.engine.execute(
        # a folder named lang=de is only a folder
        f"INSERT INTO {target} SELECT {columns} FROM read_json(?, format = 'newline_delimited', hive_partitioning = false, "
        f"maximum_object_size = {_ROW_BYTES}, columns = {{{read}}})",
        [[glob.escape(path) for path in paths]],
    )


def _count(load: Any, ctx: Any) -> int | None:
    """Return the table's number of rows, or None where the job has to create it."""
    if ctx.catalog.get_table(load.project_id, load.dataset_id, load.table_id) is None:
        return None
    (rows,) = ctx.engine.connection.cursor().execute(f"SELECT COUNT(*) FROM {load.target_ref}").fetchone()
    return int(rows)
