"""The streaming pipeline on this machine: a real subscription, and a BigQuery that fails for a while."""

import os
import sys
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import orjson
import pytest
from google.cloud import bigquery
from google.pubsub_v1 import types

from local.emulators.pubsub import client as pubsub
from local.emulators.pubsub import create as topics
from local.processes import Process
from tests.support import x_messages
from tests.support.processes import running
from tests.support.pubsub import SECONDS
from tests.support.waiting import eventually

pytestmark = pytest.mark.process_per_case

SUBSCRIPTION = "tweets-dataflow"


def message(number: int) -> bytes:
    payload = orjson.dumps(x_messages.message(x_messages.post(number, f"post {number}"))).decode()
    return orjson.dumps(
        {"id": str(number), "payload": payload, "received_at": 1_795_341_600_000_000, "source": "stream"}
    )


def tell(bigquery_url: str, faults: str) -> None:
    request = urllib.request.Request(
        f"{bigquery_url}/stand-in/faults", data=faults.encode(), method="PUT", headers={"Content-Type": "text/plain"}
    )
    urllib.request.urlopen(request, timeout=SECONDS).close()


def count(client: bigquery.Client, dataset: str) -> dict[str, Any]:
    sql = "SELECT (SELECT COUNT(*) FROM tweets) AS posts, (SELECT COUNT(*) FROM rejected) AS rejected"
    config = bigquery.QueryJobConfig(default_dataset=f"local.{dataset}")
    (row,) = client.query(sql, config, timeout=SECONDS).result(timeout=SECONDS)
    return dict(row)


@pytest.mark.parametrize("messages", [200, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_no_message_is_lost_when_bigquery_fails_for_a_while(
    messages: int, broker: Process, client: bigquery.Client, dataset: str, tmp_path: Path
) -> None:
    project = f"p{uuid.uuid4().hex[:8]}"
    host = f"127.0.0.1:{broker.port}"
    topics.create(host, project)
    topic, name = f"projects/{project}/topics/{topics.TOPIC}", f"projects/{project}/subscriptions/{SUBSCRIPTION}"
    subscription = types.Subscription(name=name, topic=topic)
    pubsub.subscriber(host).create_subscription(request=subscription, retry=None, timeout=SECONDS)
    for first in range(0, messages, 500):
        batch = [types.PubsubMessage(data=message(n)) for n in range(first, min(first + 500, messages))]
        pubsub.publisher(host).publish(topic=topic, messages=batch, retry=None, timeout=SECONDS)
    bad = types.PubsubMessage(data=orjson.dumps({"id": "", "payload": "{", "received_at": 1, "source": "stream"}))
    pubsub.publisher(host).publish(topic=topic, messages=[bad], retry=None, timeout=SECONDS)
    environment = {
        "GOOGLE_CLOUD_PROJECT": "local",
        "BIGQUERY_DATASET": dataset,
        "PUBSUB_EMULATOR_HOST": host,
    }
    command = [sys.executable, "-m", "dataflow", "stream", "--subscription", name]
    tell(os.environ["BIGQUERY_EMULATOR_HOST"], "503x5 lostx2 partialx2")
    try:
        with running("dataflow", command, environment, tmp_path) as process:
            expected = {"posts": messages, "rejected": 1}
            assert eventually(lambda: count(client, dataset) == expected, messages / 20 + 60, every=0.5), (
                count(client, dataset),
                process.why(),
            )
    finally:
        tell(os.environ["BIGQUERY_EMULATOR_HOST"], "")
