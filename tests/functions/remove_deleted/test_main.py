"""The function as Google runs it: its folder alone, behind functions-framework, called with a CloudEvent."""

import json
import os
import shutil
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.processes import Process, free_port, listens, wait_until
from tests.conftest import ROOT, eventually
from tests.fakes import secrets
from tests.functions.remove_deleted.conftest import StandIn, Stored
from tests.functions.remove_deleted.posts import message, post

GONE = post(1, "secret words")
KEPT = post(2, "words that stay")


@pytest.fixture
def function(stored: Stored, x: StandIn, tmp_path: Path) -> Iterator[tuple[Process, str]]:
    folder = tmp_path / "alone" / "remove_deleted"
    shutil.copytree(ROOT / "functions" / "remove_deleted", folder, ignore=shutil.ignore_patterns("__pycache__"))
    port = free_port()
    with secrets.serve("local") as secret:
        environment = {
            **os.environ,
            "GOOGLE_CLOUD_PROJECT": "local",
            "BIGQUERY_DATASET": stored.dataset,
            "X_API_URL": x.url,
            "X_BEARER_TOKEN": "",
            "X_BEARER_TOKEN_SECRET": "projects/p/secrets/x-bearer-token",
            "SECRET_MANAGER_ENDPOINT": secret.url,
        }
        environment.pop("PYTHONPATH", None)
        command = [
            sys.executable, "-m", "functions_framework", "--source", str(folder / "main.py"), "--target", "remove_deleted",
            "--signature-type", "cloudevent", "--host", "127.0.0.1", "--port", str(port),
        ]  # fmt: skip
        process = Process("remove_deleted", command, environment, tmp_path / "function.log")
        try:
            wait_until(lambda: listens(port), process, 60, "it listens")
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.stop()


def tick(url: str) -> int:
    """As Eventarc delivers what Scheduler has published."""
    body = json.dumps({"message": {"data": "e30=", "messageId": "1"}, "subscription": "s"}).encode()
    headers = {
        "Content-Type": "application/json",
        "ce-id": "1",
        "ce-source": "//pubsub.googleapis.com/projects/local/topics/remove-deleted",
        "ce-specversion": "1.0",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
    }
    with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers), timeout=120) as answer:
        return int(answer.status)


def test_a_tick_removes_what_x_names(stored: Stored, x: StandIn, function: tuple[Process, str], tmp_path: Path) -> None:
    process, url = function
    stored.add(message(GONE), message(KEPT))
    x.say({GONE["id"]: "deleted"})
    assert tick(url) in (200, 204)
    assert stored.ids("tweet_versions") == [KEPT["id"]]
    assert eventually(lambda: "finished" in process.events)
    log = (tmp_path / "function.log").read_text()
    assert "secret words" not in log
    assert "signature" not in log


def test_a_bad_moment_is_told_and_the_next_tick_goes_on(
    stored: Stored, x: StandIn, function: tuple[Process, str]
) -> None:
    process, url = function
    stored.add(message(GONE), message(KEPT))
    x.say({GONE["id"]: "deleted"})
    x.go_wrong("job-503")
    assert tick(url) in (200, 204)
    assert eventually(lambda: "not_now" in process.events)
    assert tick(url) in (200, 204)
    assert stored.ids("tweet_versions") == [KEPT["id"]]
