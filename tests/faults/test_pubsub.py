"""Pub/Sub as it may be: twice, out of order, late, away; and what it may carry."""

import json
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.pubsub_v1 import types

from local.emulators.pubsub import client as pubsub
from tests.support.pipeline import Rest
from tests.support.trial import Trial, cases
from tests.support.waiting import eventually, let_last

KINDS = {
    "delivers everything twice": ["--deliver-twice"],
    "delivers out of order": ["--shuffle"],
    "delivers everything twice and out of order": ["--deliver-twice", "--shuffle"],
}


@pytest.mark.parametrize("options", cases(KINDS))
def test_duplicate_and_reordered_deliveries_leave_the_view_correct(
    rest: Rest, tmp_path: Path, options: list[str]
) -> None:
    """Real messages that come twice or out of order, through the function to the view."""
    rest.pipeline.processes["pubsub"].stop()
    rest.pipeline.restart("pubsub", *options)
    one = Trial(rest, tmp_path, posts=400, rate=80.0)
    try:
        one.start()
        one.keep_running()
    finally:
        one.stop()
    one.check(60)
    rest.pipeline.processes["pubsub"].stop()  # and comes back as it was


def test_pub_sub_is_away_when_the_ingester_starts(rest: Rest, tmp_path: Path) -> None:
    """Real sockets: nothing listens where Google's client connects."""
    process = rest.pipeline.processes["pubsub"]
    process.signal(signal.SIGKILL)
    process.wait(10)
    one = Trial(rest, tmp_path, posts=300, rate=80.0)
    try:
        one.start()
        let_last(3)
        rest.pipeline.restart("pubsub")
        one.keep_running()
    finally:
        one.stop()
    one.check(60)


@pytest.mark.parametrize("part", cases({part: part for part in ("eventarc", "bigquery_subscription")}))
def test_a_backlog_of_the_whole_run_is_worked_off(rest: Rest, tmp_path: Path, part: str) -> None:
    """Real leases and deadlines: nobody takes messages until X has sent all."""
    process = rest.pipeline.processes[part]
    process.signal(signal.SIGTERM)
    process.wait(15)
    one = Trial(rest, tmp_path, posts=600, rate=200.0)
    try:
        one.start()
        assert eventually(lambda: "all_sent" in one.x.events, 60)
        rest.pipeline.restart(part)
        one.keep_running()
    finally:
        one.stop()
    one.check(60)


# ids whose times are now: created_at prunes partitions
_NOW = (int(time.time() * 1_000) - 1_288_834_974_657) << 22
FIRST, SECOND, THIRD = (str(_NOW + number) for number in (1, 2, 3))


def edit(*chain: str) -> dict[str, Any]:
    return {
        "data": {
            "id": chain[-1],
            "text": f"about the song, version {len(chain)}",
            "edit_history_tweet_ids": list(chain),
        }
    }


def publish(rest: Rest, *payloads: str, ids: list[str] | None = None) -> None:
    host = rest.pipeline.environment["PUBSUB_EMULATOR_HOST"]
    found = [str(json.loads(one)["data"]["id"]) for one in payloads] if ids is None else ids
    messages = [
        types.PubsubMessage(
            data=json.dumps(
                {"id": post_id, "payload": one, "received_at": int(time.time() * 1e6), "source": "stream"}
            ).encode(),
            attributes={"source": "stream"},
        )
        for post_id, one in zip(found, payloads, strict=True)
    ]
    pubsub.publisher(host).publish(topic="projects/local/topics/tweets", messages=messages, retry=None, timeout=20)


def shown(rest: Rest) -> list[tuple[str, str]]:
    return [(row["id"], row["text"]) for row in rest.ask("SELECT id, text FROM tweets ORDER BY id")]


ORDERS = {
    "as they were made": (0, 1, 2),
    "the last one first": (2, 1, 0),
    "the last, the first, the middle": (2, 0, 1),
    "the middle, the last, the first": (1, 2, 0),
}


@pytest.mark.parametrize("order", cases(ORDERS, "the middle, the last, the first"))
def test_an_edit_chain_shows_its_newest_version_whatever_the_order(rest: Rest, order: tuple[int, ...]) -> None:
    """Real SQL, and counts never count it twice, at no moment once the newest is there."""
    chain = [json.dumps(edit(FIRST)), json.dumps(edit(FIRST, SECOND)), json.dumps(edit(FIRST, SECOND, THIRD))]
    seen_last = False
    for number in order:
        publish(rest, chain[number])
        seen_last = seen_last or number == 2
        stored = f"SELECT 1 FROM tweet_versions WHERE id = '{[FIRST, SECOND, THIRD][number]}'"
        assert eventually(lambda: bool(rest.ask(stored)), 30)  # noqa: B023
        if seen_last:
            assert eventually(lambda: shown(rest) == [(THIRD, "about the song, version 3")], 10)
        else:
            assert len(shown(rest)) <= 2
    assert len(rest.ask("SELECT 1 FROM tweet_versions")) == 3, "the earlier ones stay"
    (hour,) = rest.ask("SELECT SUM(posts) AS posts FROM posts_by_hour")
    assert hour["posts"] == 1


def test_a_deletion_of_one_version_removes_the_chain_also_when_a_version_comes_later(rest: Rest) -> None:
    """Real SQL: the views over real tables."""
    publish(rest, json.dumps(edit(FIRST)), json.dumps(edit(FIRST, SECOND)))
    assert eventually(lambda: len(rest.ask("SELECT 1 FROM tweet_versions")) == 2, 30)
    row = {"id": SECOND, "chain_id": FIRST, "reason": "deleted", "event": "1", "at": datetime.now(UTC).isoformat()}
    assert rest.client.insert_rows_json("local.twitter.deletions", [row]) == []
    assert shown(rest) == []
    publish(rest, json.dumps(edit(FIRST, SECOND, THIRD)))
    assert eventually(lambda: len(rest.ask("SELECT 1 FROM tweet_versions")) == 3, 30)
    assert shown(rest) == []


def test_whatever_a_message_is_it_ends_somewhere(rest: Rest) -> None:
    """Real messages: 25 kB of text, right-to-left, no JSON, no post, a wrong type, X's problems, the same post fifty times."""
    huge = {"data": {"id": FIRST, "text": "x" * 270, "note_tweet": {"text": "song " + "🎵" * 6_000}}}
    arabic = {"data": {"id": SECOND, "text": "ألبوم song جديد"}}
    wrong = {"data": {"id": THIRD, "text": 7}}
    payloads = [json.dumps(huge), json.dumps(arabic, ensure_ascii=False), json.dumps(wrong)]
    others = [
        '{"data":{"id":"21',
        "",
        "[]",
        '{"errors":[{"title":"operational-disconnect"}]}',
        '{"info":{"a":1}}',
        "\ufffd" * 10,
    ]
    publish(rest, *payloads, *others, ids=[FIRST, SECOND, THIRD, *[""] * len(others)])
    for _ in range(5):
        publish(rest, *[json.dumps(arabic, ensure_ascii=False)] * 10, ids=[SECOND] * 10)
    assert eventually(lambda: len(rest.ask("SELECT 1 FROM rejected")) == 1 + len(others), 40)
    assert eventually(lambda: len(rest.ask("SELECT 1 FROM archive")) == 53 + len(others), 40)
    assert eventually(lambda: [one for one, _ in shown(rest)] == [FIRST, SECOND], 20)
    (text,) = [text for one, text in shown(rest) if one == FIRST]
    assert len(text) == len("song ") + 6_000
    reasons = {row["reason"] for row in rest.ask("SELECT DISTINCT reason FROM rejected")}
    assert reasons == {"not_json", "no_post", "wrong_type"}
