"""BigQuery on this machine, in a process of its own: the tables of a run that was kept, or synthetic posts."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.request import getproxies_environment

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from local import runs
from local.errors import LocalError
from local.processes import Process, wait_until_ready

from .errors import ReportError, UsageError
from .query import Source

_FILE = "bqemulator.duckdb"
_PROJECT = "local"
_DATASET = "twitter"

_START_SECONDS = 300.0  # a slow machine makes the demo's posts in a minute
_STOP_SECONDS = 40.0  # the demo gives its engine 27


@contextmanager
def serve_kept_run(folder: Path) -> Iterator[Source]:
    """Serve the tables of a run that `scripts/run --keep` left, until this context ends.

    Raises UsageError where there are none; it makes nothing then. Raises ReportError where BigQuery does not start.
    """
    data = next((candidate for candidate in (folder, folder / "bigquery") if (candidate / _FILE).is_file()), None)
    if data is None:
        kept = sorted(path.parent.parent for path in runs.ROOT.glob(f"*/bigquery/{_FILE}"))
        listing = (
            f"There are: {', '.join(os.path.relpath(path) for path in kept)}."
            if kept
            else "scripts/run --keep makes one."
        )
        raise UsageError(f"There is no kept run in {folder}. {listing}")
    with _serving(["local.bigquery", "--data", str(data.absolute()), "--port", "0"]) as client:
        yield Source(client, _DATASET, is_synthetic=runs.is_synthetic(data.parent))


@contextmanager
def serve_demo(until: datetime, posts: int | None = None) -> Iterator[Source]:
    """Serve four weeks of synthetic posts, until this context ends. Raises ReportError where BigQuery does not start."""
    number = [] if posts is None else ["--posts", str(posts)]
    with _serving(["demo", "--until", until.isoformat(), *number]) as client:
        yield Source(client, _DATASET, is_synthetic=True)


@contextmanager
def _serving(arguments: list[str]) -> Iterator[bigquery.Client]:
    if importlib.util.find_spec("bqemulator") is None:
        raise UsageError("--demo and --data need the packages of the group run: scripts/reports installs them.")
    with tempfile.TemporaryDirectory(prefix="twitter-data-stream-") as folder:
        log = Path(folder) / "bigquery.log"
        process = Process("The embedded BigQuery", [sys.executable, "-m", *arguments], os.environ, log)
        try:
            url = f"http://127.0.0.1:{_port(process)}"
            with (
                _variable("BIGQUERY_EMULATOR_HOST", url),
                _variable("no_proxy", f"{getproxies_environment().get('no', '')},127.0.0.1".lstrip(",")),
                bigquery.Client(_PROJECT, AnonymousCredentials()) as client,
            ):
                try:
                    yield client
                except ReportError:
                    if process.exit_code is not None:
                        raise ReportError(f"The embedded BigQuery has ended: {process.why()}") from None
                    raise
        finally:
            process.stop(_STOP_SECONDS)


def _port(process: Process) -> int:
    try:
        return wait_until_ready(process, _START_SECONDS)
    except LocalError:
        raise ReportError(f"The embedded BigQuery does not start: {process.why()}") from None


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    """Set a variable, which Google's client and `query.is_embedded` read, while the context lasts."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
