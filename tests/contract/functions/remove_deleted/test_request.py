"""A person asks for their posts to be removed: the command, as it is typed."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from functions.remove_deleted.store import Store
from functions.remove_deleted.sweep import sweep
from local.processes import Process
from tests.support import ROOT
from tests.support.removal import StandIn, Stored
from tests.support.x_messages import message, post, refer

pytestmark = pytest.mark.process_per_case

MINE = [post(number, f"secret {number}", author_id="4711") for number in (1, 2)]
OTHERS = post(3, "somebody else's", author_id="99")


def run(stored: Stored, *module: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "GOOGLE_CLOUD_PROJECT": "local",
        "BIGQUERY_DATASET": stored.dataset,
        "PYTHONPATH": str(ROOT),
        **more,
    }
    command = [sys.executable, "-m", *module]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL
    )


def ask(stored: Stored, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return run(stored, "functions.remove_deleted", *arguments, **more)


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


def test_removing_the_same_post_twice_is_harmless(stored: Stored) -> None:
    stored.add(*(message(one) for one in MINE), message(OTHERS))
    assert ask(stored, "--post", MINE[0]["id"], "--post", MINE[0]["id"], "--yes").returncode == 0
    again = ask(stored, "--post", MINE[0]["id"], "--yes")
    assert again.returncode == 0
    assert stored.shown() == sorted([MINE[1]["id"], OTHERS["id"]])
    assert {row["id"] for row in stored.ask("SELECT * FROM deletions")} == {MINE[0]["id"]}
    assert "The record of it" not in again.stdout, "nothing was left to remove"


def test_a_recent_post_is_hidden_at_once_and_scheduled_for_removal(stored: Stored) -> None:
    stored.add(message(MINE[0]), age=timedelta(minutes=1))
    done = ask(stored, "--post", MINE[0]["id"], "--yes")
    assert "out of the views, and the schedule removes them within two hours" in done.stdout
    assert stored.shown() == []


def test_removing_an_author_without_stored_posts_succeeds_and_says_so(stored: Stored) -> None:
    done = ask(stored, "--user", "1", "--yes")
    assert done.returncode == 0
    assert "No post of user 1 is here." in done.stdout


def test_a_requested_removal_is_recorded_as_a_request_even_if_x_named_the_post_before(stored: Stored) -> None:
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


def everything(stored: Stored, folder: Path) -> str:
    """Return what all tables, all exports and a report hold, as one text."""
    folder.mkdir()
    tables = json.loads((ROOT / "infra/bigquery/layout.json").read_text())
    found = [json.dumps(stored.ask(f"SELECT * FROM {table}"), default=str, ensure_ascii=False) for table in tables]
    rejected = stored.ask("SELECT data FROM rejected")
    found += [(row["data"] or b"").decode("latin-1") for row in rejected]
    for kind in ("csv", "jsonl", "parquet"):
        assert run(stored, "reports", "--export", str(folder / f"posts.{kind}")).returncode == 0
    assert run(stored, "reports", "--results", str(folder / "results")).returncode == 0
    posts = duckdb.read_parquet(str(folder / "posts.parquet")).fetchall()
    files = [path.read_text() for path in folder.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    return "\n".join([*found, str(posts), *files])


def test_one_person_in_every_table_file_and_export(stored: Stored, bigquery_process: Process, tmp_path: Path) -> None:
    """The person wrote a post, is quoted, retweeted, answered and mentioned: live, in an imported page, and in one that was flattened."""

    def all_parts(first: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        own = post(first, f"own-words-{first}", author_id="4711")
        mention = {"start": 0, "end": 6, "username": "the_handle", "id": "4711"}
        return own, [
            own,
            post(first + 1, "a quote", **refer("quoted", own)),
            post(first + 2, f"RT @the_handle: own-words-{first}", **refer("retweeted", own)),
            post(first + 3, "an answer", in_reply_to_user_id="4711", **refer("replied_to", own)),
            post(first + 4, "hello you", entities={"mentions": [mention]}),
        ]

    person = {"id": "4711", "username": "the_handle", "name": "The-Whole-Name", "description": "the-own-description"}
    own, live = all_parts(10)
    for one in live:
        refers = one is not own and "referenced_tweets" in one
        stored.add(
            message(one, own, users=[person]) if refers else message(one, **({"users": [person]} if one is own else {}))
        )
    own, page = all_parts(20)
    flat_own, flat = all_parts(30)
    referred = [
        one | {"referenced_tweets": [one["referenced_tweets"][0] | flat_own | {"author": person}]}
        for one in flat
        if "referenced_tweets" in one
    ]
    answered = referred[-1] | {"in_reply_to_user": person}
    mentioned = flat[-1] | {"entities": {"mentions": [flat[-1]["entities"]["mentions"][0] | person]}}
    lines = [
        {"data": page, "includes": {"users": [person], "tweets": [own]}},
        {"data": page[4], "includes": {"users": [person]}},
        *(
            one | {"__twarc": {"retrieved_at": "2026-01-01T00:00:00Z"}}
            for one in (flat_own | {"author": person}, *referred, answered, mentioned)
        ),
    ]
    (tmp_path / "page.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    storage = {"BIGQUERY_STORAGE_EMULATOR_HOST": f"127.0.0.1:{bigquery_process.ready['grpc_port']}"}
    importing = ["--no-filter", "--workers", "1", "--staging", str(tmp_path / "staging")]
    imported = run(stored, "dataflow", "files", str(tmp_path / "page.jsonl"), *importing, **storage)
    assert imported.returncode == 0, imported.stderr
    assert "rejected 0" in imported.stderr

    marks = ("own-words", "The-Whole-Name", "the-own-description")
    before = everything(stored, tmp_path / "before")
    assert [mark for mark in marks if mark not in before] == []

    assert ask(stored, "--user", "4711", "--yes").returncode == 0
    sweep(Store("local", stored.dataset), datetime.now(UTC) + timedelta(hours=2))  # BigQuery changes no fresh rows
    after = everything(stored, tmp_path / "after")
    assert [mark for mark in marks if mark in after] == []
    assert "a quote" in after, "what others wrote stays"
    assert "hello you" in after


MISTAKES = {
    "a look, where nothing can be looked at": (
        ["--due", "--dry-run"],
        {"X_BEARER_TOKEN": "t"},
        "go with --post or --user",
    ),
    "nothing asked": ([], {}, "one of the arguments"),
    "a name and no number": (["--user", "@lorde"], {}, "is no id"),
    "no project": (["--post", "1"], {"GOOGLE_CLOUD_PROJECT": ""}, "GOOGLE_CLOUD_PROJECT is not set"),
    "nobody to ask": (["--post", "1"], {}, "Add --yes"),
    "no token": (["--due"], {"X_BEARER_TOKEN": ""}, "There is no bearer token for X"),
    "a token with a line break": (["--due"], {"X_BEARER_TOKEN": "a\nb"}, "is no bearer token"),
    "X unencrypted": (["--due"], {"X_BEARER_TOKEN": "t", "X_API_URL": "http://example.com"}, "unencrypted"),
}


@pytest.mark.parametrize(("arguments", "environment", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_explained(stored: Stored, arguments: list[str], environment: dict[str, str], words: str) -> None:
    done = ask(stored, *arguments, **environment)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
