"""Scores stored posts again, after a change of SENTIMENT or of the model. Changes sentiment and sentiment_model, and nothing else.

It goes day by day and skips what the wanted model has scored already, so a command that was stopped continues.
"""

import argparse
import tempfile
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import IO, Any

import orjson
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery

from posts.sentiment import Scorer
from runtime.batches import batched
from warehouse.settings import Settings

from .errors import DataflowError, UsageError

DOLLARS_A_TEBIBYTE = (
    6.25  # https://cloud.google.com/bigquery/pricing, on demand, 2026-11; the first TiB each month is free
)
# rows of the streaming buffer cannot be changed: https://cloud.google.com/bigquery/docs/data-manipulation-language
_STREAMED_MINUTES = 90
_AT_ONCE = 2_000  # posts that are scored together
_CALL_SECONDS = 60.0
_JOB_SECONDS = 900.0

# what the model knows and has not scored, and scores and models of what it does not know
_UNSCORED = """IF(
  lang IN UNNEST(@languages), COALESCE(sentiment_model, '') != @model, sentiment IS NOT NULL OR sentiment_model IS NOT NULL
)"""
_RANGE = "created_at >= @since AND created_at < @until AND loaded_at < @stored_before"
_DAYS = f"""
SELECT DATE(created_at) AS day, COUNT(DISTINCT id) AS posts
FROM tweet_versions
WHERE {_RANGE} AND {_UNSCORED}
GROUP BY day
ORDER BY day
"""  # noqa: S608 - parts of our own
# versions of a post may name different languages
_POSTS = f"""
SELECT id, text, lang
FROM tweet_versions
WHERE {_RANGE} AND {_UNSCORED}
QUALIFY ROW_NUMBER() OVER (PARTITION BY id, lang ORDER BY loaded_at DESC) = 1
"""  # noqa: S608
_UPDATE = f"""
UPDATE tweet_versions AS v
SET sentiment = s.sentiment, sentiment_model = s.sentiment_model
FROM {{scores}} AS s
WHERE v.id = s.id AND COALESCE(v.lang, '') = s.lang AND v.{_RANGE.replace(" AND ", " AND v.")}
"""  # noqa: S608
_SCORES = [
    bigquery.SchemaField("id", "STRING"),
    bigquery.SchemaField("lang", "STRING"),
    bigquery.SchemaField("sentiment", "FLOAT"),
    bigquery.SchemaField("sentiment_model", "STRING"),
]


@dataclass(frozen=True, slots=True)
class Day:
    """A day with posts that the model has not scored."""

    since: datetime
    until: datetime
    posts: int


class Table:
    """tweet_versions, for one model. Raises DataflowError."""

    def __init__(self, client: bigquery.Client, dataset: str, scorer: Scorer, now: datetime) -> None:
        self._client = client
        self._dataset = f"{client.project}.{dataset}"
        self._scorer = scorer
        self._stored_before = now - timedelta(minutes=_STREAMED_MINUTES)

    def days(self, since: datetime, until: datetime) -> list[Day]:
        """Return the days between two moments that have posts to score."""
        rows = self._guarded(lambda: list(self._query(_DAYS, since, until)))
        midnights = [(datetime.combine(row["day"], time()), row["posts"]) for row in rows]
        return [
            Day(max(day, _naive(since)), min(day + timedelta(days=1), _naive(until)), posts) for day, posts in midnights
        ]

    def bytes_billed(self, since: datetime, until: datetime) -> int:
        """Return about what BigQuery bills: the posts are read, and then an UPDATE reads all columns of each day."""
        config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False, default_dataset=self._dataset)

        def size(columns: str) -> int:
            sql = f"SELECT {columns} FROM tweet_versions WHERE created_at >= '{since}' AND created_at < '{until}'"  # noqa: S608
            query = partial(self._client.query, sql, config, timeout=_CALL_SECONDS)
            return int(self._guarded(query).total_bytes_processed or 0)

        return size("id, text, lang, loaded_at, sentiment, sentiment_model") + size("*")

    def score(self, day: Day) -> None:
        """Score a day's posts: the scores are loaded, which costs nothing, and one statement writes them."""
        name = f"{self._dataset}.scores_{uuid.uuid4().hex}"
        with tempfile.TemporaryFile() as file:
            self._guarded(lambda: self._write(file, self._query(_POSTS, day.since, day.until)))
            file.seek(0)
            try:
                self._guarded(lambda: self._load(file, name))
                self._guarded(lambda: self._query(_UPDATE.format(scores=f"`{name}`"), day.since, day.until))
            finally:
                self._guarded(lambda: self._client.delete_table(name, not_found_ok=True, timeout=_CALL_SECONDS))

    def _write(self, file: IO[bytes], rows: Iterable[Any]) -> None:
        for group in batched(rows, _AT_ONCE):
            scores = self._scorer.scores([(row["text"] or "", row["lang"]) for row in group])
            for row, score in zip(group, scores, strict=True):
                model = self._scorer.model if row["lang"] in self._scorer.languages else None
                line = {"id": row["id"], "lang": row["lang"] or "", "sentiment": score, "sentiment_model": model}
                file.write(orjson.dumps(line) + b"\n")

    def _load(self, file: IO[bytes], name: str) -> None:
        table = bigquery.Table(name, schema=_SCORES)
        table.expires = datetime.now(UTC) + timedelta(days=1)  # if this is killed
        self._client.create_table(table, timeout=_CALL_SECONDS)
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            schema=_SCORES,
            write_disposition="WRITE_TRUNCATE",
        )
        job = self._client.load_table_from_file(file, name, job_config=config, timeout=_CALL_SECONDS)
        job.result(timeout=_JOB_SECONDS)

    def _query(self, sql: str, since: datetime, until: datetime) -> Iterable[Any]:
        parameters: list[Any] = [
            bigquery.ScalarQueryParameter("since", "DATETIME", _naive(since)),
            bigquery.ScalarQueryParameter("until", "DATETIME", _naive(until)),
            bigquery.ScalarQueryParameter("stored_before", "TIMESTAMP", self._stored_before),
            bigquery.ScalarQueryParameter("model", "STRING", self._scorer.model),
            bigquery.ArrayQueryParameter("languages", "STRING", sorted(self._scorer.languages)),
        ]
        used = [parameter for parameter in parameters if f"@{parameter.name}" in sql]
        config = bigquery.QueryJobConfig(query_parameters=used, default_dataset=self._dataset)
        rows: Iterable[Any] = self._client.query(sql, config, timeout=_CALL_SECONDS).result(timeout=_JOB_SECONDS)
        return rows

    def _guarded(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (GoogleAPIError, GoogleAuthError, OSError, TimeoutError) as error:
            raise DataflowError(
                f"BigQuery did not score {self._dataset} again: {type(error).__name__}: {str(error)[:500]}. What is done stays done; "
                "the same command continues. Does the table lack the column sentiment_model? ./deploy.sh up bigquery adds it."
            ) from None


def run(
    parsed: argparse.Namespace,
    settings: Settings,
    scorer: Scorer,
    say: Callable[[str], None],
    confirm: Callable[[str], None],
) -> int:
    """Do what the command says; `confirm` raises if the person does not want it. Returns the exit code."""
    now = datetime.now(UTC)
    since, until = parsed.since, min(parsed.until or now, now)
    if since >= until:
        raise UsageError(f"--from {since:%F %T} is not before --to {until:%F %T}. Name an earlier one.")
    with bigquery.Client(project=settings.google_cloud_project) as client:
        table = Table(client, settings.bigquery_dataset, scorer, now)
        days = table.days(since, until)
        posts = sum(day.posts for day in days)
        if not posts:
            say(f"Nothing to score from {since:%F} to {until:%F %H:%M} UTC: {scorer.model} has scored all that it can.")
            return 0
        size = table.bytes_billed(days[0].since, days[-1].until)
        say(
            f"{posts:,} posts on {len(days):,} days are to be scored by {scorer.model}. BigQuery reads about {size / 1e9:,.1f} GB for it, "
            f"${size / 2**40 * DOLLARS_A_TEBIBYTE:,.2f}, and this machine computes for {minutes(scorer, posts)}. "
            f"Posts that were stored within the last {_STREAMED_MINUTES} minutes stay as they are: run the command again later for them."
        )
        if parsed.dry_run:
            return 0
        confirm("Score them?")
        done = 0
        for day in days:
            table.score(day)
            done += day.posts
            say(f"{day.since:%F}: {done:,} of {posts:,} posts are scored.")
    return 0


def minutes(scorer: Scorer, posts: int) -> str:
    """Return the CPU time that scoring takes, in words."""
    whole = round(scorer.milliseconds * posts / 60_000)
    return f"about {whole:,} CPU minute{'s' * (whole != 1)}" if whole else "less than a CPU minute"


def _naive(moment: datetime) -> datetime:
    """Return a moment as created_at has it: UTC without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
