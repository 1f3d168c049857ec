"""A dataset with the rows of rows.yaml, and an empty one, made once: questions only read."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from google.cloud import bigquery

from reports.query import Source
from tests.support.report_rows import fresh, received, recent_posts

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def source(session_client: bigquery.Client) -> Source:
    return fresh(session_client, yaml.safe_load((HERE / "rows.yaml").read_text()))


@pytest.fixture(scope="session")
def nothing(session_client: bigquery.Client) -> Source:
    return fresh(session_client, {})


@pytest.fixture
def live(session_client: bigquery.Client) -> Source:
    rows = recent_posts(3)
    now = datetime.now(UTC).isoformat()
    return fresh(
        session_client,
        {
            "tweet_versions": rows,
            "archive": received(recent_posts(5)),
            "filtered": [{"id": "3", "reason": "no_keyword", "received_at": now, "loaded_at": now}],
            "rejected": [
                {"data": "eA==", "message_id": "m9", "publish_time": now, "subscription_name": "s", "attributes": "{}"}
            ],
            "ingester_events": [
                {
                    "holder": "h",
                    "at": now,
                    "event": "alive",
                    "delivered_today": 300,
                    "credit_dollars": 12.4,
                    "credit_days": 2.5,
                },
                {"holder": "h", "at": now, "event": "gap_opened", "gap_id": "g", "since": now, "status": "open"},
            ],
        },
    )
