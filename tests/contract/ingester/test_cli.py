"""The commands that a person runs: rules, replays of archive and rejected. As processes, against the emulators."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from google.cloud import bigquery

from local.emulators.pubsub import create
from posts.prices import DOLLARS
from tests.support import ROOT
from tests.support.processes import serving
from tests.support.pubsub import take_all
from tests.support.waiting import eventually

pytestmark = pytest.mark.process_per_case

NOW = datetime.now(UTC).replace(microsecond=0)


class Bench:
    """X, Pub/Sub and BigQuery for the ingester's commands."""

    def __init__(self, folder: Path, x: str, pubsub: str, environment: dict[str, str]) -> None:
        self.folder = folder
        self.x = x
        self.pubsub = pubsub
        self.environment = environment

    def run(self, *arguments: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ingester", *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment, **more},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def rules(self) -> list[tuple[str, str]]:
        answer = requests.get(
            f"{self.x}/2/tweets/search/stream/rules", headers={"Authorization": "Bearer local"}, timeout=10
        )
        return [(rule["value"], rule["tag"]) for rule in answer.json().get("data") or []]

    def file(self, *rules: tuple[str, str]) -> str:
        path = self.folder / "rules.yaml"
        path.write_text(json.dumps([{"value": value, "tag": tag} for value, tag in rules]))
        return str(path)


@pytest.fixture
def bench(tmp_path: Path, bigquery_url: str, google_credentials: Path, dataset: str) -> Iterator[Bench]:
    with (
        serving("x", "local.emulators.x.server", tmp_path, X_BEARER_TOKEN="local") as x,
        serving("pubsub", "local.emulators.pubsub.server", tmp_path) as broker,
    ):
        pubsub, url = f"127.0.0.1:{broker.port}", f"http://127.0.0.1:{x.port}"
        create.create(pubsub, "local")
        environment = {
            "GOOGLE_CLOUD_PROJECT": "local",
            "BIGQUERY_DATASET": dataset,
            "BIGQUERY_EMULATOR_HOST": bigquery_url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(google_credentials),
            "PUBSUB_EMULATOR_HOST": pubsub,
            "X_API_URL": url,
            "X_BEARER_TOKEN": "local",
        }
        yield Bench(tmp_path, url, pubsub, environment)


def test_plan_shows_what_apply_then_does_and_no_more(bench: Bench, client: bigquery.Client, dataset: str) -> None:
    first = bench.file(("music", "m"), ("dance", "d"))
    assert bench.run("rules", "plan", "--rules", first).returncode == 1
    assert bench.rules() == []
    assert bench.run("rules", "apply", "--rules", first, "--yes").returncode == 0
    assert bench.rules() == [("music", "m"), ("dance", "d")]
    assert bench.run("rules", "plan", "--rules", first).returncode == 0

    second = bench.file(("music", "other tag"), ("song", "s"))
    told = bench.run("rules", "plan", "--rules", second, "--price", REFRESH_AFTER="1d,7d")
    assert told.returncode == 1
    assert "that is no retweet is read again at 2 ages: up to $0.010 a post on top" in " ".join(told.stderr.split())
    assert "2 to add, 1 to change, 0 as they are, 1 not ours" in told.stderr
    assert told.stderr.startswith("X charges $0.020 for counting what the rules match."), "four rules are shown"
    program = bench.run("rules", "plan", "--rules", second, "--price", "--json")
    assert program.returncode == 1
    read = json.loads(program.stdout)
    assert [(rule["what"], rule["value"]) for rule in read["rules"]] == [
        ("add", "music"),
        ("add", "song"),
        ("change", "music"),
        ("not_ours", "dance"),
    ]
    assert read["posts_a_day"] == 0.0
    assert program.stderr == "X charges $0.005 for counting what the rules match.\n", "one query holds both rules"
    (row,) = client.query(f"SELECT SUM(units) AS units FROM {dataset}.spending").result()
    assert row["units"] == 5, "the ledger has them, and the limits count them"
    refused = bench.run("rules", "plan", "--rules", second, "--price", MAX_POSTS_PER_DAY="5")
    assert refused.returncode == 3
    assert "MAX_POSTS_PER_DAY is reached: 5 of 5 units" in refused.stderr
    assert bench.run("rules", "apply", "--rules", second, "--yes").returncode == 0
    assert sorted(bench.rules()) == [("dance", "d"), ("music", "other tag"), ("song", "s")]
    told = bench.run("rules", "apply", "--rules", second, "--yes")
    assert "Nothing is changed" in told.stderr
    assert bench.run("rules", "apply", "--rules", second, "--yes", "--remove-foreign").returncode == 0
    assert sorted(bench.rules()) == [("music", "other tag"), ("song", "s")]


def test_a_rule_that_x_would_refuse_is_told_before_anything_changes(bench: Bench) -> None:
    told = bench.run("rules", "apply", "--rules", bench.file(("music", "m"), ("(dance", "d")), "--yes")
    assert told.returncode == 3
    assert "X refuses the rule '(dance'" in told.stderr
    assert bench.rules() == []


def test_without_yes_and_without_a_person_nothing_is_done(bench: Bench) -> None:
    told = bench.run("rules", "apply", "--rules", bench.file(("music", "m")))
    assert told.returncode == 2
    assert "Add --yes" in told.stderr
    assert bench.rules() == []


MISTAKES = {
    "a limit below a page": (
        ["search", "--from", "2026-01-01", "--to", "2026-02-01", "--yes"],
        {"MAX_POSTS_PER_DAY": "59"},
        2,
        "less than X's smallest page may cost: 10 posts of up to 6 units, 60 in all",
    ),
    "a wrong token": (["rules", "plan"], {"X_BEARER_TOKEN": "wrong"}, 3, "Is the token right"),
    "X out of reach": (["rules", "plan"], {"X_API_URL": "http://127.0.0.1:9"}, 3, "X does not answer"),
    "a search from the future": (["search", "--from", "2999-01-01", "--to", "2998-01-01"], {}, 2, "is not before"),
    "a search of what cannot be stored": (
        ["search", "--from", "2012-01-01", "--to", "2012-02-01"],
        {},
        2,
        "load it with scripts/dataflow files",
    ),
    "a search of nothing": (["search", "--from", "2026-02-01", "--to", "2026-01-01"], {}, 2, "is not before --to"),
    "a rule that is not there": (
        ["search", "--from", "2020-01-01", "--rule", "mine"],
        {},
        2,
        "The tags are: artist-music",
    ),
    "a time that is none": (["archive", "--from", "yesterday"], {}, 2, "yesterday"),
    "no dataset": (["archive", "--from", "2026-01-01"], {"BIGQUERY_DATASET": "nowhere"}, 5, "Does the dataset exist"),
    "a limit that is no number": (["stream"], {"MAX_POSTS_PER_DAY": "many"}, 2, "MAX_POSTS_PER_DAY is 'many'"),
}


@pytest.mark.parametrize(("arguments", "change", "code", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_an_error_is_explained_without_a_traceback(
    bench: Bench, arguments: list[str], change: dict[str, str], code: int, words: str
) -> None:
    told = bench.run(*arguments, **change)
    assert (told.returncode, words in told.stderr) == (code, True), told.stderr
    assert "Traceback" not in told.stderr


def payload(number: int) -> str:
    return json.dumps({"data": {"id": str(number), "text": "music 👋"}}, ensure_ascii=False)


def archive(client: bigquery.Client, dataset: str, *rows: tuple[int, str, int]) -> None:
    """(post, source, seconds before now at which it was received)."""
    made = [
        {
            "id": str(n),
            "payload": payload(n),
            "source": source,
            "received_at": (NOW - timedelta(seconds=ago)).isoformat(),
        }
        for n, source, ago in rows
    ]
    assert client.insert_rows_json(f"local.{dataset}.archive", made) == []


def test_history_is_priced_fetched_within_the_budget_and_gone_on_with(
    bench: Bench, client: bigquery.Client, dataset: str, tmp_path: Path
) -> None:
    options = ("--posts", "400", "--rate", "4000", "--search-lag", "0", "--span-hours", "720", "--fault", "stall@0")
    with serving("history", "local.emulators.x.server", tmp_path, *options, X_BEARER_TOKEN="local") as x:
        url = f"http://127.0.0.1:{x.port}"
        headers = {"Authorization": "Bearer local"}
        rules = [{"value": value, "tag": value} for value in ("music", "dance")]
        requests.post(f"{url}/2/tweets/search/stream/rules", json={"add": rules}, headers=headers, timeout=10)
        with requests.get(f"{url}/2/tweets/search/stream", headers=headers, stream=True, timeout=10):
            assert eventually(lambda: "all_sent" in x.events)

        def search(*more: str, per_day: str = "0") -> str:
            told = bench.run(
                "--time-scale",
                "0.01",
                "search",
                "--from",
                f"{NOW - timedelta(days=31):%F}",
                "--to",
                f"{NOW - timedelta(days=1):%F}",
                "--rule",
                "music",
                *more,
                X_API_URL=url,
                MAX_POSTS_PER_DAY=per_day,
                MAX_POSTS_PER_MONTH="0",
                EXPAND_AUTHORS="false",
                EXPAND_REFERENCED="false",
            )
            assert told.returncode == 0, told.stderr
            return " ".join(told.stderr.split())

        said = search("--dry-run", per_day="60")
        (posts,) = re.search(r"([0-9]+) posts from ", said).groups()  # type: ignore[union-attr]
        assert f": ${int(posts) * DOLLARS:,.2f}." in said
        assert said.startswith("X charges $0.010 for counting what there is.")
        assert "Asking for it cost $0.010" in said
        assert "it takes up to" in said
        assert "The budget ended the search" in search("--yes", per_day="60")
        first = {one.attributes["source"] + json.loads(one.data)["id"] for one in take_all(bench.pubsub)}
        assert 10 <= len(first) <= 60
        rest = search("--yes")
        assert f"It goes on from {NOW.year}" in rest
        second = {one.attributes["source"] + json.loads(one.data)["id"] for one in take_all(bench.pubsub)}
        assert not first & second
        assert len(first | second) == int(posts)
        assert "finished before" in search("--yes")
    sql = f"SELECT event, status, posts_expected, posts_recovered FROM {dataset}.ingester_events WHERE event = 'gap_filled'"
    (row,) = client.query(sql).result()
    assert (row["status"], row["posts_expected"], row["posts_recovered"]) == ("partial", int(posts), int(posts))
    assert not list(client.query(f"SELECT * FROM {dataset}.stream_gaps").result()), "a search by hand is no gap"


def test_stored_posts_are_read_again_within_the_budget_each_once(
    bench: Bench, client: bigquery.Client, dataset: str, tmp_path: Path
) -> None:
    options = ("--posts", "300", "--rate", "4000", "--span-hours", "48")
    with serving("again", "local.emulators.x.server", tmp_path, *options, X_BEARER_TOKEN="local") as x:
        url = f"http://127.0.0.1:{x.port}"
        headers = {"Authorization": "Bearer local"}
        requests.post(
            f"{url}/2/tweets/search/stream/rules", json={"add": [{"value": "music"}]}, headers=headers, timeout=10
        )
        delivered = {}
        with requests.get(f"{url}/2/tweets/search/stream", headers=headers, stream=True, timeout=10) as stream:
            for line in stream.iter_lines():
                post = json.loads(line)["data"] if line else None
                if post is None:
                    continue
                references = {one["type"]: one["id"] for one in post.get("referenced_tweets") or []}
                delivered[post["id"]] = references.get("retweeted")
                if len(delivered) == 60:
                    break
        made = NOW - timedelta(days=1)
        stored = [
            {
                "id": post_id,
                "created_at": made.replace(tzinfo=None).isoformat(),
                "source": "stream",
                "received_at": made.isoformat(),
                "loaded_at": made.isoformat(),
                "retweet_of": retweet_of,
            }
            for post_id, retweet_of in [*delivered.items(), ("123", None)]  # X does not know the last one
        ]
        assert client.insert_rows_json(f"local.{dataset}.tweet_versions", stored) == []
        own = {row["id"] for row in stored if row["retweet_of"] is None}

        def refresh(*more: str, **environment: str) -> str:
            day = f"{made - timedelta(hours=1):%FT%T}", f"{made + timedelta(hours=1):%FT%T}"
            told = bench.run(
                "refresh",
                "--from",
                day[0],
                "--to",
                day[1],
                *more,
                X_API_URL=url,
                MAX_POSTS_PER_MONTH="0",
                **environment,
            )
            assert told.returncode == 0, told.stderr
            return " ".join(told.stderr.split())

        assert f"{len(own)} posts from " in (said := refresh("--dry-run", MAX_POSTS_PER_DAY="0"))
        assert f": ${len(own) * DOLLARS:,.2f}." in said
        tenth = refresh("--dry-run", "--share", "0.1", MAX_POSTS_PER_DAY="0")
        (few,) = map(int, re.findall(r"([0-9]+) posts from ", tenth))
        assert few < len(own) / 2
        assert take_all(bench.pubsub) == []
        said = refresh("--yes", MAX_POSTS_PER_DAY="10")
        assert "The budget has room for 10 of them now" in said
        assert "The budget ended it." in said
        first = [json.loads(message.data) for message in take_all(bench.pubsub)]
        readings = [
            {
                "id": message["id"],
                "created_at": made.replace(tzinfo=None).isoformat(),
                "source": message["source"],
                "received_at": NOW.isoformat(),
                "loaded_at": NOW.isoformat(),
            }
            for message in first
        ]
        assert client.insert_rows_json(f"local.{dataset}.tweet_versions", readings) == []
        said = refresh("--yes", MAX_POSTS_PER_DAY="0")
        assert "1 posts are not shown by X any more" in said
        second = [json.loads(message.data) for message in take_all(bench.pubsub)]
    assert {message["source"] for message in first + second} == {"refresh"}
    assert sorted(message["id"] for message in first + second) == sorted(own - {"123"}), "each once"
    assert all("public_metrics" in json.loads(message["payload"])["data"] for message in first + second)
    assert not [message for message in first + second if "includes" in json.loads(message["payload"])]
    (row,) = client.query(f"SELECT SUM(units) AS units FROM {dataset}.spending").result()
    assert row["units"] == len(own) - 1, "a unit a post: what X bills"


def test_the_archive_is_published_again_each_post_once_as_it_came_first(
    bench: Bench, client: bigquery.Client, dataset: str
) -> None:
    archive(
        client,
        dataset,
        (1, "stream", 300),
        (1, "search", 200),
        (2, "search", 100),
        (3, "doctor", 100),
        (4, "stream", 9_000),
    )
    interval = ["--from", (NOW - timedelta(hours=1)).isoformat()]
    told = bench.run("archive", *interval, "--dry-run", X_BEARER_TOKEN="")
    assert "2 messages of archive" in told.stderr, told.stderr
    assert take_all(bench.pubsub) == []
    assert bench.run("archive", *interval, X_BEARER_TOKEN="").returncode == 0
    messages = {json.loads(message.data)["id"]: message for message in take_all(bench.pubsub)}
    assert set(messages) == {"1", "2"}
    first: dict[str, Any] = json.loads(messages["1"].data)
    assert first == {
        "id": "1",
        "payload": payload(1),
        "received_at": round((NOW - timedelta(seconds=300)).timestamp() * 1e6),
        "source": "archive",
    }
    assert messages["1"].attributes["source"] == "archive"


def rejected(client: bigquery.Client, dataset: str, *rows: dict[str, Any]) -> None:
    usual = {
        "reason": "wrong_type",
        "rejected_at": (NOW - timedelta(minutes=5)).isoformat(),
        "attributes": "{}",
        "subscription_name": "s",
    }
    assert client.insert_rows_json(f"local.{dataset}.rejected", [usual | row for row in rows]) == []


def test_what_was_rejected_is_tried_again_once(bench: Bench, client: bigquery.Client, dataset: str) -> None:
    import base64

    message = json.dumps({"id": "1", "payload": payload(1), "received_at": 1_795_348_799_000_000, "source": "stream"})
    rejected(
        client,
        dataset,
        {"message_id": "m1", "data": base64.b64encode(message.encode()).decode()},
        {"message_id": "m2", "data": base64.b64encode(payload(2).encode()).decode(), "reason": None},
        {"message_id": "m3", "data": base64.b64encode(b"{}").decode(), "reason": "no_post"},
        {"message_id": "m4", "data": base64.b64encode(b"{}").decode(), "attributes": '{"rejected_message_id": "m0"}'},
    )
    assert "2 messages of rejected" in bench.run("rejected", "--dry-run").stderr
    assert bench.run("rejected").returncode == 0
    found = {json.loads(message.data)["id"]: message for message in take_all(bench.pubsub)}
    assert set(found) == {"1", "2"}
    assert json.loads(found["1"].data)["received_at"] == 1_795_348_799_000_000
    assert json.loads(found["1"].data)["source"] == "rejected"
    assert found["1"].attributes["rejected_message_id"] == "m1"
    assert "0 messages of rejected" in bench.run("rejected").stderr, "what was redriven is remembered"
    assert "2 messages of rejected" in bench.run("rejected", "--again", "--dry-run").stderr
