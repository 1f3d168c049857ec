"""The one place of the ingester that talks to BigQuery: its diary, and which posts have already arrived.

Rows are written in their order by a thread of its own and kept until they are stored; what has to be stored before
something else happens is waited for. A BigQuery that is down for a while delays the diary, not the stream.
"""

import json
import queue
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from . import log
from .events import Event, as_row

_RETRY = DEFAULT_RETRY.with_timeout(5.0)  # the client would go on for 600 s
_SECONDS = (3.0, 10.0)  # connect, read
_QUERY_SECONDS = 20.0
_AGAIN_SECONDS = 2.0  # after an insert that failed
_HELD = 5_000  # rows that wait for BigQuery: more than three days of heartbeats
_LOOK_BACK = timedelta(days=400)  # a gap stays open until somebody writes its end
_ALIVE_BACK = timedelta(days=63)  # the day counts of this month, and of the one in which X's period may have begun
_ERRORS = (GoogleAPIError, GoogleAuthError, requests.RequestException, TimeoutError, queue.Full)

_DIARY = """
-- What did the ingesters do? Heartbeats count for their last one each day.
SELECT holder, `at`, event, gap_id, since, until, reason, TO_JSON_STRING(rules) AS rules, delivered_today, posts_expected,
  posts_recovered, status, retry_after, note
FROM ingester_events
WHERE `at` >= @since AND event != 'alive'
UNION ALL
SELECT holder, MAX(`at`), 'alive', NULL, MAX_BY(since, `at`), NULL, NULL, NULL, MAX(delivered_today), NULL, NULL, NULL, NULL, NULL
FROM ingester_events
WHERE `at` >= @alive_since AND event = 'alive'
GROUP BY holder, DATE(`at`)
ORDER BY `at`
"""

_ARRIVED = r"""
-- Which posts, by their ids, arrived between two times, however they came, and as matching which rules?
SELECT id, ANY_VALUE(REGEXP_EXTRACT(payload, r'"matching_rules": *(\[[^\]]*\])')) AS rules
FROM archive
WHERE received_at >= @since AND received_at < @until AND source IN ('stream', 'search')
  AND SAFE_CAST(id AS INT64) BETWEEN @first AND @last
GROUP BY id
"""


class _Stored(threading.Event):
    """Set when nothing more is to be waited for; `refused` says why the row is not there all the same."""

    refused = ""


class NoLedger(Exception):
    """BigQuery did not give the diary, or did not take a row in time."""


class Ledger:
    """The diary of all ingesters, with us as one of the holders."""

    def __init__(self, project: str, dataset: str, holder: str) -> None:
        self.holder = holder
        self._client = bigquery.Client(project=project)
        self._dataset = f"{project}.{dataset}"
        self._rows: queue.Queue[tuple[str, dict[str, Any], _Stored]] = queue.Queue(_HELD)
        self.today: Callable[[], int | None] = lambda: None  # units of the day, written into each row
        threading.Thread(target=self._write_all, name="ledger", daemon=True).start()

    def read(self) -> list[Event]:
        """Everything that a start has to know. Raises NoLedger."""
        now = datetime.now(UTC)
        rows = self._query(_DIARY, since=now - _LOOK_BACK, alive_since=now - _ALIVE_BACK)
        return [_event(row) for row in rows]

    def arrived(self, since: datetime, first: int, last: int) -> dict[str, set[str]]:
        """Ids, from first to last, of posts that were received since then, each with those of its rules. Raises NoLedger."""
        until = datetime.now(UTC) + timedelta(hours=1)
        rows = self._query(_ARRIVED, since=since, until=until, first=first, last=last)
        return {row["id"]: _rule_ids(row["rules"] or "[]") for row in rows}

    def write(self, event: str, **more: Any) -> "_Stored":
        """Queue a row; the answer is set once it is stored, or refused for good."""
        row = Event(self.holder, more.pop("at", None) or datetime.now(UTC), event, delivered_today=self.today(), **more)
        stored = _Stored()
        try:
            self._rows.put_nowait((uuid.uuid4().hex, as_row(row), stored))
        except queue.Full:
            log.event("ledger_full", "ERROR", message=f"{_HELD} rows wait for BigQuery; '{event}' is not written")
        return stored

    def write_now(self, event: str, seconds: float, **more: Any) -> None:
        """Return when the row is stored. Raises NoLedger."""
        stored = self.write(event, **more)
        if not stored.wait(seconds):
            raise NoLedger(f"BigQuery did not take the row '{event}' of ingester_events within {seconds:.0f} s")
        if stored.refused:
            raise NoLedger(f"BigQuery refuses the row '{event}' of ingester_events: {stored.refused}")

    def flush(self, seconds: float) -> bool:
        """Whether all rows are stored within that time."""
        deadline = time.monotonic() + seconds
        while self._rows.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self._rows.unfinished_tasks

    def _write_all(self) -> None:
        told = False
        while True:
            row_id, row, stored = self._rows.get()
            while (why := self._insert(row_id, row, stored)) is not None:
                if not told:
                    told = True
                    log.event("ledger_behind", "WARNING", message=f"ingester_events cannot be written: {why}")
                time.sleep(_AGAIN_SECONDS)
            told = False
            stored.set()
            self._rows.task_done()

    def _insert(self, row_id: str, row: dict[str, Any], stored: "_Stored") -> str | None:
        """Why the row is not stored yet; None if it is, or never can be."""
        try:
            errors = self._client.insert_rows_json(
                f"{self._dataset}.ingester_events", [row], row_ids=[row_id], retry=_RETRY, timeout=_SECONDS
            )
        except Exception as error:  # noqa: BLE001 - a thread that ends would leave the rows to nobody
            return f"{type(error).__name__}: {error}"[:500]
        problems = [problem for row_errors in errors for problem in row_errors.get("errors") or [{}]]
        if not problems:
            return None
        if any(problem.get("reason") != "invalid" for problem in problems):
            return f"{problems}"[:500]
        stored.refused = f"{problems}"[:500]
        log.event("ledger_refused", "ERROR", message=f"BigQuery refuses a row of ingester_events: {stored.refused}")
        return None

    def _query(self, sql: str, **named: datetime | int) -> list[dict[str, Any]]:
        parameters = [
            bigquery.ScalarQueryParameter(name, "INT64" if isinstance(value, int) else "TIMESTAMP", value)
            for name, value in named.items()
        ]
        config = bigquery.QueryJobConfig(query_parameters=parameters, default_dataset=self._dataset)
        try:
            job = self._client.query(sql, config, timeout=_QUERY_SECONDS, retry=_RETRY, job_retry=None)
            return [dict(row) for row in job.result(timeout=_QUERY_SECONDS, retry=_RETRY)]
        except _ERRORS as error:
            raise NoLedger(f"BigQuery did not answer: {type(error).__name__}: {error}"[:500]) from None


def _rule_ids(text: str) -> set[str]:
    try:
        return {str(rule["id"]) for rule in json.loads(text)}
    except (ValueError, TypeError, KeyError):
        return set()


def _event(row: dict[str, Any]) -> Event:
    rules = row.pop("rules")
    return Event(**row, rules=json.loads(rules) if rules and rules != "null" else None)
