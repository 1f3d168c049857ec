"""The function `load_tweet`: a message from Pub/Sub becomes a row in BigQuery, and is acknowledged only then.

    decode ─► parse ─► filter ─► rows ─► group commit ─► 204
       └── bad message: a row in `rejected`, then 204          anything else: 503, and Pub/Sub delivers it again

It takes the CloudEvent that Eventarc sends, and is registered as an HTTP function all the same: the framework's CloudEvent
wrapper would halve what one instance carries (docs/decisions/0003-http-signature.md).
"""

import os
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from . import log, settings, store
from .commit import Committer
from .counts import Counts
from .errors import BadMessage, BadMoment, Busy, ConfigurationError
from .filter import read_keywords
from .message import Delivery, unwrap
from .rows import Result, make_rows, rejected_row

try:
    SETTINGS = settings.read(os.environ)
    KEYWORDS = read_keywords(Path(__file__).with_name("keywords.txt"))
except ConfigurationError as error:
    log.event("stopped", "CRITICAL", message=str(error))
    sys.exit(2)


@functions_framework.aio.http  # type: ignore[untyped-decorator]
async def load_tweet(request: Request) -> Response:
    """2xx acknowledges the message; 503 gives it back to Pub/Sub."""
    if request.method != "POST":
        return Response("Pub/Sub's messages are POSTed here as CloudEvents.\n", status_code=405)
    delivery = unwrap(await request.body(), request.headers.get("ce-id", ""))
    serving = _serving()
    try:
        await _store(serving.committer, delivery)
    except Busy:
        serving.counts.busy()
        return Response(status_code=503)
    except BadMoment as error:
        serving.counts.failed(error, delivery.message_id)
        return Response(status_code=503)
    return Response(status_code=204)


async def _store(committer: Committer, delivery: Delivery) -> None:
    """Return when the message is stored, as whatever it came to. Raises BadMoment."""
    now = datetime.now(UTC)
    result = make_rows(delivery, KEYWORDS, SETTINGS, now)
    refusals = await committer.commit(delivery.message_id, result, len(delivery.data))
    if refusals:
        why = BadMessage("refused_by_bigquery", "; ".join(refusals))
        rejected = Result("rejected", [rejected_row(delivery, why, now)])
        if refusals := await committer.commit(delivery.message_id, rejected, len(delivery.data)):
            raise BadMoment(f"BigQuery refuses even the row of `rejected`: {'; '.join(refusals)}")


class _Serving(NamedTuple):
    committer: Committer
    counts: Counts


@cache
def _serving() -> _Serving:
    """Made at the first request: gunicorn imports in its master and serves in a fork, where a client would be dead."""
    counts = Counts()
    return _Serving(
        Committer(store.connect(SETTINGS.google_cloud_project, SETTINGS.bigquery_dataset), counts.stored), counts
    )
