"""Reads and writes the ledger (the table ingester_events), and asks `archive` which posts have arrived. Replays read BigQuery elsewhere.

Each call runs in a thread and has a deadline in all.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import requests
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from ..errors import NoLedger
from ..threads import in_thread
from .model import Event, as_now, as_row
from .units import HolderUnits

T = TypeVar("T")

_RETRY = DEFAULT_RETRY.with_timeout(5.0)  # the client would go on for 600 s
_SECONDS = (3.0, 10.0)  # connect, read
_INSERT_SECONDS = 15.0
_QUERY_SECONDS = 20.0
_MAX_AGE = timedelta(days=400)  # a gap stays open until a row with its end is written
_SPENT_BACK = timedelta(days=63)  # the day counts of this month, and of the one in which X's period may have begun
_TYPES: dict[type, str] = {int: "INT64", str: "STRING", datetime: "TIMESTAMP"}
_WHOLE = timedelta(hours=2)  # every event of this time counts
_ERRORS = (GoogleAPIError, GoogleAuthError, requests.RequestException, TimeoutError)

_COLUMNS = (
    "holder, `at`, event, gap_id, since, until, reason, TO_JSON_STRING(rules) AS rules, delivered_today, own_units, "
    "reserved_units, sequence, posts_expected, posts_recovered, status, retry_after, condition, note"
)

_NULLS = ", ".join(["NULL"] * (_COLUMNS.count(",") - 4))  # the columns after `since`

# The answer stays small however long the ledger is: a start needs the last days, what is still open, and sums.
_HISTORY = f"""
-- What does an ingester have to know when it starts?
WITH
  events AS (SELECT {_COLUMNS} FROM ingester_events WHERE `at` >= @oldest AND event != 'alive'),
  held AS (SELECT MAX(`at`) AS last FROM events WHERE event = 'connected'),
  filled AS (
    SELECT DISTINCT gap_id FROM events
    WHERE event = 'gap_filled' AND gap_id IS NOT NULL AND status IN ('filled', 'partial', 'unfillable', 'skipped')
  ),
  counted AS (
    SELECT MAX(until) AS last FROM events WHERE event = 'gap_filled' AND posts_expected IS NOT NULL AND reason != 'manual'
  ),
  open_gaps AS (
    SELECT e.gap_id, e.`at` FROM events AS e LEFT JOIN filled AS f ON f.gap_id = e.gap_id
    WHERE e.event = 'gap_opened' AND f.gap_id IS NULL
  ),
  ends AS (
    SELECT MIN(c.`at`) AS `at` FROM open_gaps AS g JOIN events AS c ON c.`at` > g.`at`
    WHERE c.event = 'connected'
    GROUP BY g.gap_id
  ),
  beats AS (
    SELECT holder, MAX(`at`) AS `at`, MAX_BY(since, `at`) AS since
    FROM ingester_events
    WHERE `at` >= @whole AND event = 'alive'
    GROUP BY holder
  ),
  kept AS (
    SELECT e.* FROM events AS e CROSS JOIN held CROSS JOIN counted LEFT JOIN filled AS f ON f.gap_id = e.gap_id
    WHERE e.`at` >= @whole
      OR (e.event = 'gap_opened' AND f.gap_id IS NULL)
      OR (e.event IN ('connected', 'disconnected', 'refused') AND e.`at` >= COALESCE(held.last, @oldest))
      OR (e.event = 'stopped' AND e.reason != 'Done' AND e.`at` >= COALESCE(held.last, @oldest))
      OR (e.event = 'gap_filled' AND e.until = counted.last)
      OR (e.event = 'connected' AND e.`at` IN (SELECT `at` FROM ends))
      OR (e.event = 'started' AND e.holder IN (SELECT holder FROM beats))
      OR e.event = 'redriven'
  ),
  long_ago AS (
    SELECT b.holder, MAX(b.`at`) AS `at`, MAX_BY(b.since, b.`at`) AS since
    FROM ingester_events AS b CROSS JOIN held
    WHERE b.`at` >= held.last AND b.`at` >= @oldest AND b.`at` < @whole AND b.event = 'alive'
    GROUP BY b.holder
  )
SELECT * FROM kept
UNION ALL
SELECT holder, `at`, 'alive', NULL, since, {_NULLS} FROM beats
UNION ALL
SELECT holder, `at`, 'alive', NULL, since, {_NULLS} FROM long_ago
ORDER BY `at`
"""

# Pure twin: by_holder in units.py. Rows of versions that wrote only a day's total count as one holder, ''.
_UNITS = """
-- What has each holder spent and reserved on each UTC day?
SELECT
  DATE(`at`) AS day, holder, MAX_BY(`at`, sequence) AS `at`,
  MAX_BY(own_units, sequence) AS own, MAX_BY(reserved_units, sequence) AS reserved
FROM ingester_events
WHERE `at` >= @since AND own_units IS NOT NULL
GROUP BY day, holder
UNION ALL
SELECT DATE(`at`), '', MAX_BY(`at`, delivered_today), MAX(delivered_today), 0
FROM ingester_events
WHERE `at` >= @since AND own_units IS NULL AND delivered_today IS NOT NULL
GROUP BY 1
"""

_SINCE = f"""
-- What has happened since then?
SELECT {_COLUMNS} FROM ingester_events WHERE `at` >= @since ORDER BY `at`
"""

_SEARCHED = f"""
-- How far has a search come that somebody began by hand?
SELECT {_COLUMNS} FROM ingester_events WHERE `at` >= @oldest AND event = 'searched' AND gap_id = @gap_id ORDER BY `at` DESC LIMIT 1
"""

_ARRIVED = r"""
-- Which posts, by their ids, arrived between two times, however they came, and as matching which rules?
SELECT id, ANY_VALUE(REGEXP_EXTRACT(payload, r'"matching_rules": *(\[[^\]]*\])')) AS rules
FROM archive
WHERE received_at >= @since AND received_at < @until AND source IN ('stream', 'search')
  AND SAFE_CAST(id AS INT64) BETWEEN @first AND @last
GROUP BY id
"""

_DUE = """
-- Which posts were made between two times, are no retweets, and were not read again lately? A share is taken by a hash of the id, so that
-- it has the same posts at each age.
SELECT id
FROM tweet_versions
WHERE created_at >= DATETIME(@since) AND created_at < DATETIME(@until) AND source != 'doctor'
  AND id NOT IN (SELECT id FROM superseded)
  AND id NOT IN (SELECT id FROM deletions WHERE reason != 'scrub_geo')
  AND SUBSTR(TO_HEX(MD5(id)), 1, 8) < @hash
GROUP BY id
HAVING LOGICAL_OR(source != 'refresh') AND LOGICAL_AND(retweet_of IS NULL)
  AND NOT LOGICAL_OR(
    source = 'refresh' AND received_at >= GREATEST(@unread_since, TIMESTAMP_ADD(TIMESTAMP(created_at), INTERVAL @age SECOND))
  )
ORDER BY id
"""
_READINGS = """
-- How many posts were read again since then?
SELECT COUNT(*) AS readings
FROM tweet_versions
WHERE created_at >= DATETIME(@made_since) AND source = 'refresh' AND received_at >= @since
"""
_HASHES = 2**32  # values of the eight hexadecimal digits by which a share is taken
_EVERY_HASH = "g"  # behind all hexadecimal digits
_DUE_SECONDS = 120.0  # a person waits for it


class Store:
    """ingester_events and `archive` of one dataset, and which of its posts to read again. Each method raises NoLedger."""

    def __init__(self, project: str, dataset: str) -> None:
        self._client = bigquery.Client(project=project)
        self._dataset = f"{project}.{dataset}"

    async def insert(self, rows: Sequence[tuple[str, Event]]) -> dict[str, str]:
        """Insert rows with their ids. Returns those that BigQuery refuses for good: id and why."""
        return await _within(_INSERT_SECONDS, lambda: self._insert(rows))

    async def history(self) -> list[Event]:
        """Return all that a start has to know."""
        now = datetime.now(UTC)
        times = {"oldest": now - _MAX_AGE, "whole": now - _WHOLE}
        return await _within(_QUERY_SECONDS, lambda: self._events(_HISTORY, times))

    async def units(self) -> list[HolderUnits]:
        """Return the last row of each holder on each day of this month and of X's period."""
        named = {"since": datetime.now(UTC) - _SPENT_BACK}
        return await _within(_QUERY_SECONDS, lambda: [HolderUnits(**row) for row in self._query(_UNITS, named)])

    async def since(self, moment: datetime) -> list[Event]:
        """Return the events from then on."""
        return await _within(_QUERY_SECONDS, lambda: self._events(_SINCE, {"since": moment}))

    async def searched(self, gap_id: str) -> Event | None:
        """Return how far a search by hand has come; None if it has not begun."""
        named = {"oldest": datetime.now(UTC) - _MAX_AGE, "gap_id": gap_id}
        rows = await _within(_QUERY_SECONDS, lambda: self._events(_SEARCHED, named))
        return rows[0] if rows else None

    async def arrived(self, since: datetime, first: int, last: int) -> dict[str, set[str]]:
        """Return the posts, by id from first to last, that were received since then, each with the ids of its rules."""
        named = {"since": since, "until": datetime.now(UTC) + timedelta(hours=1), "first": first, "last": last}

        def ask() -> dict[str, set[str]]:
            return {row["id"]: _rule_ids(row["rules"] or "[]") for row in self._query(_ARRIVED, named)}

        return await _within(_QUERY_SECONDS, ask)

    async def due(
        self, since: datetime, until: datetime, share: float, unread_since: datetime, age: timedelta
    ) -> list[str]:
        """Return the ids of a share of the posts made between two times, in order, not read since `unread_since` and this age."""
        digits = _EVERY_HASH if share >= 1 else f"{int(share * _HASHES):08x}"
        named = {
            "since": since,
            "until": until,
            "unread_since": unread_since,
            "age": int(age.total_seconds()),
            "hash": digits,
        }
        return await _within(_DUE_SECONDS, lambda: [row["id"] for row in self._query(_DUE, named, _DUE_SECONDS)])

    async def readings(self, since: datetime, made_since: datetime) -> int:
        """Return how many readings were received since then, of posts that were made since `made_since`."""
        named = {"since": since, "made_since": made_since}
        return await _within(_QUERY_SECONDS, lambda: int(self._query(_READINGS, named)[0]["readings"]))

    def _insert(self, rows: Sequence[tuple[str, Event]]) -> dict[str, str]:
        problems = self._client.insert_rows_json(
            f"{self._dataset}.ingester_events",
            [as_row(event) for _, event in rows],
            row_ids=[row_id for row_id, _ in rows],
            timeout=_SECONDS,  # type: ignore[arg-type]
            retry=None,  # type: ignore[arg-type]
        )
        refused = {}
        for problem in problems:
            if any(_is_late_column(error) for error in problem["errors"]):
                raise NoLedger(f"BigQuery's inserts do not know a new column yet: {problem['errors']}"[:500])
            if any(error.get("reason") == "invalid" for error in problem["errors"]):
                refused[rows[problem["index"]][0]] = f"{problem['errors']}"[:500]
        if problems and not refused:
            raise NoLedger(f"{problems}"[:500])
        return refused

    def _events(self, sql: str, named: dict[str, Any]) -> list[Event]:
        return [_event(row) for row in self._query(sql, named)]

    def _query(self, sql: str, named: dict[str, Any], seconds: float = _QUERY_SECONDS) -> list[dict[str, Any]]:
        parameters = [bigquery.ScalarQueryParameter(name, _TYPES[type(value)], value) for name, value in named.items()]
        config = bigquery.QueryJobConfig(query_parameters=parameters, default_dataset=self._dataset)
        job = self._client.query(sql, config, timeout=seconds, retry=_RETRY, job_retry=None)
        return [dict(row) for row in job.result(timeout=seconds, retry=_RETRY)]


def _is_late_column(error: dict[str, Any]) -> bool:
    """Return whether BigQuery's inserts have not learned of a column that was just added: a matter of minutes."""
    return "no such field" in str(error.get("message")).lower()


async def _within(seconds: float, ask: Callable[[], T]) -> T:
    try:
        return await in_thread(ask, seconds=seconds)
    except _ERRORS as error:
        raise NoLedger(f"BigQuery did not answer: {type(error).__name__}: {error}"[:500]) from None


def _rule_ids(text: str) -> set[str]:
    try:
        return {str(rule["id"]) for rule in json.loads(text)}
    except (ValueError, TypeError, KeyError):
        return set()


def _event(row: dict[str, Any]) -> Event:
    rules = row.pop("rules")
    return as_now(Event(**row, rules=json.loads(rules) if rules and rules != "null" else None))
