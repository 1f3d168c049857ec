"""BigQuery on this machine: the tables of a run that was kept, or an empty place for the demo's."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.cloud import bigquery

from local.emulators.bigquery import credentials
from local.pipeline import DATASET, PROJECT
from local.processes import Process, wait_until_ready
from local.runs import ROOT, is_synthetic

from .errors import UsageError
from .query import Source

_FILE = "bqemulator.duckdb"


@contextmanager
def engine(data: Path) -> Iterator[bigquery.Client]:
    """An embedded BigQuery over a folder, which ends with this context. Raises LocalError where it does not start."""
    with tempfile.TemporaryDirectory(prefix="twitter-data-stream-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "local.emulators.bigquery", "--data", str(data), "--port", "0"]
        process = Process("bigquery", command, dict(os.environ), folder / "bigquery.log")
        try:
            url, key = f"http://127.0.0.1:{wait_until_ready(process)}", folder / "credentials.json"
            credentials.write(key, f"{url}/token")
            os.environ |= {"BIGQUERY_EMULATOR_HOST": url, "GOOGLE_APPLICATION_CREDENTIALS": str(key)}
            with bigquery.Client(project=PROJECT) as client:
                yield client
        finally:
            process.stop()


@contextmanager
def kept(folder: Path) -> Iterator[Source]:
    """The tables of a run that scripts/run --keep left. Raises UsageError where there are none; nothing is made then."""
    data = next((one for one in (folder, folder / "bigquery") if (one / _FILE).is_file()), None)
    if data is None:
        there = sorted(path.parent.parent for path in ROOT.glob(f"*/bigquery/{_FILE}"))
        known = (
            f"There are: {', '.join(os.path.relpath(path) for path in there)}."
            if there
            else "scripts/run --keep makes one."
        )
        raise UsageError(f"{folder} holds no run that was kept. {known}")
    with engine(data) as client:
        yield Source(client, DATASET, is_synthetic=is_synthetic(data.parent))
