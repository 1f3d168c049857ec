"""Runs an embedded BigQuery with weeks of synthetic posts until it is stopped."""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.api_core.exceptions import GoogleAPIError
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from requests.exceptions import RequestException

from local.emulators import log
from local.emulators.bigquery import create as tables
from local.errors import LocalError
from local.pipeline import DATASET, PROJECT
from local.processes import Process, wait_until_ready

from . import load, posts

_CHECK_SECONDS = 3_600.0  # seconds; a signal or the end of BigQuery is noticed at once


def main(arguments: argparse.Namespace) -> int:
    """Print a JSON line "ready" with the port once the posts are there. Exit codes: 0 stopped; 1 BigQuery failed."""
    _on_signals(lambda *_: sys.exit(0))
    with (
        tempfile.TemporaryDirectory(prefix="twitter-data-stream-") as name,
        _engine(Path(name), arguments.port) as engine,
    ):
        try:
            port = wait_until_ready(engine)
            _fill(port, arguments)
            log.event("ready", "demo", port=port)
            while engine.wait(_CHECK_SECONDS) is None:
                pass
            raise LocalError(f"BigQuery has ended: {engine.why()}")
        except (LocalError, GoogleAPIError, RequestException) as error:
            log.event("stopped", "demo", "CRITICAL", message=str(error))
            return 1


@contextmanager
def _engine(folder: Path, port: int) -> Iterator[Process]:
    """Run BigQuery while the context lasts. A signal while it stops is ignored, so that nothing is left behind."""
    engine: Process | None = None
    command = [sys.executable, "-m", "local.emulators.bigquery", "--data", str(folder / "data"), "--port", str(port)]
    try:
        engine = Process("bigquery", command, dict(os.environ), folder / "bigquery.log")
        yield engine
    finally:
        _on_signals(signal.SIG_IGN)
        if engine is not None:
            engine.stop()


def _on_signals(handler: Any) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)


def _fill(port: int, arguments: argparse.Namespace) -> None:
    client = bigquery.Client(
        PROJECT, AnonymousCredentials(), client_options={"api_endpoint": f"http://127.0.0.1:{port}"}
    )
    with client:
        tables.create(client, DATASET)
        load.fill(client, DATASET, posts.make(arguments.posts, posts.DAYS, arguments.until))
