"""The embedded BigQuery instead of Google's, for --data. Not part of what is deployed."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.cloud import bigquery

from .errors import UsageError


@contextmanager
def bigquery_in(folder: Path, staging: Path) -> Iterator[None]:
    """Start the embedded BigQuery on a folder, create the tables, and set the environment to use it.

    It may read files in `staging`. Raises UsageError.
    """
    try:
        from local.emulators.bigquery import create, credentials  # noqa: PLC0415 - only here, and not where it is deployed
        from local.errors import LocalError  # noqa: PLC0415
        from local.pipeline import DATASET, PROJECT  # noqa: PLC0415
        from local.processes import Process, wait_until_ready  # noqa: PLC0415
    except ImportError:
        raise UsageError("--data needs a checkout of the project: there is no embedded BigQuery here.") from None
    data = folder / "bigquery" if (folder / "bigquery").is_dir() else folder
    with tempfile.TemporaryDirectory(prefix="twitter-data-stream-") as name:
        command = [
            sys.executable,
            "-m",
            "local.emulators.bigquery",
            "--data",
            str(data),
            "--port",
            "0",
            "--readable",
            str(staging),
        ]
        process = Process("bigquery", command, dict(os.environ), Path(name) / "bigquery.log")
        try:
            url, key = f"http://127.0.0.1:{wait_until_ready(process)}", Path(name) / "credentials.json"
            credentials.write(key)
            os.environ |= {
                "GOOGLE_CLOUD_PROJECT": PROJECT,
                "BIGQUERY_DATASET": DATASET,
                "BIGQUERY_EMULATOR_HOST": url,
                "BIGQUERY_STORAGE_EMULATOR_HOST": f"127.0.0.1:{process.ready['grpc_port']}",
                "GOOGLE_APPLICATION_CREDENTIALS": str(key),
            }
            with bigquery.Client(project=PROJECT) as client:
                create.create(client, DATASET)
            yield
        except LocalError as error:
            raise UsageError(str(error)) from None
        finally:
            process.stop()
