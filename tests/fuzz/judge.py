"""What holds for every message that a stranger can make, written once for Hypothesis and for atheris."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from local.emulators.bigquery.insert_errors import Field, Table, insert_errors
from posts.keywords import read_keywords
from posts.message import Delivery, unwrap_or_keep_whole
from posts.rows import Result, make_rows
from tests.support import ROOT
from warehouse.settings import read

SETTINGS = [
    read({"GOOGLE_CLOUD_PROJECT": "local"}),
    read({"GOOGLE_CLOUD_PROJECT": "local", "LANGUAGES": "en", "KEEP_RETWEETS": "false"}),
]
KEYWORDS = [read_keywords(ROOT / "functions" / "load_tweet" / "keywords.music.txt"), read_keywords(Path(os.devnull))]
_TOO_LARGE = ("Cannot convert value to integer (bad value)",)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
OUTCOMES = {"loaded", "filtered", "rejected"}


def _table(name: str) -> Table:
    fields = json.loads((ROOT / "infra" / "bigquery" / f"{name}.json").read_text())
    return Table(name, tuple(Field(one["name"], one["type"], one["mode"]) for one in fields), None)


TABLES = {name: _table(name) for name in ("tweet_versions", "filtered", "rejected", "superseded")}


def judge_request(body: bytes) -> None:
    """A request to the function, whoever sent it."""
    _judge(unwrap_or_keep_whole(body, "1"))


def judge_payload(payload: str) -> None:
    """X's message in one of ours."""
    record = {"id": "1", "payload": payload, "received_at": 1_764_000_000_000_000, "source": "stream"}
    _judge(Delivery(orjson.dumps(record), "1"))


def _judge(delivery: Delivery) -> None:
    """Raise for an exception that is not documented, the reason 'unforeseen', or rows that BigQuery would not take."""
    for settings in SETTINGS:
        for keywords in KEYWORDS:
            check(make_rows(delivery, settings.filter(keywords), NOW))


def check(result: Result) -> None:
    assert result.outcome in OUTCOMES
    assert result.reason != "unforeseen", result.rows
    by_table: dict[str, list[Any]] = {}
    for table, row_id, row in result.rows:
        assert row_id
        by_table.setdefault(table, []).append({"json": json.loads(orjson.dumps(row))})
    for table, rows in by_table.items():
        found = insert_errors(TABLES[table], rows, NOW, skip_invalid_rows=False, ignore_unknown_values=False)
        wrong = [why for entry in found for why in entry["errors"] if why["reason"] != "stopped"]
        # a count beyond what JSON's numbers hold is refused by BigQuery, and so ends in `rejected`; nothing else may be
        assert all(table != "rejected" and why["message"].startswith(_TOO_LARGE) for why in wrong), wrong
