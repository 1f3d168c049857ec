"""Reads messages out of the table `archive` through BigQuery's Storage Read API: $1.10 a TiB, many readers side by side.

The time between two moments is divided into windows, so that what was read before a run was killed is not read again.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import grpc
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1 import BigQueryReadClient, types
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

from posts.errors import BadMessage

from .convert import LocatedRecord
from .errors import DataflowError
from .lines import Record

DOLLARS_A_TEBIBYTE = (
    1.1  # https://cloud.google.com/bigquery/pricing, Storage Read API, 2026-11; the first 300 TiB each month are free
)
_SECONDS = 60.0  # for an answer, and for each block of rows
_WINDOWS = 2_000  # at the most
_SHORTEST = timedelta(minutes=10)


class Window(NamedTuple):
    """What was received from `since` on and before `until`, UTC."""

    since: datetime
    until: datetime


class Size(NamedTuple):
    """How much lies between two moments."""

    messages: int
    size: int  # bytes of JSON


def windows(since: datetime, until: datetime) -> list[Window]:
    """Divide the time evenly."""
    count = max(1, min(_WINDOWS, (until - since) // _SHORTEST))
    edges = [since + (until - since) * number / count for number in range(count)] + [until]
    return [Window(*pair) for pair in pairwise(edges)]


def measure(client: bigquery.Client, dataset: str, window: Window) -> Size:
    """Count what is there. Raises DataflowError."""
    sql = f"SELECT COUNT(*) AS messages, COALESCE(SUM(LENGTH(payload)), 0) AS size FROM archive WHERE {_where(window)}"  # noqa: S608
    try:
        config = bigquery.QueryJobConfig(default_dataset=f"{client.project}.{dataset}")
        rows = list(client.query(sql, config, timeout=_SECONDS).result(timeout=_SECONDS))
    except (GoogleAPIError, GoogleAuthError, OSError, TimeoutError) as error:
        raise DataflowError(
            f"BigQuery does not say what {dataset}.archive has: {type(error).__name__}: {str(error)[:500]}. Does the dataset exist, and "
            "may this account query it?"
        ) from None
    return Size(int(rows[0]["messages"]), int(rows[0]["size"]))


def messages(project: str, dataset: str, window: Window) -> Iterator[LocatedRecord]:
    """Yield the messages of a window. Raises what Google's client does: Beam tries the window again."""
    session = types.ReadSession(
        table=f"projects/{project}/datasets/{dataset}/tables/archive",
        data_format=types.DataFormat.ARROW,
        read_options=types.ReadSession.TableReadOptions(
            selected_fields=["payload", "received_at"], row_restriction=_where(window)
        ),
    )
    client = _client()
    read_session = client.create_read_session(
        parent=f"projects/{project}", read_session=session, max_stream_count=1, timeout=_SECONDS
    )
    for stream in read_session.streams:
        for page in client.read_rows(stream.name, timeout=_SECONDS).rows().pages:
            for row in page:
                yield _record_from_row({name: value.as_py() for name, value in row.items()})


def _record_from_row(row: dict[str, Any]) -> LocatedRecord:
    payload, received_at = row["payload"] or "", row["received_at"]
    micros = round(received_at.timestamp() * 1_000_000) if received_at is not None else None
    record: Record | BadMessage = Record(payload, micros, "archive")
    return LocatedRecord(record, payload.encode(), None)


def _where(window: Window) -> str:
    """Return the SQL condition for a window. It leaves out rows that a replay or the doctor wrote."""
    since, until = (f"TIMESTAMP '{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f+00}'" for moment in window)
    return f"received_at >= {since} AND received_at < {until} AND source IN ('stream', 'search')"


@cache
def _client() -> BigQueryReadClient:
    """Return a client. If BIGQUERY_STORAGE_EMULATOR_HOST names a stand-in, connect to it without TLS and credentials."""
    if host := os.environ.get("BIGQUERY_STORAGE_EMULATOR_HOST"):
        return BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=grpc.insecure_channel(host)))
    return BigQueryReadClient()
