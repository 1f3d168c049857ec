"""BigQuery on this machine, in a process of its own: the tables of a run that was kept, or synthetic posts."""

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO
from urllib.request import getproxies_environment

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from .errors import ReportError, UsageError
from .query import Source

_ROOT = Path(__file__).parents[1]
_WITH_PARENT = str(_ROOT / "local" / "die_with_parent.py")
# what scripts/run writes and names
_RUNS = _ROOT / ".runs"
_FILE = "bqemulator.duckdb"
_SYNTHETIC = "SYNTHETIC"
_PROJECT = "local"
_DATASET = "twitter"

_START_SECONDS = 300.0  # a slow machine makes the demo's posts in a minute
_STOP_SECONDS = 40.0  # the demo gives its engine 27


@contextmanager
def kept(folder: Path) -> Iterator[Source]:
    """Serve the tables of a run that `scripts/run --keep` left, until this context ends.

    Raises UsageError where there are none; it makes nothing then. Raises ReportError where BigQuery does not start.
    """
    data = next((one for one in (folder, folder / "bigquery") if (one / _FILE).is_file()), None)
    if data is None:
        there = sorted(path.parent.parent for path in _RUNS.glob(f"*/bigquery/{_FILE}"))
        known = (
            f"There are: {', '.join(os.path.relpath(path) for path in there)}."
            if there
            else "scripts/run --keep makes one."
        )
        raise UsageError(f"{folder} holds no run that was kept. {known}")
    with _serving(["local.bigquery", "--data", str(data.absolute()), "--port", "0"]) as client:
        yield Source(client, _DATASET, is_synthetic=(data.parent / _SYNTHETIC).exists())


@contextmanager
def demo(until: datetime, posts: int | None = None) -> Iterator[Source]:
    """Serve four weeks of synthetic posts, until this context ends. Raises ReportError where BigQuery does not start."""
    number = [] if posts is None else ["--posts", str(posts)]
    with _serving(["demo", "--until", until.isoformat(), *number]) as client:
        yield Source(client, _DATASET, is_synthetic=True)


@contextmanager
def _serving(arguments: list[str]) -> Iterator[bigquery.Client]:
    if importlib.util.find_spec("bqemulator") is None:
        raise UsageError("--demo and --data need the packages of the group run: scripts/reports installs them.")
    process = subprocess.Popen(
        [sys.executable, _WITH_PARENT, str(os.getpid()), sys.executable, "-m", *arguments],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C is for us, and we stop it
    )
    try:
        assert process.stdout is not None
        output = _Output(process.stdout)
        url = f"http://127.0.0.1:{output.port()}"
        with (
            _variable("BIGQUERY_EMULATOR_HOST", url),
            _variable("no_proxy", f"{getproxies_environment().get('no', '')},127.0.0.1".lstrip(",")),
            bigquery.Client(_PROJECT, AnonymousCredentials()) as client,
        ):
            try:
                yield client
            except ReportError:
                if process.poll() is not None:
                    raise ReportError(f"The embedded BigQuery has ended: {output.last}") from None
                raise
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except BaseException as error:  # a second Ctrl-C too
        process.kill()
        process.wait()
        if not isinstance(error, subprocess.TimeoutExpired):
            raise


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


class _Output:
    """What the process says. A thread reads it, so that the pipe never fills."""

    def __init__(self, lines: IO[str]) -> None:
        self.last = "it said nothing"
        self._lines = lines
        self._port = 0
        self._news = threading.Event()  # it is ready, or has ended
        threading.Thread(target=self._read, name="read BigQuery", daemon=True).start()

    def port(self) -> int:
        """Wait until it is ready. Raises ReportError."""
        if not self._news.wait(_START_SECONDS):
            raise ReportError(f"The embedded BigQuery has not started in {_START_SECONDS:.0f} s: {self.last}")
        if not self._port:
            raise ReportError(f"The embedded BigQuery does not start: {self.last}")
        return self._port

    def _read(self) -> None:
        with self._lines:
            for text in self._lines:
                line = _json(text)
                if line.get("event") == "ready":
                    self._port = int(str(line["port"]))
                    self._news.set()
                    continue
                self.last = str(line.get("message") or text.strip()[:300] or self.last)
        self._news.set()


def _json(text: str) -> dict[str, object]:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
