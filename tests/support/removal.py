"""For the tests of remove_deleted: a dataset with posts, an X emulator to ask about them, and a clock.

Rows are old enough to be changed, unless a test says otherwise.
"""

import base64
import json
import os
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from google.cloud import bigquery

from local.landed import query
from local.processes import Process
from posts.keywords import read_keywords
from posts.message import Delivery
from posts.rows import make_rows
from warehouse.settings import read as read_settings

OLD = timedelta(hours=3)


@dataclass
class Stored:
    """The tables of one dataset. Posts get into them as load_tweet and the archive's subscription would put them."""

    client: bigquery.Client
    dataset: str
    _count: int = 0

    def ask(self, sql: str) -> list[dict[str, Any]]:
        return query(self.client, self.dataset, sql)

    def insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        for first in range(0, len(rows), 2_000):
            assert self.client.insert_rows_json(f"local.{self.dataset}.{table}", rows[first : first + 2_000]) == []

    def add(self, *messages: dict[str, Any], age: timedelta = OLD) -> None:
        """Add each post to the archive, and as the rows that load_tweet makes of it."""
        self.add_payloads([json.dumps(message, ensure_ascii=False) for message in messages], age)

    def add_payloads(self, payloads: list[str], age: timedelta = OLD) -> None:
        moment = datetime.now(UTC) - age
        tables: dict[str, list[dict[str, Any]]] = {"archive": []}
        keywords = read_keywords(Path(os.devnull))
        settings = read_settings({"GOOGLE_CLOUD_PROJECT": "local"})
        for payload in payloads:
            self._count += 1
            post_id = _own_id(payload)
            received = int(moment.timestamp() * 1_000_000)
            record = {"id": post_id, "payload": payload, "received_at": received, "source": "stream"}
            delivery = Delivery(json.dumps(record).encode(), f"m{self._count}", publish_time=moment.isoformat())
            for table, _, row in make_rows(delivery, settings.filter(keywords), moment).rows:
                tables.setdefault(table, []).append(row)
            tables["archive"].append(
                {
                    "id": post_id,
                    "payload": payload,
                    "received_at": moment.isoformat(),
                    "source": "stream",
                    "subscription_name": "tweets-archive",
                    "message_id": f"m{self._count}",
                    "publish_time": moment.isoformat(),
                }
            )
        for table, rows in tables.items():
            self.insert(table, rows)

    def reject(self, data: bytes, age: timedelta = OLD) -> None:
        """Add a post as a dead letter."""
        self._count += 1
        moment = (datetime.now(UTC) - age).isoformat()
        row = {
            "data": base64.b64encode(data).decode(),
            "message_id": f"d{self._count}",
            "publish_time": moment,
            "attributes": "{}",
        }
        self.insert("rejected", [row])

    def shown(self) -> list[str]:
        return [row["id"] for row in self.ask("SELECT id FROM tweets ORDER BY id")]

    def ids(self, table: str) -> list[str]:
        return [row["id"] for row in self.ask(f"SELECT id FROM {table} ORDER BY id")]

    def text(self) -> str:
        """Return everything that the tables with content hold, to search through."""
        found: list[Any] = [self.ask(f"SELECT * FROM {table}") for table in ("tweet_versions", "archive")]
        found.append(
            [{**row, "data": (row["data"] or b"").decode("latin-1")} for row in self.ask("SELECT * FROM rejected")]
        )
        found += [
            self.ask(f"SELECT * FROM {table}") for table in ("removals", "deletions", "compliance_jobs", "filtered")
        ]
        return json.dumps(found, default=str, ensure_ascii=False)


def _own_id(payload: str) -> str:
    try:
        return str(json.loads(payload)["data"]["id"])
    except (ValueError, KeyError, TypeError):
        return ""


@dataclass
class StandIn:
    """The X emulator, and what a test tells it."""

    url: str
    process: Process

    def say(self, reasons: dict[str, str]) -> None:
        lines = [json.dumps({"id": one, "reason": reason}) for one, reason in reasons.items()]
        self._put("deleted", "\n".join(lines))

    def go_wrong(self, *words: str) -> None:
        self._put("compliance", "\n".join(words))

    def forget(self) -> None:
        self._put("forget", "")

    def _put(self, what: str, body: str) -> None:
        request = urllib.request.Request(
            f"{self.url}/stand-in/{what}", data=body.encode(), method="PUT", headers={"Content-Type": "text/plain"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200


@dataclass
class Clock:
    """A clock that moves only when a test says so."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=1)  # no two things at once
        return self.moment

    def pass_by(self, **time: float) -> None:
        self.moment += timedelta(**time)
