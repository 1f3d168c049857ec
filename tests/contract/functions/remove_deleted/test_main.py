"""The function as Google runs it: its folder alone, behind functions-framework, called with a CloudEvent."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.emulators import secretmanager
from local.processes import Process, wait_until_ready
from tests.support import ROOT
from tests.support.deploy.uploads import unpacked
from tests.support.processes import function_command, running
from tests.support.removal import StandIn, Stored
from tests.support.waiting import eventually
from tests.support.x_messages import message, post

pytestmark = pytest.mark.process_per_case

GONE = post(1, "secret words")
KEPT = post(2, "words that stay")


@pytest.fixture
def function(stored: Stored, x: StandIn, tmp_path: Path) -> Iterator[tuple[Process, str]]:
    folder = unpacked(ROOT / "functions" / "remove_deleted", tmp_path / "alone")
    with secretmanager.serve("local") as secret:
        environment = {
            "PYTHONPATH": "",
            "GOOGLE_CLOUD_PROJECT": "local",
            "BIGQUERY_DATASET": stored.dataset,
            "X_API_URL": x.url,
            "X_BEARER_TOKEN": "",
            "X_BEARER_TOKEN_SECRET": "projects/p/secrets/x-bearer-token",
            "SECRET_MANAGER_ENDPOINT": secret.url,
        }
        command = function_command(folder / "main.py", "remove_deleted", "--signature-type", "cloudevent")
        with running("remove_deleted", command, environment, tmp_path) as process:
            wait_until_ready(process)
            yield process, f"http://127.0.0.1:{process.port}"


def tick(url: str) -> int:
    """Deliver what Scheduler has published, as Eventarc does."""
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
    log = process.log.read_text()
    assert "secret words" not in log
    assert "signature" not in log


def test_after_a_bad_moment_is_logged_the_next_tick_continues(
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
