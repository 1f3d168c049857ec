"""Asks and changes BigQuery: each question and each change is a file in sql/, with parameters and never formatting.

A change that would touch rows of BigQuery's streaming buffer is refused by BigQuery; that is `StillFresh`, everything else a
BadMoment. Every call has a deadline of ours, and every query a limit to what it may scan.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import requests
from google.api_core.exceptions import BadRequest, GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from runtime.errors import ConfigurationError

from .errors import BadMoment
from .policy import Event

_SQL = Path(__file__).with_name("sql")
_CALL_SECONDS = 20.0
_QUERY_SECONDS = 110.0
_RESULT_SECONDS = _QUERY_SECONDS + 10.0  # ours is longer, so that BigQuery can report its own timeout
_RETRY = DEFAULT_RETRY.with_timeout(60.0)
_MOST_BYTES = 1 << 41  # 2 TiB, $12.50: beyond, something is wrong
_PAGE_ROWS = 50_000

# TimeoutError: the client's own, when a job has not answered
_TROUBLE = (GoogleAPIError, GoogleAuthError, requests.RequestException, TimeoutError)

Row = dict[str, Any]


class StillFresh(BadMoment):
    """Rows that were streamed a short while ago cannot be changed yet."""


class Store:
    """The tables of one dataset. `bytes_scanned` counts what BigQuery bills."""

    def __init__(self, project: str, dataset: str) -> None:
        try:
            self._client = bigquery.Client(project=project)
        except (GoogleAPIError, GoogleAuthError, OSError) as error:
            raise BadMoment(f"There is no way to BigQuery: {type(error).__name__}: {error}"[:1_000]) from None
        self.dataset = f"{project}.{dataset}"
        self.bytes_scanned = 0

    def rows(self, name: str, **parameters: Any) -> Iterator[Row]:
        """Yield the rows of the query in sql/<name>.sql, page by page. Raises BadMoment."""
        try:
            for row in self._run(name, parameters, page_size=_PAGE_ROWS)[1]:
                yield dict(row.items())
        except _TROUBLE as error:
            raise self._why(name, error) from None

    def change(self, name: str, **parameters: Any) -> int:
        """Make the change in sql/<name>.sql; returns the number of rows. Raises StillFresh or BadMoment."""
        try:
            job, _ = self._run(name, parameters)
        except _TROUBLE as error:
            raise self._why(name, error) from None
        return job.num_dml_affected_rows or 0

    def history(self, since: datetime) -> list[Event]:
        """Return what was done, ordered by time. Raises BadMoment."""
        events = [Event(**{k: v for k, v in row.items() if v is not None}) for row in self.rows("history", since=since)]
        return sorted(events, key=lambda event: event.at)

    def note(self, event: Event) -> None:
        """Append a row to compliance_jobs. Raises BadMoment."""
        row = {
            name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
            for name in Event.__slots__
            if (value := getattr(event, name)) not in (None, "")
        }
        try:
            errors = self._client.insert_rows_json(
                f"{self.dataset}.compliance_jobs", [row], retry=_RETRY, timeout=_CALL_SECONDS
            )
        except _TROUBLE as error:
            raise self._why("compliance_jobs", error) from None
        if errors:
            raise BadMoment(f"BigQuery does not take a row of compliance_jobs: {errors}"[:1_000])

    def _run(self, name: str, parameters: dict[str, Any], **how: Any) -> tuple[bigquery.QueryJob, Iterable[Any]]:
        config = bigquery.QueryJobConfig(
            query_parameters=[_parameter(key, value) for key, value in parameters.items()],
            default_dataset=self.dataset,
            maximum_bytes_billed=_MOST_BYTES,
            job_timeout_ms=int(_QUERY_SECONDS * 1_000),
            labels={"part": "remove_deleted"},
        )
        sql = (_SQL / f"{name}.sql").read_text(encoding="utf-8")
        job = self._client.query(sql, job_config=config, retry=_RETRY, timeout=_CALL_SECONDS, job_retry=None)
        rows = job.result(retry=_RETRY, timeout=_RESULT_SECONDS, job_retry=None, **how)
        self.bytes_scanned += job.total_bytes_billed or job.total_bytes_processed or 0
        return job, rows

    def _why(self, name: str, error: Exception) -> BadMoment | ConfigurationError:
        if isinstance(error, BadRequest) and "streaming buffer" in str(error):
            return StillFresh(f"{name}: {error}"[:500])
        if isinstance(error, NotFound):
            return ConfigurationError(
                f"BigQuery has not all tables of {self.dataset} that this needs ({name}). Were they made by an older version? "
                "./deploy.sh up bigquery makes what is missing."
            )
        return BadMoment(f"{name}: {type(error).__name__}: {error}"[:1_000])


def as_json(rows: Sequence[Row]) -> str:
    """Return rows as one JSON parameter, which the SQL splits again."""
    return orjson.dumps(list(rows), default=str).decode()


def _parameter(name: str, value: Any) -> bigquery.ScalarQueryParameter:
    match value:
        case bool():
            kind: str = "BOOL"
        case int():
            kind = "INT64"
        case datetime() if value.tzinfo is None:
            kind = "DATETIME"
        case datetime():
            kind = "TIMESTAMP"
        case _:
            kind = "STRING"
    return bigquery.ScalarQueryParameter(name, kind, value)
