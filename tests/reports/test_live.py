"""The live page: its server, its numbers, and the page in a real browser while posts arrive."""

import asyncio
import json
import os
import re
import signal
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from google.cloud import bigquery

from local.processes import Process, free_port, listens, wait_until
from reports import ask, questions
from reports.ask import Source
from reports.live.answers import Answers
from tests.conftest import eventually, running
from tests.reports import attack
from tests.reports.browser import browsing, needs_chromium
from tests.reports.conftest import fresh, insert


def posts(count: int, first: int = 0, **more: Any) -> list[dict[str, Any]]:
    """Made and received a minute ago."""
    moment = datetime.now(UTC) - timedelta(minutes=1)
    return [
        {"id": str(first + n), "created_at": moment.strftime("%Y-%m-%dT%H:%M:%S"), "received_at": moment.isoformat(),
         "text": f"post {first + n}", "user_username": "ann", "sentiment": 0.5, "hashtags": ["Music"], **more}
        for n in range(count)
    ]  # fmt: skip


def received(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"id": row["id"], "received_at": row["received_at"], "source": "stream", "message_id": f"m{row['id']}"}
        for row in rows
    ]


@pytest.fixture
def live(session_client: bigquery.Client) -> Source:
    rows = posts(3)
    now = datetime.now(UTC).isoformat()
    return fresh(
        session_client,
        {
            "tweet_versions": rows,
            "archive": received(posts(5)),
            "filtered": [{"id": "3", "reason": "no_keyword", "received_at": now, "loaded_at": now}],
            "rejected": [
                {"data": "eA==", "message_id": "m9", "publish_time": now, "subscription_name": "s", "attributes": "{}"}
            ],
            "ingester_events": [
                {"holder": "h", "at": now, "event": "alive", "delivered_today": 300},
                {"holder": "h", "at": now, "event": "gap_opened", "gap_id": "g", "since": now, "status": "open"},
            ],
        },
    )


@contextmanager
def serving(source: Source, url: str, key: Path, folder: Path, *more: str) -> Iterator[tuple[str, Process]]:
    port = free_port()
    command = [sys.executable, "-m", "reports", "serve", "--port", str(port), "--dataset", source.dataset, *more]
    environment = {
        "BIGQUERY_EMULATOR_HOST": url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
        "GOOGLE_CLOUD_PROJECT": "local",
    }
    with running("page", command, environment, folder) as process:
        wait_until(lambda: listens(port), process, 60, "it listens")
        yield f"http://127.0.0.1:{port}", process


def test_the_numbers_are_those_of_the_tables(live: Source) -> None:
    answers = Answers(live, refresh=0.0, step=60)
    now = asyncio.run(answers.now())
    assert now["error"] is None
    numbers = {
        name: now[name]
        for name in ("total_posts", "no_retweets", "received", "loaded", "filtered", "rejected", "gaps_open")
    }
    assert numbers == {
        "total_posts": 3, "no_retweets": 3, "received": 5, "loaded": 3, "filtered": 1, "rejected": 1, "gaps_open": 1,
    }  # fmt: skip
    assert now["dollars_today"] == 1.5
    assert now["sentiment"] == 0.5
    assert now["hashtags"] == [{"hashtag": "#music", "posts": 3}]
    assert [(step["posts"], step["n"]) for step in now["steps"]] == [(3, 3)]
    assert [post["id"] for post in now["latest"]] == ["2", "1", "0"]


def test_however_many_look_bigquery_is_asked_once_a_refresh(live: Source) -> None:
    answers = Answers(live, refresh=60.0, step=60)

    async def many() -> None:
        await asyncio.gather(*(answers.now() for _ in range(20)))

    asyncio.run(many())
    assert answers.queries == 1


def test_an_empty_dataset_is_nothing_and_no_error(nothing: Source) -> None:
    now = asyncio.run(Answers(nothing, refresh=0.0, step=60).now())
    assert (now["error"], now["total_posts"], now["steps"], now["latest"], now["last_post_at"]) == (
        None,
        0,
        [],
        [],
        None,
    )


def test_what_bigquery_refuses_is_said_beside_the_last_numbers(session_client: bigquery.Client, live: Source) -> None:
    answers = Answers(live, refresh=0.0, step=60)
    asyncio.run(answers.now())
    good, answers.source = answers.source, Source(session_client, "nobody")
    wrong = asyncio.run(answers.now())
    assert "nobody" in wrong["error"]
    assert wrong["total_posts"] == 3
    answers.source = good
    assert asyncio.run(answers.now())["error"] is None


def test_it_answers_to_its_own_name_only(
    live: Source, bigquery_url: str, google_credentials: Path, tmp_path: Path
) -> None:
    with serving(live, bigquery_url, google_credentials, tmp_path) as (address, process):
        with urllib.request.urlopen(f"{address}/now.json", timeout=20) as answer:
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert json.load(answer)["total_posts"] == 3
        with urllib.request.urlopen(address, timeout=20) as answer:
            assert b"Content-Security-Policy" in answer.read()
        for path, host in (("/now.json", "evil.example"), ("/", "evil.example")):
            request = urllib.request.Request(f"{address}{path}", headers={"Host": host})
            with pytest.raises(HTTPError, match="400"):
                urllib.request.urlopen(request, timeout=20)
        with pytest.raises(HTTPError, match="404"):
            urllib.request.urlopen(f"{address}/../etc/passwd", timeout=20)
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(15) == 0
    assert "Traceback" not in (tmp_path / "page.log").read_text()


@needs_chromium
def test_the_page_moves_while_posts_arrive(
    live: Source, bigquery_url: str, google_credentials: Path, tmp_path: Path
) -> None:
    with serving(live, bigquery_url, google_credentials, tmp_path, "--timezone", "Asia/Kolkata") as (address, _):  # noqa: SIM117
        with browsing(address, timezone_id="America/Los_Angeles") as seen:
            page = seen.page
            assert page.inner_text("#total_posts") == "3"
            assert {name: page.inner_text(f"#{name}") for name in ("received", "loaded", "filtered", "rejected", "gaps_open")} == {
                "received": "5", "loaded": "3", "filtered": "1", "rejected": "1", "gaps_open": "1",
            }  # fmt: skip
            assert page.inner_text("#dollars_today") == "$1.50"
            assert page.inner_text("#sentiment") == "+0.50"
            bars = page.locator("#rate svg .mark-rect path")
            assert bars.count() == 60
            assert page.locator("#hashtags svg .mark-rect path").count() == 1
            assert page.locator("#latest li").count() == 3
            insert(live, "tweet_versions", posts(7, first=100, hashtags=["Tour"]))
            assert (
                eventually(lambda: page.inner_text("#total_posts") == "10", 30)
                or page.inner_text("#total_posts") == "10"
            )
            page.wait_for_function(
                "() => document.querySelectorAll('#hashtags svg .mark-rect path').length === 2", timeout=30_000
            )
            kolkata = datetime.now(UTC) + timedelta(hours=5, minutes=30)
            shown = page.inner_text("#state").split("as of ")[1][:5]
            assert abs(int(shown[:2]) * 60 + int(shown[3:]) - (kolkata.hour * 60 + kolkata.minute)) <= 1
            assert seen.complaints == []
            assert {request.removeprefix(address) for request in seen.requests} == {"/", "/now.json"}


@needs_chromium
def test_a_hostile_post_does_nothing_on_the_live_page(
    live: Source, bigquery_url: str, google_credentials: Path, tmp_path: Path
) -> None:
    fields = ("text", "hashtags", "user_username", "user_name", "user_location")
    insert(
        live,
        "tweet_versions",
        [{**posts(1, first=500)[0], **{name: row[name] for name in fields}} for row in attack.ROWS],
    )
    with serving(live, bigquery_url, google_credentials, tmp_path) as (address, _), browsing(address) as seen:
        page = seen.page
        page.wait_for_function("() => document.querySelectorAll('#latest li').length === 4", timeout=30_000)
        assert page.evaluate("() => window.attacked") is None
        assert page.locator("#latest img, #latest script, #latest b").count() == 0
        assert attack.FORMULA in page.inner_text("#latest") or "@cmd" in page.inner_text("#latest")
        assert seen.complaints == []


@needs_chromium
def test_a_server_that_has_ended_is_told(
    live: Source, bigquery_url: str, google_credentials: Path, tmp_path: Path
) -> None:
    with serving(live, bigquery_url, google_credentials, tmp_path) as (address, process), browsing(address) as seen:
        process.stop()
        seen.page.wait_for_selector("#error:not([hidden])", timeout=30_000)
        assert "Is python -m reports serve still running?" in seen.page.inner_text("#error")
        assert seen.page.inner_text("#total_posts") == "3"  # what was known stays


def test_the_query_of_the_page_is_small(live: Source) -> None:
    """One statement a refresh, over views and tables of a day or eight."""
    sql = questions.read("live/now").sql
    assert ";" not in re.sub("--.*", "", sql)
    assert "payload" not in sql.partition("WITH")[2]
    rows, _ = ask.query(live, sql, {"now": ("TIMESTAMP", datetime.now(UTC)), "seconds": ("INT64", 60)})
    assert len(rows) == 1
