"""Posts out of the table `archive`, for a look back; reading it costs what BigQuery asks for the bytes."""

from collections.abc import Iterator
from datetime import datetime

import requests
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from warehouse.errors import BadMoment

DOLLARS_A_TEBIBYTE = 6.25  # https://cloud.google.com/bigquery/pricing, 2026-11; the first each month is free
_SECONDS = 60.0  # for the query, and for each page of it
_PAGE = 2_000  # rows
_RETRY = DEFAULT_RETRY.with_timeout(10.0)  # the client would go on for 600 s
_QUERY = """
-- Which posts were delivered between two times, each once?
SELECT ANY_VALUE(id) AS id, ANY_VALUE(payload) AS payload, MIN(received_at) AS received_at
FROM archive
WHERE received_at >= @since AND received_at < @until AND source != 'doctor'
GROUP BY IF(id = '', message_id, id)
"""


class Archive:
    """The table `archive` of one dataset, between two times. Each method raises BadMoment."""

    def __init__(self, project: str, dataset: str, since: datetime, until: datetime) -> None:
        self._project = project
        self._dataset = dataset
        self._parameters = [
            bigquery.ScalarQueryParameter("since", "TIMESTAMP", since),
            bigquery.ScalarQueryParameter("until", "TIMESTAMP", until),
        ]

    def bytes(self) -> int:
        """Return the bytes that reading would be billed for. Asking is free."""
        try:
            return int(self._query(dry_run=True).total_bytes_processed or 0)
        except (GoogleAPIError, GoogleAuthError, requests.RequestException, TimeoutError) as error:
            raise _bad_moment(error) from error

    def posts(self) -> Iterator[tuple[str, datetime]]:
        """Yield (payload, received_at) for each post once."""
        try:
            for row in self._query(dry_run=False).result(timeout=_SECONDS, page_size=_PAGE):
                yield row["payload"] or "", row["received_at"]
        except (GoogleAPIError, GoogleAuthError, requests.RequestException, TimeoutError) as error:
            raise _bad_moment(error) from error

    def _query(self, *, dry_run: bool) -> bigquery.QueryJob:
        client = bigquery.Client(project=self._project)
        config = bigquery.QueryJobConfig(
            query_parameters=self._parameters, default_dataset=f"{self._project}.{self._dataset}", dry_run=dry_run
        )
        return client.query(_QUERY, config, timeout=_SECONDS, retry=_RETRY, job_retry=None)


def _bad_moment(error: Exception) -> BadMoment:
    return BadMoment(
        f"BigQuery did not give the archive: {type(error).__name__}: {str(error)[:500]}\n"
        "Are GOOGLE_CLOUD_PROJECT and BIGQUERY_DATASET right, and are you logged in "
        "(gcloud auth application-default login)?"
    )
