"""The ingester as a process, between a scripted X and a real Pub/Sub."""

import shutil
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud import bigquery

from local.emulators.bigquery import create as tables
from local.emulators.pubsub import create
from local.processes import Process
from tests.support import ROOT
from tests.support.fakes import x as fakes
from tests.support.fakes.x import FakeX, Start
from tests.support.processes import running
from tests.support.pubsub import Topics


@pytest.fixture
def x() -> Iterator[FakeX]:
    with fakes.serve() as fake:
        yield fake


@pytest.fixture
def project() -> str:
    """A project of the test's own, in Pub/Sub and in BigQuery."""
    return f"p{uuid.uuid4().hex[:8]}"


@pytest.fixture
def pubsub(broker: Process, project: str) -> Topics:
    topics = Topics(f"127.0.0.1:{broker.port}", project)
    create.create(topics.host, project)
    return topics


@pytest.fixture
def start(tmp_path: Path, x: FakeX, broker: Process, project: str, client: bigquery.Client) -> Iterator[Start]:
    """Starts a copy of the ingester's folder, alone in an empty folder."""
    started = []
    with bigquery.Client(project=project) as own:  # in the environment that `client` has set
        tables.create(own, "twitter")

    def start(*arguments: str, before: tuple[str, ...] = (), **environment: str) -> Process:
        shutil.copytree(ROOT / "ingester", tmp_path / "app" / "ingester", ignore=shutil.ignore_patterns("__pycache__"))
        settings = {
            "GOOGLE_CLOUD_PROJECT": project,
            "X_BEARER_TOKEN": "a-token-that-must-not-be-seen",
            "X_API_URL": x.url,
            "PUBSUB_EMULATOR_HOST": f"127.0.0.1:{broker.port}",
            "PYTHONPATH": str(tmp_path / "app"),
            "MAX_POSTS_PER_DAY": "0",
            "MAX_POSTS_PER_MONTH": "0",
        }
        manager = running(
            "ingester",
            [sys.executable, "-m", "ingester", *before, "stream", *arguments],
            settings | environment,
            tmp_path,
        )
        started.append(manager)
        return manager.__enter__()

    yield start
    for manager in started:
        manager.__exit__(None, None, None)
