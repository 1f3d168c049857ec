"""Rows for weeks of synthetic posts, by table.

The code that the function runs makes them from the posts that X's stand-in sends. Only the times are invented: quiet nights, busy
evenings, an album release, an hour in which nobody held the stream, and a night that nobody filled. A third of the posts are read again
after an hour, a day and a week.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from local.emulators.x import writer
from local.emulators.x.growth import grown
from local.options import RULES
from posts.filter import Filter
from posts.keywords import read_keywords
from posts.message import Delivery
from posts.prices import POST, USER, resources
from posts.rows import make_rows, timestamp
from posts.sentiment import add_scores, scorer

DAYS = 28
_AGES = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))  # at which posts are read again
_READ_AGAIN = 3  # of so many posts one
_KEYWORDS = Path(__file__).parents[1] / "functions" / "load_tweet" / "keywords.music.txt"


def make(
    count: int, days: int, now: datetime, seed: int = 1, sentiment: str = "multilingual"
) -> dict[str, list[dict[str, Any]]]:
    """Return rows by table, as insertAll takes them, for the `days` before `now`.

    The same seed gives the same posts, moved in time. Posts of the last six minutes and of the gaps are left out, so there are
    somewhat fewer than `count`.
    """
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("tweet_versions", "filtered", "superseded", "archive", "rejected", "ingester_events")
    }
    gaps = _gaps(now, days)
    moments = _moments(count, days, now, random.Random(seed))
    topic = Filter(read_keywords(_KEYWORDS))
    matched = [{"id": "1", "tag": "artist-music"}]
    release = _release(days, now)
    written = writer.write(
        seed, lambda n: moments[min(n, len(moments) - 1)], event=lambda moment: _album_share(moment - release)
    )
    for number, post in enumerate(islice(written, len(moments))):
        gap = next((gap for gap in gaps if gap["since"] <= moments[number] < gap["until"]), None)
        is_retweet = any(r["type"] in {"retweeted", "reposted"} for r in post.data.get("referenced_tweets") or [])
        if gap is not None and (gap["status"] != "filled" or is_retweet):
            continue
        source, arrived = ("search", gap["until"]) if gap else ("stream", moments[number] + timedelta(seconds=4))
        _store(tables, topic, post.id, post.as_json(matched), arrived=arrived, source=source)
        if not is_retweet and number % _READ_AGAIN == 0:
            for age in _AGES:
                read = moments[number] + age + timedelta(minutes=20)
                if read < now:
                    later = grown(post.data, (read - moments[number]).total_seconds())
                    _store(tables, topic, post.id, orjson.dumps({"data": later}), arrived=read, source="refresh")
    add_scores(tables["tweet_versions"], scorer(sentiment))
    tables["ingester_events"] = list(_events(gaps, tables["archive"], now))
    return tables


def _store(
    tables: dict[str, list[dict[str, Any]]],
    topic: Filter,
    post_id: str,
    payload: bytes,
    *,
    arrived: datetime,
    source: str,
) -> None:
    """Add the rows of a message: what the function makes of it, and its copy in the archive."""
    text, name = payload.decode(), f"m{len(tables['archive'])}"
    message = {"id": post_id, "payload": text, "received_at": int(arrived.timestamp() * 1e6), "source": source}
    delivery = Delivery(orjson.dumps(message), name, "tweets", arrived.isoformat())
    for table, _, row in make_rows(delivery, topic, arrived + timedelta(seconds=1)).rows:
        tables[table].append(row)
    stamp = timestamp(arrived)
    tables["archive"].append(
        {
            "id": post_id,
            "payload": text,
            "received_at": stamp,
            "source": source,
            "message_id": name,
            "subscription_name": "tweets-archive",
            "publish_time": stamp,
            "attributes": "{}",
        }
    )


def _moments(count: int, days: int, now: datetime, rng: random.Random) -> list[datetime]:
    """Return the times of the posts in order: evenings in the Americas, more at weekends, and a burst at the release."""
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
    hours = [start + timedelta(hours=n) for n in range(days * 24 + 1)]
    release = _release(days, now)
    weights = []
    for hour in hours:
        evening = 1.0 + 1.6 * max(0.0, 1 - abs(((hour.hour - 0.5 + 12) % 24) - 12) / 7)
        weekend = 1.35 if hour.weekday() >= 5 else 1.0
        since = (hour - release) / timedelta(hours=1)
        burst = 1.0 + (9.0 * 0.8**since if since >= 0 else 0.0)
        weights.append(evening * weekend * burst * rng.uniform(0.8, 1.2))
    drawn = rng.choices(hours, weights, k=count)
    moments = sorted(hour + timedelta(seconds=rng.random() * 3_600) for hour in drawn)
    return [moment for moment in moments if moment < now - timedelta(minutes=6)]


def _release(days: int, now: datetime) -> datetime:
    """Return when the album comes out: in the evening, five days before the end."""
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
    return start + timedelta(days=days - 5, hours=(21 - start.hour) % 24)


def _album_share(since: timedelta) -> float:
    """Return the share of posts about the album, `since` it came out."""
    hours = since / timedelta(hours=1)
    return 0.0 if hours < 0 else max(0.6 * 0.9**hours, 0.04)


def _gaps(now: datetime, days: int) -> list[dict[str, Any]]:
    night = (now - timedelta(days=days // 2)).replace(hour=2, minute=10, second=0, microsecond=0)
    return [
        {
            "since": now - timedelta(days=3, hours=5),
            "until": now - timedelta(days=3, hours=3, minutes=48),
            "status": "filled",
            "reason": "silent",
            "note": "Recent search returns no retweets.",
        },
        {
            "since": night,
            "until": night + timedelta(hours=9, minutes=20),
            "status": "skipped",
            "reason": "budget",
            "note": "The day's budget was spent. To fetch the gap all the same: python -m ingester search.",
        },
    ]


def _events(gaps: list[dict[str, Any]], archive: list[dict[str, Any]], now: datetime) -> Iterator[dict[str, Any]]:
    rules = orjson.dumps([{"id": "1", "value": _rule(), "tag": "artist-music"}]).decode()
    for number, gap in enumerate(gaps):
        base = {"holder": "demo", "gap_id": f"gap-{number}", "reason": gap["reason"], "rules": rules}
        times = {"since": gap["since"].isoformat(), "until": gap["until"].isoformat()}
        yield {**base, **times, "at": gap["since"].isoformat(), "event": "gap_opened", "status": "open"}
        recovered = sum(row["source"] == "search" for row in archive) if gap["status"] == "filled" else None
        expected = recovered + round(0.35 * recovered) if recovered is not None else None
        yield {
            **base,
            **times,
            "at": gap["until"].isoformat(),
            "event": "gap_filled",
            "status": gap["status"],
            "posts_expected": expected,
            "posts_recovered": recovered,
            "note": gap["note"],
        }
    began = min(gap["since"] for gap in gaps) - timedelta(days=DAYS)
    yield {"holder": "demo", "at": began.isoformat(), "event": "started", "rules": rules}
    for day, units in _billed_units_by_day(archive).items():
        at = min(datetime.fromisoformat(f"{day}T23:59:00+00:00"), now).isoformat()
        row = {"holder": "demo", "at": at, "event": "alive", "since": at, "rules": rules}
        yield row | {"delivered_today": units, "own_units": units}


def _billed_units_by_day(archive: list[dict[str, Any]]) -> dict[str, int]:
    """Return what X would bill for each day of arrival: each post and each user once."""
    billed: dict[str, set[tuple[int, str]]] = {}
    for row in archive:
        billable = resources(orjson.loads(row["payload"]))
        billed_that_day = billed.setdefault(row["received_at"][:10], set())
        billed_that_day |= {(POST, post) for post in billable.posts} | {(USER, user) for user in billable.users}
    return {day: sum(units for units, _ in resources_) for day, resources_ in billed.items()}


def _rule() -> str:
    return " ".join(RULES.read_text(encoding="utf-8").partition("value: >-")[2].split())
