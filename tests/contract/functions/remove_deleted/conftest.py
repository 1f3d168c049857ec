"""A dataset that may be changed, X's emulator for compliance, and a scheduled run on both."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud import bigquery

from functions.remove_deleted.rounds import Run
from functions.remove_deleted.store import Store
from functions.remove_deleted.x import X
from local.emulators.bigquery import credentials
from tests.support.datasets import new_dataset
from tests.support.processes import serving
from tests.support.removal import Clock, StandIn, Stored


@pytest.fixture
def stored(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stored]:
    key = tmp_path / "key.json"
    credentials.write(key)
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", engine)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    with bigquery.Client(project="local") as client:
        yield Stored(client, new_dataset(client, "removal"))


@pytest.fixture(scope="session")
def standing_x(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """X's stand-in, once a worker."""
    options = ("--posts", "1", "--compliance-seconds", "0")
    folder = tmp_path_factory.mktemp("x")
    with serving("x", "local.emulators.x.server", folder, *options, X_BEARER_TOKEN="local") as process:
        yield StandIn(f"http://127.0.0.1:{process.port}", process)


@pytest.fixture
def x(standing_x: StandIn) -> StandIn:
    """X's emulator without any jobs."""
    standing_x.forget()
    return standing_x


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def run(stored: Stored, x: StandIn, clock: Clock) -> Run:
    return Run(Store("local", stored.dataset), X(lambda: "local", x.url, upload_waits=(0.0, 0.0)), clock=clock)
