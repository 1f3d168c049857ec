"""What tests in several rooms share: folders, credentials, BigQuery with our tables, processes that end with the test."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from local.bigquery import create as tables
from local.bigquery import credentials
from local.processes import Process, free_port, listens, wait_until
from local.pubsub import emulator
from tests.fakes import bigquery as fake_bigquery

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sequences", type=int, default=20, metavar="N", help="random sequences of faults (%(default)s)")
    parser.addoption("--sequence-seed", type=int, default=1, metavar="N", help="the first one's seed (%(default)s)")


def pytest_configure() -> None:
    """What is started here can be interrupted, also where a shell runs the tests behind something else (`&`) and has them ignore Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[fake_bigquery.FakeBigQuery]:
    """A BigQuery that does as it is told, and the environment that points Google's client at it."""
    with fake_bigquery.serve() as server:
        key = tmp_path / "credentials.json"
        credentials.write(key, f"{server.url}/token")
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", server.url)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "local")
        yield server


@contextmanager
def running(name: str, command: list[str], environment: dict[str, str], folder: Path, **more: Any) -> Iterator[Process]:
    """A process of ours that is stopped when the test is over."""
    process = Process(
        name, command, {**os.environ, "PYTHONPATH": str(ROOT), **environment}, folder / f"{name}.log", **more
    )
    try:
        yield process
    finally:
        process.stop()


@pytest.fixture(scope="session")
def bigquery_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """bqemulator behind our launcher, for the whole session; each test takes a dataset of its own."""
    folder = tmp_path_factory.mktemp("bigquery")
    port = free_port()
    command = [sys.executable, "-m", "local.bigquery", "--data", str(folder / "data"), "--port", str(port)]
    with running("bigquery", command, {}, folder) as process:
        wait_until(lambda: listens(port), process, 60, "it listens")
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def google_credentials(tmp_path_factory: pytest.TempPathFactory, bigquery_url: str) -> Path:
    key = tmp_path_factory.mktemp("key") / "credentials.json"
    credentials.write(key, f"{bigquery_url}/token")
    return key


@pytest.fixture
def client(bigquery_url: str, google_credentials: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bigquery.Client]:
    """The standard client, on the session's BigQuery."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_url)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(google_credentials))
    with bigquery.Client(project="local") as made:
        yield made


@pytest.fixture
def dataset(client: bigquery.Client) -> str:
    """Our tables and views, empty."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    tables.create(client, name)
    return name


PUBSUBS = [
    "embedded",
    pytest.param(
        "emulator",
        marks=pytest.mark.skipif(
            not emulator.is_installed(), reason="Google's Pub/Sub emulator or java is not installed"
        ),
    ),
]


def pubsub_command(kind: str, port: int) -> list[str]:
    """What runs our broker, or Google's emulator."""
    if kind == "emulator":
        return emulator.command(port)
    return [sys.executable, "-m", "local.pubsub.server", "--port", str(port)]


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether it comes true within a time that is long for any machine."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def descendants(pid: int) -> set[int]:
    """Processes that a process has started, and those that they have."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout.split()
    parents = dict(zip(map(int, listed[::2]), map(int, listed[1::2]), strict=True))
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in {pid, *found}} - found:
        found |= more
    return found


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
