"""One pipeline per worker, lent to one trial after another: Pub/Sub, Eventarc, the function and BigQuery, without X and the ingester.

Between two trials its processes keep running and its tables are emptied. After a trial that failed or altered it, it is restarted.
"""

import signal
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from local.emulators.bigquery.create import INFRA
from local.landed import query
from local.pipeline import DATASET, Pipeline, Plan
from tests.support.waiting import eventually

PARTS = ("pubsub", "eventarc", "function", "bigquery_subscription", "bigquery")
LANGUAGES = ("en", "es", "fr", "id", "tr", "ja", "ko", "ar", "he", "hi", "und")  # German and Portuguese are dropped
ACK_SCALE = 0.1  # of Pub/Sub's ack deadlines: 12 and 6 seconds
_TABLES = sorted(path.stem for path in INFRA.glob("*.json") if path.stem != "layout")
_SETTLE_SECONDS = 60.0


@dataclass
class Rest:
    """The running pipeline without X and the ingester.

    `settled`: every message is known to have been handled. `spoilt`: the trial changed something that emptying the tables does not undo.
    """

    pipeline: Pipeline
    client: bigquery.Client
    settled: bool = True
    spoilt: bool = False

    def ask(self, sql: str) -> list[dict[str, Any]]:
        return query(self.client, DATASET, sql)

    def go_wrong(self, *words: str) -> None:
        """Set the embedded BigQuery's next faults (local/emulators/bigquery/faults.py). Without words, none."""
        put(f"{self.pipeline.bigquery_url}/stand-in/faults", "\n".join(words))

    def try_to_go_wrong(self, *words: str) -> None:
        """Do the same for a BigQuery that may be frozen or away."""
        with suppress(OSError):
            self.go_wrong(*words)

    def mend(self) -> None:
        """Bring back every part with its usual arguments, and clear the faults that have not happened yet."""
        for name in PARTS:
            process = self.pipeline.processes[name]
            process.signal(signal.SIGCONT)
            if process.exit_code is not None:
                self.pipeline.restart(name)
        self.go_wrong()

    def settle(self) -> bool:
        """Wait until Pub/Sub has no message left to deliver. It logs its counts twice a second."""
        pubsub = self.pipeline.processes["pubsub"]
        return eventually(lambda: pubsub.totals.get("owed") == 0, _SETTLE_SECONDS, every=0.1, steady=1.0)

    def empty(self) -> None:
        for table in _TABLES:
            self.client.query(f"DELETE FROM {DATASET}.{table} WHERE TRUE").result()


@contextmanager
def rest_of_the_pipeline(folder: Path) -> Iterator[Rest]:
    """A separate pipeline. Raises LocalError if a part does not start."""
    (folder / "logs").mkdir(parents=True)
    # real=True starts no stand-in for X: each trial starts its own
    pipeline = Pipeline(
        Plan(folder, real=True, buffer_seconds=0.0, ack_scale=ACK_SCALE, settings=(("LANGUAGES", ",".join(LANGUAGES)),))
    )
    try:
        pipeline.start()
        with pipeline.client() as client:
            yield Rest(pipeline, client)
    finally:
        pipeline.stop()


class Lender:
    """Keeps the worker's pipeline from one trial to the next."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._held = ExitStack()
        self._rest: Rest | None = None

    def lend(self) -> Rest:
        if self._rest is None:
            self._rest = self._held.enter_context(rest_of_the_pipeline(self._folders.mktemp("pipeline") / "pipeline"))
        elif not (self._rest.settled or self._rest.settle()):
            self.close()
            return self.lend()
        self._rest.empty()
        self._rest.settled = False
        return self._rest

    def take_back(self, *, passed: bool) -> None:
        if self._rest is None or (passed and not self._rest.spoilt):
            if self._rest is not None:
                self._rest.mend()
            return
        self.close()

    def close(self) -> None:
        self._rest = None
        self._held.close()


def put(url: str, body: str) -> None:
    request = urllib.request.Request(url, data=body.encode(), method="PUT", headers={"Content-Type": "text/plain"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 200
