"""A dataset with the rows of rows.yaml, made once; questions only read."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.cloud import bigquery

from local.bigquery import create as tables
from reports.ask import Source

HERE = Path(__file__).parent
# what a row of tweet_versions says of nothing else
VERSION = {"source": "stream", "hashtags": [], "mentions": [], "urls": [], "rules": [], "keywords": []}


@pytest.fixture(scope="session")
def session_client(bigquery_url: str, google_credentials: Path) -> Iterator[bigquery.Client]:
    before = dict(os.environ)
    os.environ |= {"BIGQUERY_EMULATOR_HOST": bigquery_url, "GOOGLE_APPLICATION_CREDENTIALS": str(google_credentials)}
    with bigquery.Client(project="local") as client:
        os.environ.clear()
        os.environ |= before
        yield client


@pytest.fixture(scope="session")
def source(session_client: bigquery.Client) -> Source:
    return fresh(session_client, yaml.safe_load((HERE / "rows.yaml").read_text()))


@pytest.fixture(scope="session")
def nothing(session_client: bigquery.Client) -> Source:
    return fresh(session_client, {})


def fresh(client: bigquery.Client, rows: dict[str, list[dict[str, Any]]]) -> Source:
    """A dataset of its own, with these rows by table."""
    name = f"reports_{uuid.uuid4().hex[:8]}"
    tables.create(client, name)
    source = Source(client, name)
    for table, of_it in rows.items():
        insert(source, table, of_it)
    return source


def insert(source: Source, table: str, rows: list[dict[str, Any]]) -> None:
    if table == "tweet_versions":
        rows = [version(row) for row in rows]
    errors = source.client.insert_rows_json(f"{source.name}.{table}", rows)
    assert errors == []


def version(row: dict[str, Any]) -> dict[str, Any]:
    arrived = f"{row['created_at']}Z"
    return {**VERSION, "received_at": arrived, "loaded_at": arrived, "payload": "{}", **row}
