"""Stores rows in BigQuery, and reads the columns of its tables.

A row that BigQuery refuses ('invalid') can never be stored: its reason is returned. Rows that it did not look at because
of such a row in the same request ('stopped') are sent again at once. Everything else, a timeout included, is a BadMoment; so is
"no such field" for a column that the table had when we started: inserts learn of a new column some minutes after `tables.get`
(https://github.com/googleapis/google-cloud-ruby/issues/3805), and an insert may meet a part of BigQuery that has not yet.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from google.api_core.exceptions import GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from posts.tables import TABLES
from runtime import http

from .errors import BadMoment
from .schema import Column, Columns

ROWS_AT_ONCE = 500  # Google advises 500 rows a request
# of messages: a request may hold 10 MB, a post's text is in it twice, and JSON makes twelve bytes of an emoji's four
BYTES_AT_ONCE = 1_500_000
INSERT_SECONDS = 8.0  # Cloud Run kills 10 s after SIGTERM; BigQuery's client counts bytes that trickle in as progress

# An insert has answered or failed within ANSWER_SECONDS, its retries included. The client's own default would go on for 600 s.
_RETRY = DEFAULT_RETRY.with_timeout(4.0)
_REQUEST_SECONDS = (2.0, 3.5)  # connect, read

_CUT_SECONDS = INSERT_SECONDS - 0.5
_TOO_LARGE = 413
_TOO_LARGE_AS_400 = "payload size"  # in the text of a 400: https://github.com/googleapis/google-cloud-go/issues/2855

_NO_SUCH_FIELD = "no such field"
# GoogleSQL's exact mode refuses a number of JSON that a double cannot hold exactly, about one float in a thousand. Whether insertAll does
# is not known: it was never seen. Should it, the row is sent once more with such numbers as text.
_PAYLOAD = "payload"
_BLAMES_THE_ROW = frozenset({"invalid", "invalidQuery", "badRequest"})  # reasons in insertErrors


Row = dict[str, Any]
# Inserts the rows of one table, {row id: row}, and returns {row id: why} for those that can never be stored. Raises BadMoment.
Insert = Callable[[str, dict[str, Row]], dict[str, str]]
Seen = Mapping[str, Columns | None]  # the columns of each table at start; empty if they could not be read


def connect(
    project: str,
    dataset: str,
    seen: Seen,
    connections: int = 1,
    on_numbers_as_text: Callable[[int], object] = lambda rows: None,
) -> Insert:
    """Return `insert`, which blocks until BigQuery has answered for each row; for use in as many threads. Raises BadMoment.

    `on_numbers_as_text` hears, from any thread, how many rows were stored only with the numbers of their payload as text.
    """
    try:
        client = bigquery.Client(project=project)
        session = client._http
    except (GoogleAPIError, GoogleAuthError, OSError) as error:
        raise BadMoment(f"BigQuery cannot be reached: {type(error).__name__}: {error}"[:1_000]) from None
    http.mount(session, connections)  # each further connection would be opened and closed for one insert

    def insert(table: str, rows: dict[str, Row]) -> dict[str, str]:
        with http.RequestSocket().within(_CUT_SECONDS):
            inserting = _Inserting(client, f"{project}.{dataset}.{table}", seen.get(table) or {})
            refused = inserting.insert_all(list(rows.items()))
            if unrefused := inserting.changed_ids - refused.keys():
                on_numbers_as_text(len(unrefused))
            return refused

    return insert


def read_tables(project: str, dataset: str) -> dict[str, Columns | None]:
    """Return the columns of each table that the function writes to, None for a missing table. Raises BadMoment."""
    try:
        with bigquery.Client(project=project) as client:
            return {table: _columns(client, f"{project}.{dataset}.{table}") for table in TABLES}
    except (GoogleAPIError, GoogleAuthError, requests.RequestException) as error:
        raise BadMoment(f"{type(error).__name__}: {error}") from error


def _columns(client: bigquery.Client, table: str) -> Columns | None:
    try:
        stored = client.get_table(table, retry=None, timeout=_REQUEST_SECONDS)  # type: ignore[arg-type]
    except NotFound:
        return None
    return {field.name: Column(field.field_type, field.mode) for field in stored.schema}


class _TooLargeError(Exception):
    """The request exceeds BigQuery's size limit; the caller splits it in two."""


class _Inserting:
    """One call of `insert`. `changed_ids` are the rows that were sent again with the numbers of their payload as text."""

    def __init__(self, client: bigquery.Client, table: str, seen: Columns) -> None:
        self._client = client
        self._table = table
        self._seen = seen
        self._deadline = time.monotonic() + INSERT_SECONDS
        self.changed_ids: set[str] = set()

    def insert_all(self, rows: list[tuple[str, Row]]) -> dict[str, str]:
        """Insert rows, and return {row id: why} for those that BigQuery refuses.

        Each round leaves out, or changes for the only time, at least one refused row, so it ends.
        """
        refused: dict[str, str] = {}
        while rows:
            if time.monotonic() > self._deadline:
                raise BadMoment(f"{self._table}: {len(rows)} rows were still stopped by invalid rows at the deadline")
            try:
                bad, stopped = self._insert_once(rows)
            except _TooLargeError:
                if len(rows) == 1:
                    return refused | {rows[0][0]: "the row is larger than BigQuery takes (10 MB a request)"}
                half = len(rows) // 2
                return refused | self.insert_all(rows[:half]) | self.insert_all(rows[half:])
            if stopped and not bad:
                raise BadMoment(f"{self._table}: BigQuery stopped {len(stopped)} rows and named no invalid one")
            to_retry: list[tuple[str, Row]] = []
            for index, errors in bad.items():
                row_id, row = rows[index]
                if (
                    _blames_the_payload_alone(errors)
                    and row_id not in self.changed_ids
                    and (changed := _with_numbers_as_text(row))
                ):
                    self.changed_ids.add(row_id)
                    to_retry.append((row_id, changed))
                else:
                    refused[row_id] = _in_words(errors)
            rows = [*to_retry, *(rows[index] for index in stopped)]
        return refused

    def _insert_once(self, rows: list[tuple[str, Row]]) -> tuple[dict[int, list[dict[str, Any]]], list[int]]:
        """Return the errors of the rows that are refused, and the rows that were not looked at because of them."""
        ids = [row_id for row_id, _ in rows]
        try:
            errors = self._client.insert_rows_json(
                self._table,
                [row for _, row in rows],
                row_ids=ids,
                retry=_RETRY,
                timeout=_REQUEST_SECONDS,  # type: ignore[arg-type]
            )
        except (GoogleAPIError, GoogleAuthError, requests.RequestException) as error:
            if _is_too_large(error):
                raise _TooLargeError from None
            raise BadMoment(f"{self._table}: {type(error).__name__}: {error}") from error
        except (
            AttributeError,
            TypeError,
            ValueError,
        ) as error:  # the client does not notice that an answer was cut off
            raise BadMoment(f"{self._table}: BigQuery returned an invalid response: {error}") from error
        bad: dict[int, list[dict[str, Any]]] = {}
        stopped: list[int] = []
        for entry in errors:
            reasons = entry["errors"]
            if late := [e for e in reasons if _is_late(e, self._seen)]:
                raise BadMoment(
                    f"{self._table}: {_in_words(late)} The table has the column; this part of BigQuery has not learned of it yet"
                )
            if any(e.get("reason") in _BLAMES_THE_ROW for e in reasons):
                bad[int(entry["index"])] = reasons
            elif all(e.get("reason") == "stopped" for e in reasons):
                stopped.append(int(entry["index"]))
            else:
                raise BadMoment(f"{self._table}: {_in_words(reasons)}")
        return bad, stopped


def _blames_the_payload_alone(errors: list[dict[str, Any]]) -> bool:
    return {e.get("location") for e in errors if e.get("reason") in _BLAMES_THE_ROW} == {_PAYLOAD}


def _with_numbers_as_text(row: Row) -> Row | None:
    """Return the row with each number of its payload that is no integer as a JSON string; None if there is none."""
    numbers: list[str] = []

    def text(number: str) -> str:
        numbers.append(number)
        return number

    try:
        payload = json.loads(row[_PAYLOAD], parse_float=text)
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return {**row, _PAYLOAD: json.dumps(payload, ensure_ascii=False, separators=(",", ":"))} if numbers else None


def _is_too_large(error: Exception) -> bool:
    code = getattr(error, "code", None)
    return code == _TOO_LARGE or (code == 400 and _TOO_LARGE_AS_400 in str(error))


def _is_late(error: dict[str, Any], seen: Columns) -> bool:
    return str(error.get("message")).startswith(_NO_SUCH_FIELD) and error.get("location") in seen


def _in_words(errors: list[dict[str, Any]]) -> str:
    return "; ".join(f"{e.get('location') or 'row'}: {e.get('message') or e.get('reason')}" for e in errors)[:1_000]
