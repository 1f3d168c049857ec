"""The function `load_tweet`: a message from Pub/Sub becomes a row in BigQuery, and is acknowledged only then.

    decode ─► parse ─► filter ─► rows ─► group commit: sentiment, insert ─► 204
       └── bad message: a row in `rejected`, then 204          anything else: 503, and Pub/Sub delivers it again

It takes the CloudEvent that Eventarc sends, and is registered as an HTTP function all the same: the framework's CloudEvent
wrapper would halve what one instance carries (docs/decisions/0003-http-signature.md).
"""

import asyncio
import gc
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import functions_framework.aio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from posts.errors import BadMessage
from posts.keywords import KeywordsError, read_keywords
from posts.message import Delivery, unwrap_or_keep_whole
from posts.rows import Result, make_rows, reject, score
from posts.sentiment import scorer
from runtime import log
from runtime.errors import ConfigurationError
from warehouse import insert, schema, settings
from warehouse.errors import BadMoment

from . import watchdog
from .commit import INSERTS_IN_FLIGHT, Committer
from .errors import Busy
from .outcomes import Outcomes

# functions-framework hands Cloud Run's request timeout to gunicorn as the worker's, and reads it after this module is imported. A worker
# that was idle without CPU for longer would be killed with the request that wakes it; watchdog.py ends one that hangs.
os.environ["CLOUD_RUN_TIMEOUT_SECONDS"] = "0"

# Objects made between two looks for reference cycles; Python's 700 would cost an eighth of the throughput.
_GC_THRESHOLD = 50_000
# Seconds that a thread may compute while another waits; at Python's 0.005 an insert's thread waits long for its turn.
_TURN_SECONDS = 0.0005


def _check_tables() -> insert.Seen:
    """Return the tables' columns. If BigQuery is out of reach, return nothing and start anyway; requests will show the problem.

    Raises ConfigurationError.
    """
    try:
        tables = insert.read_tables(SETTINGS.google_cloud_project, SETTINGS.bigquery_dataset)
    except BadMoment as error:
        log.event("tables_not_checked", "WARNING", message=f"BigQuery did not show its tables at start: {error}")
        return {}
    for warning in schema.check(SETTINGS.bigquery_dataset, tables):
        log.event("unknown_column", "WARNING", message=warning)
    return tables


log.start("load_tweet")
try:
    SETTINGS = settings.read(os.environ)
    FILTER = SETTINGS.filter(read_keywords(Path(__file__).with_name("keywords.txt")))
    SCORER = scorer(SETTINGS.sentiment)
    TABLES_AT_START = _check_tables()
except (ConfigurationError, KeywordsError) as error:
    log.event("stopped", "CRITICAL", message=str(error))
    sys.exit(2)


@functions_framework.aio.http  # type: ignore[untyped-decorator]
async def load_tweet(request: Request) -> Response:
    """Handle one message: 204 acknowledges it, 503 gives it back to Pub/Sub."""
    headers = request.headers
    if request.method != "POST":
        return Response("Pub/Sub's messages are POSTed here as CloudEvents.\n", status_code=405)
    if "origin" in headers:  # a browser: on a developer's machine any page that is open could send messages here
        return Response("Messages come from Pub/Sub, and not from web pages.\n", status_code=403)
    try:
        delivery = unwrap_or_keep_whole(await request.body(), headers.get("ce-id", ""))
    except ClientDisconnect:
        return Response(status_code=400)  # no one receives this response; Pub/Sub redelivers
    trace = headers.get("traceparent") or headers.get("x-cloud-trace-context", "")
    try:
        serving = await asyncio.shield(_serving())
    except BadMoment as error:
        log.event("not_connected", "ERROR", outcome="failed", count=1, message=str(error))
        return Response(status_code=503)
    try:
        await _store(serving, delivery, trace)
    except Busy:
        serving.counts.count_busy()
        return Response(status_code=503)
    except BadMoment:  # logged once a group, by the committer
        return Response(status_code=503)
    return Response(status_code=204)


async def _store(serving: "_Serving", delivery: Delivery, trace: str) -> None:
    """Wait until the message is stored, whatever its outcome. Raises BadMoment."""
    now = datetime.now(UTC)
    result = make_rows(delivery, FILTER, now)
    refusals = await serving.committer.commit(delivery.message_id, result, len(delivery.data), trace)
    if refusals:
        rejected = reject(delivery, BadMessage("refused_by_bigquery", "; ".join(refusals)), now)
        if refusals := await serving.committer.commit(delivery.message_id, rejected, len(delivery.data), trace):
            failure = BadMoment(f"BigQuery refuses even the row of `rejected`: {'; '.join(refusals)}")
            serving.counts.count_unstorable(delivery.message_id, failure)
            raise failure


def _score(results: Sequence[Result]) -> None:
    if failure := score(results, SCORER):
        log.event("not_scored", "ERROR", count=len(results), message=failure)


class _Serving(NamedTuple):
    committer: Committer
    counts: Outcomes


@cache
def _serving() -> asyncio.Task[_Serving]:
    """Connect at the first request. gunicorn imports this in its master and serves in a fork, where a client would not work."""
    return asyncio.create_task(_connect())


async def _connect() -> _Serving:
    """Connect in a thread: Google's client waits for credentials while the loop goes on. Raises BadMoment; the next request tries again."""
    loop = asyncio.get_running_loop()
    watchdog.watch(loop)
    counts = Outcomes(SETTINGS.google_cloud_project)
    try:
        insert_rows = await asyncio.to_thread(
            insert.connect,
            SETTINGS.google_cloud_project,
            SETTINGS.bigquery_dataset,
            TABLES_AT_START,
            INSERTS_IN_FLIGHT,
            lambda rows: loop.call_soon_threadsafe(counts.numbers_as_text, rows),
        )
    except Exception:
        _serving.cache_clear()
        raise
    gc.collect()
    gc.freeze()  # objects made so far stay, so the collector need not look at them again
    gc.set_threshold(_GC_THRESHOLD)
    sys.setswitchinterval(_TURN_SECONDS)
    prepare = None if SETTINGS.sentiment == "off" else _score
    return _Serving(Committer(insert_rows, counts, prepare), counts)
