"""A hundred thousand posts, one in ten of which X names: these are gone everywhere, and no other is touched."""

import itertools
import json
import os
import random
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.remove_deleted.rounds import Run
from local.emulators.x import posts, writer
from tests.support.removal import Clock, StandIn, Stored

POSTS = int(os.environ.get("REMOVAL_POSTS", "100000"))
REASONS = ("deleted", "deactivated", "suspended", "protected", "bounced")
_REFERENCES = ("referenced_tweets", "referenced_posts")


def marked(message: dict[str, Any]) -> dict[str, Any]:
    """Put the post's id among its words, wherever they occur, so that they can be searched for."""
    everyone = [
        message["data"],
        *message.get("includes", {}).get("tweets", []),
        *message.get("includes", {}).get("posts", []),
    ]
    for one in everyone:
        retweeted = [
            ref["id"] for name in _REFERENCES for ref in one.get(name) or [] if ref["type"] in ("retweeted", "reposted")
        ]
        mark = f" mark{retweeted[0] if retweeted else one['id']}"
        one["text"] += mark
        for note in ("note_tweet", "note_post"):
            if note in one:
                one[note]["text"] += mark
    return message


def written() -> list[dict[str, Any]]:
    """Return the posts of three days, as X's emulator writes them."""
    clock = posts.spread(POSTS, datetime.now(UTC) - timedelta(hours=4), timedelta(days=3))
    rules = [{"id": "1", "tag": "rule"}]
    return [marked(json.loads(post.as_json(rules))) for post in itertools.islice(writer.write(7, clock), POSTS)]


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_deletions_among_a_hundred_thousand_posts_remove_every_trace(
    stored: Stored, x: StandIn, run: Run, clock: Clock
) -> None:
    rng = random.Random(3)
    messages = written()
    began = time.monotonic()
    for first in range(0, POSTS, 2_000):
        stored.add(*messages[first : first + 2_000], age=timedelta(hours=3))
    told = {message["data"]["id"]: rng.choice(REASONS) for message in messages if rng.random() < 0.1}
    x.say(told)
    before = set(stored.shown())
    print(f"{POSTS:,} posts stored in {time.monotonic() - began:.0f} s; X names {len(told):,}")

    samples: set[int] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            samples.add(stored.ask("SELECT COUNT(*) AS n FROM tweets")[0]["n"])

    watcher = threading.Thread(target=look)
    watcher.start()
    began = time.monotonic()
    said = run.run_steps(1_500)
    over.set()
    watcher.join()
    print(f"asked, applied and swept in {time.monotonic() - began:.0f} s; {run.store.bytes_scanned:,} bytes")
    assert said.startswith("there is nothing to do until")

    gone = _all_that_goes(messages, set(told))
    assert set(stored.shown()) == before - gone
    assert samples <= {len(before), len(before - gone)}, "the view was right at every moment"
    left = re.compile(r"mark([0-9]+)")
    for table, column in (
        ("tweet_versions", "text"),
        ("tweet_versions", "TO_JSON_STRING(payload)"),
        ("archive", "payload"),
    ):
        marks = {
            row["m"]
            for row in stored.ask(
                f"SELECT DISTINCT m FROM {table} CROSS JOIN UNNEST(REGEXP_EXTRACT_ALL({column}, r'{left.pattern}')) AS m"
            )
        }
        assert marks
        assert not marks & gone, f"words are left in {table}"
    ids = {message["data"]["id"] for message in messages}
    assert set(stored.ids("tweet_versions")) == set(stored.ids("archive")) == ids - gone
    audit = stored.ask("SELECT id, table_name FROM removals WHERE action = 'row_removed'")
    for table in ("tweet_versions", "archive"):
        assert {row["id"] for row in audit if row["table_name"] == table} == gone & ids, "each removal is on record"


def _all_that_goes(messages: list[dict[str, Any]], told: set[str]) -> set[str]:
    """Return all ids to be removed: with every version of an edited post, and their retweets."""
    chains = [
        set(message["data"].get("edit_history_tweet_ids") or message["data"]["edit_history_post_ids"])
        for message in messages
    ]
    gone = set(told)
    for chain in chains:
        if len(chain) > 1 and chain & gone:
            gone |= chain
    for message in messages:
        references = [ref for name in _REFERENCES for ref in message["data"].get(name) or []]
        if any(ref["type"] in ("retweeted", "reposted") and ref["id"] in gone for ref in references):
            gone.add(message["data"]["id"])
    return gone
