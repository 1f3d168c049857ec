"""Load jobs of JSON lines that the client uploads, as BigQuery runs them.

bqemulator 1.4.0 gives such a job a name of its own, counts all rows of the table as the job's, and takes base64 for text. Here a job has
the name that the client gave it, a second job of that name is refused with 409, and `outputRows` are the job's rows. A load can be told
to fail: `refused` (because of a row) and `503` in faults.py.
"""

from typing import Any

from .faults import Faults, load_error

_ROW_BYTES = 100_000_000  # https://cloud.google.com/bigquery/quotas#load_jobs: the largest row
_NAME = "x-job-id"  # in the configuration, on its way from the request to the job


def adapt(told: Faults) -> None:
    """Change bqemulator; an AttributeError here says that it is another version."""
    from bqemulator.api.routes import upload
    from bqemulator.catalog.models import JobMeta
    from bqemulator.domain.errors import AlreadyExistsError
    from bqemulator.jobs import executor

    read_configuration, run_load = upload._load_configuration_from_envelope, upload._run_load

    def with_name(envelope: dict[str, Any]) -> dict[str, Any]:
        configuration: dict[str, Any] = read_configuration(envelope)
        return configuration | {_NAME: (envelope.get("jobReference") or {}).get("jobId")}

    async def run(*, project_id: str, configuration: dict[str, Any], media_path: str, ctx: Any) -> tuple[str, Any]:
        configuration = dict(configuration)
        name = configuration.pop(_NAME, None)
        if name and ctx.catalog.get_job(project_id, name) is not None:
            raise AlreadyExistsError(f"Already Exists: Job {project_id}:US.{name}")
        table = configuration["load"]["destinationTable"]
        if fault := told.next(table["tableId"], of_load=True):
            now = ctx.clock.now()
            job = JobMeta(
                project_id=project_id, job_id=name, job_type="LOAD", state="DONE", configuration=configuration,
                error_result=load_error(fault), creation_time=now, start_time=now, end_time=now, etag=name,
            )  # fmt: skip
        else:
            before = _count(ctx, table)
            made, job = await run_load(
                project_id=project_id, configuration=configuration, media_path=media_path, ctx=ctx
            )
            rows = str(_count(ctx, table) - before)
            job = job.model_copy(update={"job_id": name or made, "statistics": {"load": {"outputRows": rows}}})
            name = name or made
        ctx.catalog.upsert_job(job)
        return name, job

    upload._load_configuration_from_envelope, upload._run_load = with_name, run
    executor._LOAD_FORMAT_HANDLERS["NEWLINE_DELIMITED_JSON"] = _load_json


def _load_json(path: str, target: str, ctx: Any) -> None:
    """Insert the lines of a file. What a line leaves out is NULL; BYTES are base64."""
    connection = ctx.engine.connection
    found = connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {target})").fetchall()
    read = ", ".join(f"'{name}': '{'VARCHAR' if kind == 'BLOB' else kind}'" for name, kind in found)
    columns = ", ".join(f'from_base64("{name}")' if kind == "BLOB" else f'"{name}"' for name, kind in found)
    ctx.engine.execute(
        f"INSERT INTO {target} SELECT {columns} FROM read_json(?, format = 'newline_delimited', "
        f"maximum_object_size = {_ROW_BYTES}, columns = {{{read}}})",
        [path],
    )


def _count(ctx: Any, table: dict[str, str]) -> int:
    from bqemulator.storage.sql_identifiers import quoted_table_ref

    if ctx.catalog.get_table(table["projectId"], table["datasetId"], table["tableId"]) is None:
        return 0  # the job makes it
    name = quoted_table_ref(table["projectId"], table["datasetId"], table["tableId"])
    (rows,) = ctx.engine.connection.cursor().execute(f"SELECT COUNT(*) FROM {name}").fetchone()
    return int(rows)
