"""Loads rows into BigQuery by load jobs: they are free, and 100,000 rows take a second."""

from io import BytesIO
from typing import Any

import orjson
from google.cloud import bigquery

from local.emulators.bigquery import create as tables

_SECONDS = 120.0  # for the upload, and again for the job


def fill(client: bigquery.Client, dataset: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Load rows by table, as `posts.make` returns them. Raises GoogleAPIError."""
    for table, table_rows in rows.items():
        _load(client, f"{dataset}.{table}", table_rows)


def _load(client: bigquery.Client, table: str, rows: list[dict[str, Any]]) -> None:
    config = bigquery.LoadJobConfig(
        schema=tables.schema(table.rpartition(".")[2]),
        source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
        write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
    )
    if not rows:
        return
    # insertAll takes JSON as text, a load job as JSON
    as_json = {field.name for field in config.schema if field.field_type == "JSON"}
    lines = BytesIO(b"\n".join(orjson.dumps(_parsed(row, as_json)) for row in rows))
    # without a size the client uploads in parts, which the embedded engine takes
    client.load_table_from_file(lines, table, job_config=config, timeout=_SECONDS).result(timeout=_SECONDS)


def _parsed(row: dict[str, Any], columns: set[str]) -> dict[str, Any]:
    return {
        name: orjson.loads(value) if name in columns and isinstance(value, str) else value
        for name, value in row.items()
    }
