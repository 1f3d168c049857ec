"""A person asks for their posts to be removed: the command, as it is typed."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.removal import StandIn, Stored
from tests.support.x_messages import message, post, refer

pytestmark = pytest.mark.process_per_case

MINE = [post(number, f"secret {number}", author_id="4711") for number in (1, 2)]
OTHERS = post(3, "somebody else's", author_id="99")


def ask(stored: Stored, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "GOOGLE_CLOUD_PROJECT": "local",
        "BIGQUERY_DATASET": stored.dataset,
        "PYTHONPATH": str(ROOT),
        **more,
    }
    command = [sys.executable, "-m", "functions.remove_deleted", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL
    )


def test_every_post_of_an_author_goes_at_once(stored: Stored) -> None:
    quote = post(4, "a quote", **refer("quoted", MINE[0]))
    stored.add(*(message(one) for one in MINE), message(OTHERS), message(quote, MINE[0]))
    look = ask(stored, "--user", "4711", "--dry-run")
    assert look.returncode == 0, look.stderr
    assert "2 posts, with 2 rows of tweet_versions" in look.stdout
    assert "Nothing was removed" in look.stdout
    assert len(stored.shown()) == 4
    done = ask(stored, "--user", "4711", "--yes")
    assert done.returncode == 0, done.stderr
    assert "Removed 4 rows, cleaned 2 rows." in done.stdout
    assert "secret" not in stored.text()
    assert stored.shown() == sorted([OTHERS["id"], quote["id"]])
    events = {row["event"] for row in stored.ask("SELECT event FROM removals")}
    assert len(events) == 1
    assert f"event = '{events.pop()}'" in done.stdout
    status = ask(stored, "--status")
    assert "requested" in status.stdout
    assert "removed 4" in status.stdout


def test_some_posts_and_one_of_them_twice(stored: Stored) -> None:
    stored.add(*(message(one) for one in MINE), message(OTHERS))
    assert ask(stored, "--post", MINE[0]["id"], "--post", MINE[0]["id"], "--yes").returncode == 0
    again = ask(stored, "--post", MINE[0]["id"], "--yes")
    assert again.returncode == 0
    assert stored.shown() == sorted([MINE[1]["id"], OTHERS["id"]])
    assert {row["id"] for row in stored.ask("SELECT * FROM deletions")} == {MINE[0]["id"]}
    assert "The record of it" not in again.stdout, "nothing was left to remove"


def test_what_has_just_come_is_hidden_and_said_to_be(stored: Stored) -> None:
    stored.add(message(MINE[0]), age=timedelta(minutes=1))
    done = ask(stored, "--post", MINE[0]["id"], "--yes")
    assert "out of the views, and the schedule removes them within two hours" in done.stdout
    assert stored.shown() == []


def test_an_author_of_whom_nothing_is_here(stored: Stored) -> None:
    done = ask(stored, "--user", "1", "--yes")
    assert done.returncode == 0
    assert "No post of user 1 is here." in done.stdout


def test_what_x_has_named_before_is_recorded_as_asked_for(stored: Stored) -> None:
    stored.add(message(MINE[0]))
    stored.reject(b'{"id":"9","payload":"{}"} 4711 cut')
    stored.client.query(
        f"INSERT INTO {stored.dataset}.deletions (id, chain_id, reason, event, `at`) "
        f"VALUES ('{MINE[0]['id']}', '{MINE[0]['id']}', 'deleted', '123', TIMESTAMP '2026-01-01')"
    ).result()
    done = ask(stored, "--user", "4711", "--yes")
    assert "1 bad message in the table rejected name 4711" in done.stdout
    for row in stored.ask("SELECT reason, event FROM removals"):
        assert row["reason"] == "request"
        assert f"event = '{row['event']}'" in done.stdout


def test_a_bad_message_of_an_author_is_found_too(stored: Stored) -> None:
    stored.reject(json.dumps({"id": MINE[0]["id"], "payload": json.dumps(message(MINE[0]))}).encode())
    assert ask(stored, "--user", "4711", "--yes").returncode == 0
    assert stored.ask("SELECT * FROM rejected") == []


def test_secret_manager_that_is_away_is_a_bad_moment(stored: Stored) -> None:
    stored.add(message(MINE[0]))
    away = {
        "X_BEARER_TOKEN": "",
        "X_BEARER_TOKEN_SECRET": "projects/p/secrets/x",
        "SECRET_MANAGER_ENDPOINT": "http://127.0.0.1:9",
    }
    done = ask(stored, "--due", **away)
    assert (done.returncode, "Secret Manager did not answer" in done.stderr) == (1, True)


def test_one_run_of_the_schedule_by_hand(stored: Stored, x: StandIn, tmp_path: Path) -> None:
    """With a password in .netrc, which must not replace the token."""
    (tmp_path / ".netrc").write_text("default login somebody password secret\n")
    stored.add(message(MINE[0]), message(OTHERS))
    x.say({MINE[0]["id"]: "deleted"})
    done = ask(stored, "--due", X_API_URL=x.url, X_BEARER_TOKEN="local", NETRC=str(tmp_path / ".netrc"))
    assert done.returncode == 0, done.stderr
    assert "There is nothing to do until" in done.stdout
    assert stored.shown() == [OTHERS["id"]]
    assert "X has been asked about every post" in ask(stored, "--status").stdout


MISTAKES = {
    "a look, where nothing can be looked at": (["--due", "--dry-run"], {"X_BEARER_TOKEN": "t"}, "go with --post or --user"),
    "nothing asked": ([], {}, "one of the arguments"),
    "a name and no number": (["--user", "@lorde"], {}, "is no id"),
    "no project": (["--post", "1"], {"GOOGLE_CLOUD_PROJECT": ""}, "GOOGLE_CLOUD_PROJECT is not set"),
    "nobody to ask": (["--post", "1"], {}, "Add --yes"),
    "no token": (["--due"], {"X_BEARER_TOKEN": ""}, "There is no bearer token for X"),
    "a token with a line break": (["--due"], {"X_BEARER_TOKEN": "a\nb"}, "is no bearer token"),
    "X unencrypted": (["--due"], {"X_BEARER_TOKEN": "t", "X_API_URL": "http://example.com"}, "unencrypted"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "environment", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_explained(stored: Stored, arguments: list[str], environment: dict[str, str], words: str) -> None:
    done = ask(stored, *arguments, **environment)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
