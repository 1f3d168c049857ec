"""Datasets with given rows for the reports, and the period that most of them are asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any

from google.cloud import bigquery

from reports import reading
from reports.params import Params
from reports.query import Source
from tests.support.datasets import new_dataset

# what a row of tweet_versions says of nothing else
_VERSION = {"source": "stream", "hashtags": [], "mentions": [], "urls": [], "rules": [], "keywords": []}


def fresh(client: bigquery.Client, rows: dict[str, list[dict[str, Any]]]) -> Source:
    """Return a new dataset with these rows by table."""
    source = Source(client, new_dataset(client, "reports"))
    for table, of_it in rows.items():
        insert(source, table, of_it)
    return source


def insert(source: Source, table: str, rows: list[dict[str, Any]]) -> None:
    if table == "tweet_versions":
        rows = [version(row) for row in rows]
    errors = source.client.insert_rows_json(f"{source.name}.{table}", rows)
    assert errors == []


def version(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of tweet_versions with all required columns."""
    arrived = f"{row['created_at']}Z"
    return {**_VERSION, "received_at": arrived, "loaded_at": arrived, "payload": "{}", **row}


def asked(**more: Any) -> Params:
    """Return a period from Saturday to Tuesday in New York, in which the clocks went back."""
    base: dict[str, Any] = {
        "since": "2026-10-31T04:00:00",
        "until": "2026-11-03T05:00:00",
        "timezone": "America/New_York",
        "minimum": 1,
    }
    given = base | more
    times = {name: datetime.fromisoformat(str(given[name])).replace(tzinfo=UTC) for name in ("since", "until")}
    if given.get("search") is not None:
        given["search"] = reading.parse(given["search"])
    given["parts"] = tuple(given.get("parts", ()))
    return Params(**(given | times))


def recent_posts(count: int, first: int = 0, **more: Any) -> list[dict[str, Any]]:
    """Return posts made and received a minute ago."""
    moment = datetime.now(UTC) - timedelta(minutes=1)
    return [
        {
            "id": str(first + n),
            "created_at": moment.strftime("%Y-%m-%dT%H:%M:%S"),
            "received_at": moment.isoformat(),
            "text": f"post {first + n}",
            "user_username": "ann",
            "sentiment": 0.5,
            "hashtags": ["Music"],
            **more,
        }
        for n in range(count)
    ]


def received(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"id": row["id"], "received_at": row["received_at"], "source": "stream", "message_id": f"m{row['id']}"}
        for row in rows
    ]
