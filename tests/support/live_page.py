"""Runs python -m reports serve on a dataset during a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.processes import Process
from reports.query import Source
from tests.support.processes import serving


@contextmanager
def live_page(source: Source, url: str, key: Path, folder: Path, *more: str) -> Iterator[tuple[str, Process]]:
    environment = {
        "BIGQUERY_EMULATOR_HOST": url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
        "GOOGLE_CLOUD_PROJECT": "local",
    }
    with serving("page", "reports", folder, "serve", "--dataset", source.dataset, *more, **environment) as process:
        yield f"http://127.0.0.1:{process.port}", process
