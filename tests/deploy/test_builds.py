"""Google's Python buildpack, done here: the files that gcloud would send, alone in an empty folder.

https://github.com/GoogleCloudPlatform/buildpacks, cmd/python: compileall over the whole upload, pip in its root, and then the server.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grimp
import pytest
import requests
from google.cloud import bigquery

from local.emulators import secretmanager
from local.emulators.bigquery import credentials
from local.processes import Process, wait_until_ready
from tests.support import ROOT
from tests.support.datasets import new_dataset
from tests.support.deploy.uploads import staged, to_upload, unpacked
from tests.support.tiers import needs
from tests.support.waiting import eventually

FUNCTIONS = ["load_tweet", "remove_deleted"]
DEPLOYABLES = {"ingester": ROOT / "ingester", **{name: ROOT / "functions" / name for name in FUNCTIONS}}


def python(folder: Path, *arguments: str, executable: str = sys.executable) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=400, check=False
    )


@pytest.mark.parametrize("name", DEPLOYABLES)
@pytest.mark.parametrize(
    "step", [["-m", "compileall", "-f", "-q", "."], ["-m", "pip", "--version"]], ids=["compileall", "pip"]
)
def test_the_steps_of_a_build_run_in_the_uploads_root(tmp_path: Path, name: str, step: list[str]) -> None:
    ran = python(unpacked(DEPLOYABLES[name], tmp_path), *step)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", DEPLOYABLES)
def test_an_upload_imports_only_what_it_declares(tmp_path: Path, name: str) -> None:
    folder = unpacked(DEPLOYABLES[name], tmp_path / "upload")
    _remove_what_nothing_imports(folder, name)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    modules = project["tool"]["deptry"]["package_module_name_map"].items()
    declared = tmp_path / "declared.txt"
    declared.write_text("\n".join(project["dependency-groups"][name.replace("_", "-")]))
    ran = python(
        folder,
        "-m",
        "deptry",
        ".",
        "--no-ansi",
        "--requirements-files",
        str(declared),
        "--package-module-name-map",
        ",".join(f"{package}={module}" for package, module in modules),
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _remove_what_nothing_imports(folder: Path, name: str) -> None:
    """Leave of the shared packages the modules that the deployable reaches: only those have to find their packages."""
    own = {"ingester": "ingester"}.get(name, f"functions.{name}")
    graph = grimp.build_graph("posts", "runtime", "warehouse", own.partition(".")[0], cache_dir=None)
    reached = graph.find_upstream_modules(own, as_package=True)
    assert "runtime.errors" in reached
    for shared in ("posts", "runtime", "warehouse"):
        for file in (folder / shared).rglob("*.py"):
            module = ".".join(file.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
            if module not in reached:
                file.unlink()


@pytest.mark.slow
@needs("gcloud", shutil.which("gcloud") is not None, "it is asked what it would upload")
@pytest.mark.parametrize("name", DEPLOYABLES)
def test_gcloud_would_upload_these_files(tmp_path: Path, name: str) -> None:
    folder = staged(DEPLOYABLES[name], tmp_path / "work")
    environment = os.environ | {"CLOUDSDK_CONFIG": str(tmp_path), "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1"}
    listed = subprocess.run(
        ["gcloud", "meta", "list-files-for-upload", str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.split()
    assert set(listed) == to_upload(DEPLOYABLES[name])


@pytest.fixture(scope="module", params=FUNCTIONS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/workspace of the built function, and beside it a venv with what its requirements.txt names, and no more."""
    folder = tmp_path_factory.mktemp(request.param)
    workspace = unpacked(DEPLOYABLES[request.param], folder / "workspace")
    assert python(folder, "-m", "venv", "python").returncode == 0
    venv = str(folder / "python" / "bin" / "python")
    for step in (
        ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-q", "-r", "requirements.txt"],
        ["-m", "pip", "check"],
        ["-m", "compileall", "-f", "-q", "."],
    ):
        ran = python(workspace, *step, executable=venv)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return workspace


@pytest.fixture
def dataset_of(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Return an empty dataset, and the environment variables for it."""
    key = tmp_path / "key.json"
    credentials.write(key)
    variables = {"BIGQUERY_EMULATOR_HOST": engine, "GOOGLE_APPLICATION_CREDENTIALS": str(key)}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with bigquery.Client(project="local") as client:
        yield {**variables, "BIGQUERY_DATASET": new_dataset(client, "built")}


@pytest.mark.slow
@pytest.mark.timeout(500)
@pytest.mark.parametrize("log_execution_id", ["true", "false"])
def test_a_built_function_starts_as_google_starts_it_and_takes_an_event(
    built: Path, dataset_of: dict[str, str], tmp_path: Path, log_execution_id: str
) -> None:
    target = built.parent.name.rstrip("0123456789")
    with secretmanager.serve("local") as secret:
        environment = {
            "PATH": os.environ["PATH"],
            "FUNCTION_TARGET": target,
            "FUNCTION_SIGNATURE_TYPE": "cloudevent",
            "K_SERVICE": target.replace("_", "-"),
            "K_REVISION": f"{target}-00001",
            "PORT": "0",
            "LOG_EXECUTION_ID": log_execution_id,
            "GUNICORN_LOG_LEVEL": "info",
            "GOOGLE_CLOUD_PROJECT": "local",
            "X_API_URL": "http://127.0.0.1:9",
            "X_BEARER_TOKEN_SECRET": "projects/local/secrets/x-bearer-token",
            "SECRET_MANAGER_ENDPOINT": secret.url,
            **dataset_of,
        }
        server = str(built.parent / "python" / "bin" / "functions-framework")
        process = Process(
            target, ["env", "-C", str(built), server, "--host", "127.0.0.1"], environment, tmp_path / "log"
        )
        try:
            address = f"http://127.0.0.1:{wait_until_ready(process)}"
            answer = requests.post(address, timeout=60, **_event(target))
            assert 200 <= answer.status_code < 300, process.log.read_text()
            if target == "load_tweet":
                with bigquery.Client(project="local") as client:
                    rows = client.query(f"SELECT id FROM {dataset_of['BIGQUERY_DATASET']}.tweet_versions").result()
                assert [row.id for row in rows] == ["2107184236008718446"]
            else:
                assert eventually(lambda: bool(process.events - {"ready"})), process.log.read_text()
            assert "Traceback" not in process.log.read_text()
        finally:
            process.stop()


def _event(target: str) -> dict[str, Any]:
    payload = json.dumps({"data": {"id": "2107184236008718446", "text": "great music", "lang": "en"}})
    record = {"id": "", "payload": payload, "received_at": 1_795_348_799_000_000, "source": "stream"}
    data = record if target == "load_tweet" else {}
    message = {
        "data": base64.b64encode(json.dumps(data).encode()).decode(),
        "messageId": "m1",
        "publishTime": "2026-11-22T12:00:00Z",
    }
    return {
        "data": json.dumps({"message": message, "subscription": "projects/local/subscriptions/s"}),
        "headers": {
            "Content-Type": "application/json",
            "ce-id": "m1",
            "ce-specversion": "1.0",
            "ce-source": "//pubsub.googleapis.com/projects/local/topics/tweets",
            "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
        },
    }
