"""The load: Pub/Sub's deliveries of synthetic posts, and wrk, which sends them."""

import base64
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from google.pubsub_v1.types import PubsubMessage, ReceivedMessage

from local.emulators import eventarc
from local.emulators.x import posts, writer

_SCRIPT = Path(__file__).with_name("load.lua")
_SOURCE = "//pubsub.googleapis.com/projects/local/topics/tweets"
_SUBSCRIPTION = "projects/local/subscriptions/load-tweet"
_RULES = [{"id": "1166916266197536768", "tag": "artist"}]
_ANNOTATIONS = [
    {
        "domain": {"id": "10", "name": "Person", "description": "Named people in the world, like Nelson Mandela"},
        "entity": {"id": "808713037230157824", "name": "The artist"},
    },
    {
        "domain": {"id": "54", "name": "Musician", "description": "A musician in the world, like Adele or Bob Dylan"},
        "entity": {"id": "808713037230157824", "name": "The artist"},
    },
    {
        "domain": {"id": "131", "name": "Unified Twitter Taxonomy", "description": "A taxonomy of user interests."},
        "entity": {"id": "1045037032105095168", "name": "Pop"},
    },
]


class MissingTool(Exception):
    """A program that the benchmark needs is not on this machine; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What wrk saw; times in milliseconds."""

    requests: int
    refused: int  # answered with 400 or more
    broken: int  # not answered
    seconds: float
    p50: float
    p99: float


def deliveries(count: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """Yield (event id, body) of posts that the shipped keywords keep, so that each becomes a row of `tweet_versions`.

    No two texts are the same, as if there were no retweets, so that the function's cache of texts does not help it.
    """
    now = datetime.now(UTC)
    written = writer.write(seed, posts.spread(count * 2, now, timedelta(hours=24)))
    kept = (post for post in written if post.kept)
    for number, post in enumerate(islice(kept, count), start=1):
        payload = orjson.dumps(_as_large_as_xs(orjson.loads(post.as_json(_RULES)), number))
        data = {
            "id": post.id,
            "payload": payload.decode(),
            "received_at": int(now.timestamp() * 1_000_000),
            "source": "stream",
        }
        message = PubsubMessage(
            data=orjson.dumps(data), message_id=str(number), publish_time=now, attributes={"source": "stream"}
        )
        body, headers = eventarc.event(ReceivedMessage(message=message), _SOURCE, _SUBSCRIPTION)
        yield headers["ce-id"], body


def _as_large_as_xs(message: dict[str, Any], number: int) -> dict[str, Any]:
    """Add the fields that the ingester asks for and the synthetic posts leave out: about 2.5 kB in all, as X's posts have."""
    for post in [message["data"], *message.get("includes", {}).get("tweets", [])]:
        post["text"] += f" {number}"
        if "note_tweet" in post:
            post["note_tweet"]["text"] += f" {number}"
        post["display_text_range"] = [0, len(post["text"])]
        post["edit_controls"] = {
            "edits_remaining": 5,
            "is_edit_eligible": True,
            "editable_until": "2026-11-23T12:00:00.000Z",
        }
        post["context_annotations"] = _ANNOTATIONS
    for user in message.get("includes", {}).get("users", []):
        user["created_at"] = "2015-03-01T10:00:00.000Z"
        user["description"] = (
            f"Music, mostly. Fan number {number}. Here for the songs, not for the talk about the songs."
        )
        user["protected"] = False
    return message


def delivered_message(body: bytes) -> bytes:
    """Return the topic's message in a delivery."""
    return base64.b64decode(orjson.loads(body)["message"]["data"])


def post_id(body: bytes) -> str:
    """Return the id of the post in a delivery."""
    return str(orjson.loads(delivered_message(body))["id"])


def headers(event_id: str) -> dict[str, str]:
    """Return Eventarc's headers, by which the framework recognizes a CloudEvent."""
    return {
        "ce-id": event_id,
        "ce-source": _SOURCE,
        "ce-specversion": "1.0",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
    }


def write(path: Path, requests: list[tuple[str, bytes]]) -> None:
    """Write the file that load.lua reads."""
    with path.open("wb") as file:
        for event_id, body in requests:
            file.write(event_id.encode() + b"\t" + body + b"\n")


def find_wrk() -> str:
    """Return the program's path. Raises MissingTool."""
    program = shutil.which("wrk")
    if program is None:
        raise MissingTool(
            "wrk makes the load, and it is not on the PATH. Install it: apt-get install wrk, or brew install wrk."
        )
    return program


def wrk(url: str, requests: Path, connections: int, seconds: float) -> LoadResult:
    """Keep so many requests in flight for that time. Raises MissingTool."""
    program = find_wrk()
    command = [
        program,
        "-t1",
        f"-c{connections}",
        f"-d{seconds:.0f}s",
        "--timeout",
        "30s",
        "-s",
        str(_SCRIPT),
        url,
        "--",
        str(requests),
    ]
    output = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
    summary = orjson.loads(output.splitlines()[-1])
    return LoadResult(
        summary["requests"],
        summary["refused"],
        summary["broken"],
        summary["microseconds"] / 1e6,
        summary["p50"] / 1e3,
        summary["p99"] / 1e3,
    )
