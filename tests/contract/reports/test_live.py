"""The live page: its server, its numbers, and the page in a real browser while posts arrive."""

import asyncio
import json
import os
import re
import signal
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError

import pytest
from google.cloud import bigquery

from reports import query, questions
from reports.live.snapshot import Snapshots
from reports.query import Source
from tests.support.live_page import live_page


def test_the_numbers_are_those_of_the_tables(live: Source) -> None:
    answers = Snapshots(live, refresh=0.0, step=60)
    now = asyncio.run(answers.now())
    assert now["error"] is None
    numbers = {
        name: now[name]
        for name in ("total_posts", "no_retweets", "received", "loaded", "filtered", "rejected", "gaps_open")
    }
    assert numbers == {
        "total_posts": 3,
        "no_retweets": 3,
        "received": 5,
        "loaded": 3,
        "filtered": 1,
        "rejected": 1,
        "gaps_open": 1,
    }
    assert now["dollars_today"] == 1.5
    assert (now["credit_dollars"], now["credit_days"], now["cap_days"]) == (12.4, 2.5, None)
    assert now["sentiment"] == 0.5
    assert now["hashtags"] == [{"hashtag": "#music", "posts": 3}]
    assert [(step["posts"], step["n"]) for step in now["steps"]] == [(3, 3)]
    assert [post["id"] for post in now["latest"]] == ["2", "1", "0"]


def test_concurrent_viewers_share_one_query_per_refresh(live: Source) -> None:
    answers = Snapshots(live, refresh=60.0, step=60)

    async def many() -> None:
        await asyncio.gather(*(answers.now() for _ in range(20)))

    asyncio.run(many())
    assert answers.queries == 1


def test_an_empty_dataset_is_nothing_and_no_error(nothing: Source) -> None:
    now = asyncio.run(Snapshots(nothing, refresh=0.0, step=60).now())
    assert (now["error"], now["total_posts"], now["steps"], now["latest"], now["last_post_at"]) == (
        None,
        0,
        [],
        [],
        None,
    )


def test_what_bigquery_refuses_is_said_beside_the_last_numbers(session_client: bigquery.Client, live: Source) -> None:
    answers = Snapshots(live, refresh=0.0, step=60)
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
    with live_page(live, bigquery_url, google_credentials, tmp_path) as (address, process):
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
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
        ):
            with pytest.raises(HTTPError, match="403"):
                urllib.request.urlopen(urllib.request.Request(f"{address}/now.json", headers=headers), timeout=20)
        with pytest.raises(HTTPError, match="404"):
            urllib.request.urlopen(f"{address}/../etc/passwd", timeout=20)
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(15) == 0
    assert "Traceback" not in (tmp_path / "page.log").read_text()


def test_the_query_of_the_page_is_small(live: Source) -> None:
    """One statement a refresh, over one or eight days of views and tables."""
    sql = questions.load("live/now").template
    assert ";" not in re.sub("--.*", "", sql)
    assert "payload" not in sql.partition("WITH")[2]
    rows, _ = query.query(live, sql, {"now": ("TIMESTAMP", datetime.now(UTC)), "seconds": ("INT64", 60)})
    assert len(rows) == 1
