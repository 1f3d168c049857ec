"""deploy.sh with the real gcloud and bq, offline: a proxy records each request, and emulated Google APIs answer."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from local.emulators.pubsub import emulator
from local.processes import reserved_port
from tests.support import ROOT
from tests.support.fakes.google.faults import NAME as FAULTS
from tests.support.processes import pubsub, serving
from tests.support.waiting import eventually

TOKEN = "AAAA-a-bearer-token-that-nobody-may-see-%3D"
PROJECT = "demo-proj"
RECORDING = Path(__file__).with_name("bin")  # a gcloud and a bq that record what they are asked
TREE = Path(os.environ.get("DEPLOY_TREE", ROOT))  # whose deploy.sh is run: test_mistakes.py sets another one


def copy_of_tree(folder: Path) -> Path:
    """Return a copy of what is deployed, which a test may change, and which nobody else changes meanwhile."""
    copy = folder / "project"
    shutil.copytree(
        TREE,
        copy,
        ignore=shutil.ignore_patterns(".git", ".venv", ".runs", "__pycache__", "tests", ".*_cache", ".site", "results"),
    )
    return copy


def missing_tools() -> str | None:
    """Return why deploy.sh cannot run here, and how to get what is missing."""
    how = "cloud.google.com/sdk/docs/install, with the packages google-cloud-cli and google-cloud-cli-pubsub-emulator, and a Java runtime"
    missing = [tool for tool in ("gcloud", "bq", "bash") if not shutil.which(tool)]
    if missing:
        return f"{missing[0]} is not installed ({how})"
    return None if emulator.is_installed() else f"Google's Pub/Sub emulator, or java, is not installed ({how})"


@dataclass
class Ran:
    """One run of deploy.sh: its exit code, its output, and the requests to Google."""

    code: int
    said: str
    requests: list[dict[str, Any]] = field(default_factory=list)

    def of(self, api: str, *methods: str, path: str = "") -> list[dict[str, Any]]:
        return [
            r
            for r in self.requests
            if r["api"] == api and r["method"] in (methods or (r["method"],)) and path in r["path"]
        ]

    @property
    def writes(self) -> list[dict[str, Any]]:
        """Return the requests that could change something. Reading policies, testing rights and queries are POSTs too."""
        harmless = (":getIamPolicy", ":testIamPermissions", ":access", "entries:list", ":batchGet")
        return [r for r in self.requests if r["method"] not in ("GET", "HEAD") and not r["path"].endswith(harmless)]


@dataclass
class Cloud:
    """A Google Cloud project on this machine."""

    folder: Path
    environment: dict[str, str]
    bigquery_url: str
    function_port: int
    arguments: set[str] = field(default_factory=set)
    tree: Path = TREE

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Return rows of the project's BigQuery."""
        url = f"{self.bigquery_url}/bigquery/v2/projects/{PROJECT}/queries"
        answer = requests.post(url, json={"query": sql, "useLegacySql": False}, timeout=30).json()
        assert not answer.get("errors"), answer["errors"]
        names = [column["name"] for column in answer["schema"]["fields"]]
        return [dict(zip(names, (cell["v"] for cell in row["f"]), strict=True)) for row in answer.get("rows") or []]

    def make_faults(self, *faults: dict[str, Any]) -> None:
        """Have Google say what tests/support/fakes/google/faults.py describes."""
        (self.folder / FAULTS).write_text("".join(json.dumps(fault) + "\n" for fault in faults))

    def delete(self, api: str, path: str) -> None:
        """Delete something past deploy.sh, as a person may in the console."""
        self._request("DELETE", api, path)

    def enable(self, *apis: str) -> None:
        """Enable APIs past deploy.sh, as they are in a project that others use."""
        names = [f"{api}.googleapis.com" for api in apis]
        self._request("POST", "serviceusage", f"/v1/projects/{PROJECT}/services:batchEnable", {"serviceIds": names})

    def _request(self, method: str, api: str, path: str, body: dict[str, Any] | None = None) -> None:
        proxy = f"http://127.0.0.1:{self.environment['CLOUDSDK_PROXY_PORT']}"
        url, trusted = f"https://{api}.googleapis.com{path}", self.environment["CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"]
        requests.request(
            method, url, json=body, proxies={"https": proxy}, verify=trusted, timeout=30
        ).raise_for_status()

    def deploy(
        self,
        *arguments: str,
        tree: Path | None = None,
        timeout: float = 300.0,
        stop_after: int | None = None,
        **settings: str,
    ) -> Ran:
        """Run deploy.sh. A file DEPLOY_PATHS gets a row: command, requests, those that may change something, exit code, seconds.

        With `stop_after`, it gets a SIGTERM after so many requests.
        """
        log = self.folder / "requests.jsonl"
        before = _lines(log)
        began = time.monotonic()
        process = subprocess.Popen(
            ["./deploy.sh", *arguments],
            cwd=tree or self.tree,
            env=self.environment | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            if stop_after is not None:
                eventually(lambda: process.poll() is not None or _lines(log) >= before + stop_after, timeout)
                process.terminate()
            said, _ = process.communicate(timeout=timeout)
        finally:
            process.kill()
        requests = [json.loads(line) for line in log.read_text().splitlines()[before:]] if log.exists() else []
        misfits = [f"{r['method']} {r['api']}{r['path']}: {r['misfits']}" for r in requests if r["misfits"]]
        assert not misfits, f"The stand-in has answered what Google's messages do not have: {misfits}"
        ran = Ran(process.returncode, said, requests)
        if table := os.environ.get("DEPLOY_PATHS"):
            words = " ".join([*(f"{name}={value}" for name, value in settings.items()), "./deploy.sh", *arguments])
            figures = (len(requests), len(ran.writes), ran.code, round(time.monotonic() - began))
            with Path(table).open("a") as file:
                file.write(f"| `{words}` | {' | '.join(map(str, figures))} |\n")
        return ran


def _lines(log: Path) -> int:
    return len(log.read_text().splitlines()) if log.exists() else 0


@contextmanager
def cloud(folder: Path) -> Iterator[Cloud]:
    with (
        reserved_port() as function,  # where a test may serve what was deployed
        pubsub("emulator", folder) as broker,
        serving("bigquery", "local.emulators.bigquery", folder, "--data", str(folder / "data")) as engine,
    ):
        bigquery_url = f"http://127.0.0.1:{engine.port}"
        options = ["--folder", str(folder), "--pubsub", f"http://{broker}", "--bigquery", bigquery_url]
        options += ["--function", f"http://127.0.0.1:{function}"]
        with serving("proxy", "tests.support.fakes.google.proxy", folder, *options) as proxy:
            (folder / "token").write_text("an-access-token-of-googles")
            yield Cloud(folder, _environment(folder, proxy.port), bigquery_url, function)


def _environment(folder: Path, proxy: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "CLOUDSDK_CONFIG": str(folder / "gcloud"),
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": str(folder / "ca.pem"),
        "CLOUDSDK_PROXY_TYPE": "http",
        "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
        "CLOUDSDK_PROXY_PORT": str(proxy),
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(folder / "token"),
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "X_BEARER_TOKEN": TOKEN,
        "ALERT_EMAIL": "somebody@example.com",
        "DEPLOY_PATIENCE_SECONDS": "5",
        "LOG_SECONDS": "0",
        "X_PRICE_LIST": "http://127.0.0.1:9",
        "DEPLOY_JOB_POLL_SECONDS": "0",
    }
