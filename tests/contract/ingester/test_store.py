"""What a start reads of the ledger is enough: it leads to the same conclusions as all rows, whatever happened before."""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud import bigquery

from ingester.ledger import history
from ingester.ledger.model import Event, as_row
from ingester.ledger.store import Store
from ingester.ledger.units import by_holder
from tests.support.datasets import new_dataset

FRESH = 90.0
CONDITIONS = {"token": "7", "forbidden": "7", "parameters": "abc", "rules": "r1"}


@pytest.fixture
def dataset(client: bigquery.Client) -> Iterator[str]:
    name = new_dataset(client, "store")
    yield name
    client.delete_dataset(name, delete_contents=True)


def months(seed: int, now: datetime) -> list[Event]:
    """Sixty days of a ledger, sparse far back and dense at the end."""
    rng = random.Random(seed)
    moments = sorted(
        [now - timedelta(days=rng.uniform(0, 60)) for _ in range(60)]
        + [now - timedelta(seconds=rng.uniform(0, 9_000)) for _ in range(30)]
    )
    found: list[Event] = []
    gaps: list[Event] = []
    for number, at in enumerate(moments):
        holder = f"e{number // 7}/0/x"
        what = rng.choice(
            [
                "started",
                "connected",
                "alive",
                "alive",
                "disconnected",
                "refused",
                "gap",
                "filled",
                "stopped",
                "redriven",
            ]
        )
        since = at - timedelta(seconds=rng.uniform(0, 60))
        units = rng.randrange(1_000)
        shared: dict[str, Any] = {}
        if number % 3:  # the others were written by an earlier version
            shared = {"own_units": units // 2, "reserved_units": rng.randrange(60), "sequence": rng.randrange(1 << 40)}
        if what == "gap":
            gaps.append(
                Event(
                    holder,
                    at,
                    "gap_opened",
                    f"g{number}",
                    since,
                    None,
                    "closed",
                    [{"id": "1", "value": "m", "tag": ""}],
                )
            )
            found.append(gaps[-1])
        elif what == "filled" and gaps:
            gap = gaps.pop(rng.randrange(len(gaps)))
            status = rng.choice(["filled", "partial", "skipped"])
            found.append(
                Event(
                    holder,
                    at,
                    "gap_filled",
                    gap.gap_id,
                    gap.since,
                    at,
                    "closed",
                    delivered_today=units,
                    posts_expected=rng.choice([None, 5]),
                    posts_recovered=5,
                    status=status,
                    **shared,
                )
            )
        elif what == "stopped":
            reason = rng.choice(["told", "Done", "credits", "token", "pause", "bug"])
            retry = at + timedelta(hours=1) if reason in ("credits", "token") else None
            condition = "7" if reason == "token" else None
            found.append(
                Event(holder, at, "stopped", None, since, None, reason, retry_after=retry, condition=condition)
            )
        elif what not in ("gap", "filled"):
            row = {"since": since} if what in ("alive", "disconnected") else {}
            found.append(Event(holder, at, what, delivered_today=units, **row, **shared))  # type: ignore[arg-type]
    return found


def conclusions(events: list[Event], now: datetime) -> dict[str, Any]:
    rival = history.find_rival(events, "me", now, FRESH)
    stop = history.stop_in_force(events, now, CONDITIONS)
    recent = [at for at in history.connects(events) if at > now - timedelta(minutes=15)]
    return {
        "rival": rival and rival.holder,
        "stop": stop and (stop.reason, stop.at),
        "held": history.last_coverage(events, now),
        "open": history.open_gaps(events),
        "accounted": history.accounted_until(events),
        "connects": recent,
        "redriven": max((event.at for event in events if event.event == "redriven"), default=None),
    }


@pytest.mark.parametrize("seed", range(6))
def test_what_a_start_reads_gives_the_same_conclusions_as_the_whole_ledger(
    client: bigquery.Client, dataset: str, seed: int
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    events = months(seed, now)
    table = f"local.{dataset}.ingester_events"
    assert client.insert_rows_json(table, [as_row(event) for event in events]) == []
    read = asyncio.run(Store("local", dataset).history())
    assert conclusions(read, now) == conclusions(events, now)
    assert [event.at for event in read] == sorted(event.at for event in read)


def test_since_returns_only_the_events_from_that_time_on(client: bigquery.Client, dataset: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    events = months(1, now)
    assert client.insert_rows_json(f"local.{dataset}.ingester_events", [as_row(event) for event in events]) == []
    since = now - timedelta(minutes=15)
    read = asyncio.run(Store("local", dataset).since(since))
    assert read == [event for event in events if event.at >= since]


@pytest.mark.parametrize("seed", range(3))
def test_the_table_gives_each_holders_last_row_of_each_day(client: bigquery.Client, dataset: str, seed: int) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    events = [event for event in months(seed, now) if event.at > now - timedelta(days=62)]
    assert client.insert_rows_json(f"local.{dataset}.ingester_events", [as_row(event) for event in events]) == []
    read = asyncio.run(Store("local", dataset).units())
    assert sorted(read, key=str) == sorted(by_holder(events), key=str)
    assert {row.holder == "" for row in read} == {True, False}


def test_what_is_due_was_not_read_since_it_came_to_the_age(client: bigquery.Client, dataset: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    made = now - timedelta(hours=30)

    def row(post_id: str, source: str, hours: float, **more: Any) -> dict[str, Any]:
        received = (made + timedelta(hours=hours)).isoformat()
        times = {"created_at": made.replace(tzinfo=None).isoformat(), "received_at": received, "loaded_at": received}
        return {"id": post_id, "source": source, **times, **more}

    rows = [
        *(row(str(number), "stream", 0) for number in range(1, 5)),
        row("5", "stream", 0, retweet_of="1"),
        row("2", "refresh", 2),  # at an age before
        row("3", "refresh", 24.5),
        row("4", "refresh", 24),
    ]
    assert client.insert_rows_json(f"local.{dataset}.tweet_versions", rows) == []
    store = Store("local", dataset)

    def due(age_hours: float, unread_since: datetime) -> list[str]:
        age = timedelta(hours=age_hours)
        return asyncio.run(store.due(made, now - timedelta(hours=1), 1.0, unread_since, age))

    assert due(24, made) == ["1", "2"]
    assert due(0, made + timedelta(hours=24.2)) == ["1", "2", "4"], "by hand: by the time of the reading alone"
    assert asyncio.run(store.readings(made + timedelta(hours=3), made)) == 2
    assert asyncio.run(store.readings(made, made + timedelta(hours=1))) == 0, "of younger posts only"
