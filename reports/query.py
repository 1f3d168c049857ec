"""BigQuery, real or embedded: how many bytes a question scans, and its answer. The only place here that knows Google's client."""

import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from google.api_core.exceptions import Forbidden, GoogleAPIError, NotFound, RetryError, ServerError
from google.api_core.retry import Retry, if_transient_error
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from requests.exceptions import RequestException

from .errors import ReportError, UsageError
from .params import Params, names
from .questions import Question, parameters
from .rows import Fetched, Rows
from .sanitize import for_terminal, unescape_texts

SECONDS = 120.0  # deadline of a query
EMBEDDED_SECONDS = 600.0  # of one on this machine: over ten million posts the slowest takes two minutes
_CALL_SECONDS = 30.0  # of one HTTP call
DOLLARS_A_TEBIBYTE = (
    6.25  # https://cloud.google.com/bigquery/pricing, on demand, 2026-09; the first TiB of a month is free
)
LEAST_BYTES = 10 * 1024**2  # what BigQuery bills at least for each table that a query reads; the same page


@dataclass(frozen=True, slots=True)
class Source:
    """The dataset whose views are asked."""

    client: bigquery.Client
    dataset: str
    is_synthetic: bool = False  # nobody wrote the posts: each page says so

    @property
    def name(self) -> str:
        return f"{self.client.project}.{self.dataset}"


def connect(project: str | None) -> bigquery.Client:
    """Google's client, for the project named or the environment's. Raises UsageError where nothing answers."""
    host = os.environ.get("BIGQUERY_EMULATOR_HOST")
    if host:
        _responds(host)
    try:
        return bigquery.Client(project=project or os.environ.get("GOOGLE_CLOUD_PROJECT") or None)
    except (GoogleAuthError, OSError) as error:
        raise UsageError(
            f"BigQuery cannot be asked: {str(error).rstrip('.')}. Log in (gcloud auth application-default login) and name the project "
            "(--project or GOOGLE_CLOUD_PROJECT), or look at an example: scripts/reports --demo."
        ) from None


def is_embedded() -> bool:
    """Whether queries go to the embedded stand-in instead of Google."""
    return bool(os.environ.get("BIGQUERY_EMULATOR_HOST"))


def scan_bytes(source: Source, question: Question, params: Params) -> int:
    """Return the bytes that would be billed, from a free dry run. Raises ReportError."""
    sql = question.sql(params)
    job = _run(source, sql, _config(source, names(params, parameters(sql)), dry_run=True))
    return max(int(job.total_bytes_processed or 0), LEAST_BYTES * len(job.referenced_tables or []))


def run(source: Source, question: Question, params: Params) -> Rows:
    """Return the rows, in the question's order. Raises ReportError."""
    sql = question.sql(params)
    rows, _ = query(source, sql, names(params, parameters(sql)))
    return rows


def query(source: Source, sql: str, values: Mapping[str, tuple[str, object]]) -> tuple[Rows, int]:
    """Return rows with readable texts, and the bytes billed. `values` are {name: (type, value)}. Raises ReportError."""
    try:
        job = _run(source, sql, _config(source, values))
        result = job.result(timeout=SECONDS, retry=_retry(), job_retry=None)
        rows = Fetched({column: unescape_texts(value) for column, value in row.items()} for row in result)
        rows.columns = tuple(field.name for field in result.schema)
        return rows, int(job.total_bytes_billed or 0)
    except (GoogleAPIError, GoogleAuthError, RequestException, OSError, TimeoutError) as error:
        raise _explained(error, source) from None


def pages(
    source: Source, sql: str, values: Mapping[str, tuple[str, object]], size: int
) -> tuple[Iterator[Rows], list[bigquery.SchemaField]]:
    """Return an iterator over lists of `size` rows, fetched as they are taken, and the columns. Raises ReportError."""
    try:
        job = _run(source, sql, _config(source, values))
        rows = job.result(timeout=SECONDS, retry=_retry(), job_retry=None, page_size=size)
    except (GoogleAPIError, GoogleAuthError, RequestException, OSError, TimeoutError) as error:
        raise _explained(error, source) from None
    return ([dict(row) for row in page] for page in rows.pages), list(rows.schema)


def _run(source: Source, sql: str, config: bigquery.QueryJobConfig) -> Any:
    try:
        # the embedded engine answers the call only when it has the rows
        timeout = EMBEDDED_SECONDS if is_embedded() else _CALL_SECONDS
        return source.client.query(sql, job_config=config, retry=_retry(), job_retry=None, timeout=timeout)
    except (GoogleAPIError, GoogleAuthError, RequestException, OSError) as error:
        raise _explained(error, source) from None


def _config(source: Source, values: Mapping[str, tuple[str, Any]], *, dry_run: bool = False) -> bigquery.QueryJobConfig:
    return bigquery.QueryJobConfig(
        default_dataset=source.name,
        query_parameters=[bigquery.ScalarQueryParameter(name, *typed) for name, typed in values.items()],
        dry_run=dry_run,
        use_query_cache=not dry_run,
        labels={"part": "reports"},
    )


def _retry() -> Retry:
    """Return our retry. Google's own goes on for 600 s and hides a refused connection."""
    return Retry(predicate=if_transient_error, initial=0.5, maximum=4.0, timeout=_CALL_SECONDS)


def _responds(host: str) -> None:
    try:
        address = urlsplit(host)
        where = address.hostname, address.port or 80
    except ValueError as error:
        raise UsageError(
            f"BIGQUERY_EMULATOR_HOST={host} is no address: {error}. Write http://127.0.0.1:9050."
        ) from None
    if address.scheme not in ("http", "https") or where[0] is None:
        raise UsageError(f"BIGQUERY_EMULATOR_HOST={host} is no address. Write http://127.0.0.1:9050.")
    try:
        socket.create_connection((where[0], where[1]), timeout=3).close()
    except OSError as error:
        raise UsageError(
            f"Nothing answers at {host} (BIGQUERY_EMULATOR_HOST): {error.strerror or error}. Start it "
            "(.venv/bin/python -m local.emulators.bigquery --data FOLDER), or unset the variable to ask the real BigQuery."
        ) from None


def _explained(error: Exception, source: Source) -> ReportError:
    if isinstance(error, RetryError) and error.cause is not None:
        error = error.cause
    text = for_terminal(" ".join(str(getattr(error, "message", None) or error).split()))[:600]
    if isinstance(error, NotFound):
        return UsageError(
            f"BigQuery does not find what the question reads in {source.name}: {text}. Is the dataset the right one (--dataset), "
            "and are its tables and views made (./deploy.sh up bigquery)?"
        )
    if isinstance(error, Forbidden):
        return UsageError(
            f"BigQuery does not let you: {text}. You need the roles BigQuery Data Viewer on the dataset and BigQuery Job User "
            "on the project."
        )
    if isinstance(error, GoogleAuthError):
        return UsageError(f"Google does not know who you are: {text}. Log in: gcloud auth application-default login.")
    if isinstance(error, (ServerError, RequestException, OSError, TimeoutError)):
        return ReportError(f"BigQuery did not answer in time: {text or type(error).__name__}. Try again in a minute.")
    return ReportError(f"BigQuery refused the question: {text}")
