"""The streaming pipeline: messages of a Pub/Sub subscription become rows, in groups.

The insert happens in the step that makes the rows, so a bundle of messages that cannot be stored fails as a whole, and Dataflow
acknowledges nothing of it. Beam's DirectRunner acknowledges when it reads: it is for trials.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import apache_beam as beam
from apache_beam.io.gcp.pubsub import PubsubMessage, ReadFromPubSub
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions

from posts.errors import BadMessage
from posts.message import Delivery
from posts.rows import Result, TableRow, make_rows, reject, score
from posts.sentiment import scorer
from warehouse import insert, schema
from warehouse.errors import BadMoment
from warehouse.insert import BYTES_AT_ONCE, ROWS_AT_ONCE

from .convert import Options

_LOGGER = logging.getLogger(__name__)
_PATIENCE_SECONDS = 300.0  # for BigQuery; then the bundle fails, and Dataflow gives it to another worker
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0


class LoadStream(beam.DoFn):  # type: ignore[misc]
    """Stores messages. Holds back a bundle's end until BigQuery has all of its rows."""

    def __init__(self, options: Options, subscription: str) -> None:
        self._options = options
        self._subscription = subscription
        self._insert: Any = None
        self._scorer: Any = None
        self._waiting: list[tuple[Delivery, Result]] = []
        self._rows = self._size = 0

    def setup(self) -> None:
        """Connect, and check that the tables are those that this code writes."""
        settings = self._options.settings
        seen = insert.read_tables(settings.google_cloud_project, settings.bigquery_dataset)
        schema.check(settings.bigquery_dataset, seen)
        self._scorer = scorer(settings.sentiment)
        self._insert = insert.connect(settings.google_cloud_project, settings.bigquery_dataset, seen)

    def process(self, message: PubsubMessage) -> None:
        delivery = Delivery(
            message.data or b"",
            message_id=message.message_id or "",
            subscription=self._subscription,
            publish_time=message.publish_time.isoformat() if message.publish_time else None,
            attributes={str(name): str(value) for name, value in (message.attributes or {}).items()},
        )
        result = make_rows(delivery, self._options.filter, datetime.now(UTC))
        self._waiting.append((delivery, result))
        self._rows += len(result.rows)
        self._size += len(delivery.data)
        if self._rows >= ROWS_AT_ONCE or self._size >= BYTES_AT_ONCE:
            self._flush()

    def finish_bundle(self) -> None:
        self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._rows = self._size = 0
        if failure := score([result for _, result in waiting], self._scorer):
            _LOGGER.error(failure)
        refused = self._store([row for _, result in waiting for row in result.rows])
        now = datetime.now(UTC)
        outcomes = []
        for delivery, result in waiting:
            why = [refused[table, row_id] for table, row_id, _ in result.rows if (table, row_id) in refused]
            if why:
                rejected = reject(delivery, BadMessage("refused_by_bigquery", "; ".join(why)), now)
                if problem := self._store(rejected.rows):
                    raise BadMoment(f"BigQuery refuses even the row of `rejected`: {list(problem.values())}")
            outcomes.append("rejected" if why else result.outcome)
        for outcome in outcomes:  # counted once all are stored
            Metrics.counter("messages", outcome).inc()

    def _store(self, rows: Sequence[TableRow]) -> dict[tuple[str, str], str]:
        """Return why BigQuery refuses rows for ever, by table and row id. Raises BadMoment."""
        tables: dict[str, dict[str, dict[str, Any]]] = {}
        for table, row_id, row in rows:
            tables.setdefault(table, {})[row_id] = row
        return {
            (table, row_id): why
            for table, collections in tables.items()
            for row_id, why in insert_with_retry(lambda: self._insert(table, collections)).items()  # noqa: B023 - called at once
        }


def insert_with_retry(insert: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Try an insert until BigQuery takes it, for five minutes. Raises BadMoment."""
    deadline, pause = time.monotonic() + _PATIENCE_SECONDS, _FIRST_PAUSE
    while True:
        try:
            return insert()
        except BadMoment:
            if time.monotonic() + pause > deadline:
                raise
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def run(subscription: str, options: Options, beam_options: Sequence[str], *, wait: bool) -> None:
    """Start the pipeline, and wait for its end: it has none until somebody stops it."""
    pipeline = beam.Pipeline(options=PipelineOptions([*beam_options, "--streaming"]))
    messages = pipeline | "messages" >> ReadFromPubSub(subscription=subscription, with_attributes=True)
    _ = messages | "rows" >> beam.ParDo(LoadStream(options, subscription))
    result = pipeline.run()
    if wait:
        result.wait_until_finish()
