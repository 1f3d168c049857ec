"""The views on a real SQL engine: rows in, rows out."""

import base64
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest
import sqlglot
from google.cloud import bigquery

from local.emulators.bigquery.create import schema, view_sql
from local.landed import query

T0 = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)


def at(minutes: float) -> str:
    return (T0 + timedelta(minutes=minutes)).isoformat()


def version(post_id: str, loaded: float = 0, **columns: Any) -> dict[str, Any]:
    base = {
        "id": post_id,
        "created_at": T0.replace(tzinfo=None).isoformat(),
        "source": "stream",
        "loaded_at": at(loaded),
        "text": post_id,
    }
    return base | columns


@pytest.fixture
def insert(client: bigquery.Client, dataset: str) -> Any:
    def insert(table: str, *rows: dict[str, Any]) -> None:
        assert client.insert_rows_json(f"{client.project}.{dataset}.{table}", list(rows)) == []

    return insert


def view_ids(client: bigquery.Client, dataset: str) -> list[str]:
    return [row["id"] for row in query(client, dataset, "SELECT id FROM tweets ORDER BY id")]


def test_a_post_stored_many_times_is_seen_once_as_it_was_stored_last(
    insert: Any, client: bigquery.Client, dataset: str
) -> None:
    insert(
        "tweet_versions",
        version("1", 0, text="a"),
        version("1", 2, text="c", source="archive"),
        version("1", 1, text="b"),
    )
    assert query(client, dataset, "SELECT id, text FROM tweets") == [{"id": "1", "text": "c"}]


READINGS: dict[str, tuple[list[dict[str, Any]], tuple[str, str, int | None, float | None]]] = {
    "the newest reading has the counts, and the post stays what it was": (
        [
            version("1", 0, text="a", favorite_count=0, received_at=at(0)),
            version("1", 9, text="a", favorite_count=5, received_at=at(8), source="refresh"),
            version("1", 8, text="a", favorite_count=3, received_at=at(7), source="refresh"),
        ],
        ("a", "stream", 5, 8),
    ),
    "a message that is delivered again later hides no newer counts": (
        [
            version("1", 0, text="a", favorite_count=0, received_at=at(0)),
            version("1", 5, text="a", favorite_count=5, received_at=at(5), source="refresh"),
            version("1", 9, text="a", favorite_count=0, received_at=at(0), source="archive"),
        ],
        ("a", "archive", 5, 5),
    ),
    "an import hides no counts of X's": (
        [
            version("1", 0, text="a", favorite_count=4, received_at=at(0)),
            version("1", 9, text="b", favorite_count=2, received_at=at(9), source="import"),
        ],
        ("b", "import", 4, 0),
    ),
    "an import's counts are there where there are no others": (
        [version("1", 0, text="a", favorite_count=4, received_at=at(0), source="import")],
        ("a", "import", 4, None),
    ),
}


@pytest.mark.parametrize(("rows", "seen"), READINGS.values(), ids=READINGS.keys())
def test_the_counts_are_the_newest_that_x_gave(
    insert: Any,
    client: bigquery.Client,
    dataset: str,
    rows: list[dict[str, Any]],
    seen: tuple[str, str, int | None, float | None],
) -> None:
    insert("tweet_versions", *rows)
    (row,) = query(client, dataset, "SELECT text, source, favorite_count, counted_at FROM tweets")
    counted = None if row["counted_at"] is None else (row["counted_at"] - T0).total_seconds() / 60
    assert (row["text"], row["source"], row["favorite_count"], counted) == seen


def test_a_reading_brings_back_no_post_and_is_no_arrival(insert: Any, client: bigquery.Client, dataset: str) -> None:
    reading = {"source": "refresh", "received_at": at(9), "favorite_count": 9}
    insert(
        "tweet_versions",
        version("1", 0),
        version("1", 9, **reading),  # deleted
        version("2", 9, **reading),  # the post itself is stored no more
        version("3", 0),
        version("3", 9, **reading),  # replaced by an edit
        version("4", 1),
        version("5", 0),
        version("5", 9, text="newer", **reading),
    )
    insert("deletions", {"id": "1", "reason": "deleted", "at": at(5)})
    insert("superseded", {"id": "3", "by_id": "4", "at": at(1)})
    insert("archive", {"id": "5", "message_id": "m1", "received_at": at(0), "source": "stream"})
    insert("archive", {"id": "5", "message_id": "m2", "received_at": at(9), "source": "refresh"})
    assert query(client, dataset, "SELECT id, text FROM tweets ORDER BY id") == [
        {"id": "4", "text": "4"},
        {"id": "5", "text": "5"},
    ]
    (hour,) = query(client, dataset, "SELECT archived, loaded, balance FROM receipt")
    assert hour == {"archived": 1, "loaded": 1, "balance": 0}


def test_engagement_has_a_row_a_reading(insert: Any, client: bigquery.Client, dataset: str) -> None:
    metrics = {"public_metrics": {"bookmark_count": 2, "impression_count": 900}}
    insert(
        "tweet_versions",
        version("1", 0, favorite_count=0, received_at=at(0)),
        version("1", 1, favorite_count=0, received_at=at(0), rules=["another"]),
        version(
            "1",
            61,
            favorite_count=7,
            retweet_count=3,
            reply_count=2,
            quote_count=1,
            received_at=at(60),
            source="refresh",
            payload=json.dumps({"data": metrics}),
        ),
        version("1", 99, favorite_count=8, received_at=at(90), source="import"),
        version("2", 0, received_at=at(0)),
    )
    insert("deletions", {"id": "2", "reason": "deleted", "at": at(5)})
    rows = query(client, dataset, "SELECT * EXCEPT (id, created_at, counted_at) FROM engagement ORDER BY counted_at")
    assert rows == [
        {
            "source": "stream",
            "age_hours": 0.0,
            "likes": 0,
            "reposts": None,
            "replies": None,
            "quotes": None,
            "bookmarks": None,
            "impressions": None,
        },
        {
            "source": "refresh",
            "age_hours": 1.0,
            "likes": 7,
            "reposts": 3,
            "replies": 2,
            "quotes": 1,
            "bookmarks": 2,
            "impressions": 900,
        },
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_view_is_what_plain_python_makes_of_random_histories(
    insert: Any, client: bigquery.Client, dataset: str, seed: int
) -> None:
    rng = random.Random(seed)
    rows: list[dict[str, Any]] = []
    superseded: list[dict[str, Any]] = []
    deletions: list[dict[str, Any]] = []
    for number in range(60):
        for _ in range(rng.randrange(1, 6)):
            received = rng.randrange(200)
            rows.append(
                version(
                    str(number),
                    loaded=len(rows) + rng.random(),
                    text=f"{number}.{len(rows)}",
                    source=rng.choice(["stream", "search", "archive", "import", "refresh", "refresh"]),
                    favorite_count=rng.choice([None, len(rows)]),
                    received_at=at(received + len(rows) / 1_000),
                    rules=rng.choice([[], ["a"], ["a", "b"]]),
                )
            )
        if rng.random() < 0.1:
            deletions.append({"id": str(number), "reason": rng.choice(["deleted", "scrub_geo"]), "at": at(1)})
        if rng.random() < 0.1:
            superseded.append({"id": str(number), "by_id": "999", "at": at(1)})
    rng.shuffle(rows)
    for table, listed in (("tweet_versions", rows), ("superseded", superseded), ("deletions", deletions)):
        if listed:
            insert(table, *listed)
    found = query(client, dataset, "SELECT id, text, source, favorite_count, counted_at, rules FROM tweets ORDER BY id")
    gone = {row["id"] for row in superseded} | {row["id"] for row in deletions if row["reason"] == "deleted"}
    expected = []
    for post_id in sorted({row["id"] for row in rows} - gone):
        versions = [row for row in rows if row["id"] == post_id]
        own = [row for row in versions if row["source"] != "refresh"]
        if not own:
            continue
        shown = max(own, key=lambda row: row["loaded_at"])
        counted = max(versions, key=lambda row: (row["source"] != "import", row["received_at"]))
        expected.append(
            {
                "id": post_id,
                "text": shown["text"],
                "source": shown["source"],
                "favorite_count": counted["favorite_count"],
                "counted_at": None if counted["source"] == "import" else datetime.fromisoformat(counted["received_at"]),
                "rules": sorted({rule for row in versions for rule in row["rules"]}),
            }
        )
    assert found == expected


def test_an_old_post_whose_files_disagree_about_its_time_is_seen_once(client: bigquery.Client, dataset: str) -> None:
    """Its id holds no time. The row with a time that was stored first decides."""
    rows = [
        ("29", "DATETIME '2009-07-01'", 3, "stored first, read again"),
        ("29", "DATETIME '2009-07-01'", 1, "stored first"),
        ("29", "DATETIME '2008-07-01'", 2, "another time"),
        ("29", "NULL", 0, "no time"),
        ("29", "DATETIME '2026-07-01'", 4, "a time that such ids are not of"),
        ("30", "NULL", 0, "no time"),
    ]
    values = [f"('{one}', {time}, 'files', TIMESTAMP '{at(loaded)}', '{text}')" for one, time, loaded, text in rows]
    # nothing so old can be streamed
    query(
        client,
        dataset,
        f"INSERT INTO tweet_versions (id, created_at, source, loaded_at, text) VALUES {', '.join(values)}",
    )
    assert query(client, dataset, "SELECT id, text FROM tweets ORDER BY id") == [
        {"id": "29", "text": "stored first, read again"},
        {"id": "30", "text": "no time"},
    ]


@pytest.mark.parametrize("deliveries", [[["a"], ["b"]], [["b"], ["a"]], [["a"], ["b", "a"], []]], ids=str)
def test_a_post_that_x_delivers_once_for_each_rule_has_all_of_them(
    insert: Any, client: bigquery.Client, dataset: str, deliveries: list[list[str]]
) -> None:
    insert("tweet_versions", *(version("1", number, rules=rules) for number, rules in enumerate(deliveries)))
    insert("tweet_versions", version("2", rules=["b"]), version("3"))
    assert query(client, dataset, "SELECT id, rules FROM tweets ORDER BY id") == [
        {"id": "1", "rules": ["a", "b"]},
        {"id": "2", "rules": ["b"]},
        {"id": "3", "rules": []},
    ]


def test_an_edit_replaces_its_earlier_versions_in_any_order_of_arrival(
    insert: Any, client: bigquery.Client, dataset: str
) -> None:
    insert(
        "superseded",
        {"id": "1", "by_id": "2", "at": at(0)},
        {"id": "1", "by_id": "3", "at": at(0)},
        {"id": "2", "by_id": "3", "at": at(0)},
    )
    insert("tweet_versions", version("3", 0, edit_of="1"), version("2", 5, edit_of="1"), version("1", 9))
    assert view_ids(client, dataset) == ["3"]


def test_an_edit_that_the_filter_dropped_leaves_nothing_of_its_chain(
    insert: Any, client: bigquery.Client, dataset: str
) -> None:
    insert("tweet_versions", version("1"))
    insert("superseded", {"id": "1", "by_id": "2", "at": at(0)})
    assert view_ids(client, dataset) == []


def test_a_deletion_removes_the_post_and_its_whole_chain(insert: Any, client: bigquery.Client, dataset: str) -> None:
    insert("tweet_versions", version("1"), version("5", edit_of="4"), version("6"))
    insert("deletions", {"id": "1", "reason": "deleted"}, {"id": "4", "chain_id": "4", "reason": "protected"})
    assert view_ids(client, dataset) == ["6"]


def test_a_scrubbed_location_goes_and_the_post_stays(insert: Any, client: bigquery.Client, dataset: str) -> None:
    payload = json.dumps(
        {"data": {"id": "1", "geo": {"place_id": "p"}}, "includes": {"places": [{"id": "p"}], "users": []}}
    )
    where = {
        "tweet_location": "Oslo",
        "longitude": 10.0,
        "latitude": 59.0,
        "country_code": "NO",
        "user_location": "Oslo",
    }
    insert("tweet_versions", version("1", payload=payload) | where)
    insert("deletions", {"id": "1", "reason": "scrub_geo"})
    columns = "tweet_location, longitude, latitude, country_code, user_location, TO_JSON_STRING(payload) AS payload"
    (row,) = query(client, dataset, f"SELECT {columns} FROM tweets")
    assert json.loads(row.pop("payload")) == {"data": {"id": "1"}, "includes": {"users": []}}
    assert row == {
        "tweet_location": None,
        "longitude": None,
        "latitude": None,
        "country_code": None,
        "user_location": "Oslo",
    }


def test_the_canary_is_not_seen(insert: Any, client: bigquery.Client, dataset: str) -> None:
    insert("tweet_versions", version("1", source="doctor"), version("2"))
    assert view_ids(client, dataset) == ["2"]


def test_the_receipt_balances_message_by_message(insert: Any, client: bigquery.Client, dataset: str) -> None:
    def archived(post_id: str, message_id: str, source: str = "stream") -> dict[str, Any]:
        return {
            "id": post_id,
            "message_id": message_id,
            "received_at": at(1),
            "publish_time": at(1),
            "source": source,
            "payload": "{}",
        }

    insert(
        "archive",
        archived("1", "m1"),
        archived("1", "m2"),  # X sent it twice: one post
        archived("2", "m3"),
        archived("", "m4"),
        archived("5", "m5"),
        archived("6", "m6"),
        archived("7", "m7", "doctor"),
    )
    insert("tweet_versions", version("1"), version("1", 1))
    insert("filtered", {"id": "2", "reason": "no_keyword"})
    # m4 by the function; 5 by the dead-letter topic, under a message id of its own; 6 nowhere
    insert(
        "rejected",
        {"message_id": "m4", "publish_time": at(1), "data": "/w=="},
        {"message_id": "x", "publish_time": at(1), "data": "eyJpZCI6IjUifQ=="},
    )
    assert query(client, dataset, "SELECT * FROM receipt") == [
        {"hour": T0, "archived": 5, "loaded": 1, "filtered": 1, "rejected": 2, "balance": 1}
    ]


def test_messages_of_the_last_minutes_are_not_missed_yet(insert: Any, client: bigquery.Client, dataset: str) -> None:
    now = datetime.now(UTC).isoformat()
    insert(
        "archive",
        {"id": "1", "message_id": "m1", "received_at": now, "publish_time": now, "source": "stream", "payload": "{}"},
    )
    assert query(client, dataset, "SELECT * FROM receipt") == []


def test_a_gap_has_its_newest_state(insert: Any, client: bigquery.Client, dataset: str) -> None:
    def event(name: str, gap: str, minute: float, **more: Any) -> dict[str, Any]:
        return {"holder": "h", "at": at(minute), "event": name, "gap_id": gap, "since": at(0), **more}

    insert(
        "ingester_events",
        event("gap_opened", "g1", 1, reason="closed", status="open"),
        event("gap_opened", "g2", 2, reason="budget", status="skipped"),
        event(
            "gap_filled", "g1", 3, reason="closed", status="partial", posts_expected=5, posts_recovered=4, until=at(2)
        ),
        {"holder": "h", "at": at(4), "event": "alive"},
    )
    columns = "gap_id, reason, status, posts_expected, posts_recovered"
    assert query(client, dataset, f"SELECT {columns} FROM stream_gaps ORDER BY gap_id") == [
        {"gap_id": "g1", "reason": "closed", "status": "partial", "posts_expected": 5, "posts_recovered": 4},
        {"gap_id": "g2", "reason": "budget", "status": "skipped", "posts_expected": None, "posts_recovered": None},
    ]


DUCKDB = {
    "STRING": "VARCHAR",
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMPTZ",
}


def filters_at_the_scan(view: str) -> str:
    """Return what DuckDB's plan filters while it reads tweet_versions, for a query of the view with a range of dates."""
    database = duckdb.connect()
    for table in ("tweet_versions", "superseded", "deletions"):
        columns = [
            f'"{f.name}" {DUCKDB.get(f.field_type, f.field_type)}{"[]" * (f.mode == "REPEATED")}' for f in schema(table)
        ]
        database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    days = "SELECT i::VARCHAR, TIMESTAMP '2026-01-01' + INTERVAL (i) DAY, 'stream' FROM range(300) AS t(i)"
    database.execute(f"INSERT INTO tweet_versions (id, created_at, source) {days}")
    database.execute("CREATE MACRO json_remove(a, b) AS a")
    translated = sqlglot.transpile(view, read="bigquery", write="duckdb")[0].replace("p.d.", "").replace('"p"."d".', "")
    database.execute(f"CREATE VIEW tweets AS {translated}")
    asked = "SELECT COUNT(*) FROM tweets WHERE created_at >= TIMESTAMP '2026-06-01'"
    plan = json.loads(database.execute(f"EXPLAIN (FORMAT JSON) {asked}").fetchall()[0][1])

    def scans(node: dict[str, Any]) -> list[dict[str, Any]]:
        found = [node["extra_info"]] if node["name"].strip() == "SEQ_SCAN" else []
        return found + [scan for child in node["children"] for scan in scans(child)]

    # all scans but the one for old ids, whose dates the view itself limits
    found = [str(scan.get("Filters", "")) for scan in scans(plan[0]) if "tweet_versions" in scan["Table"]]
    (filters,) = [one for one in found if "2010-11-05" not in one]
    return filters


def test_a_range_of_dates_is_applied_while_reading_so_that_partitions_are_pruned() -> None:
    view = view_sql("tweets", "p", "d")
    assert "created_at" in filters_at_the_scan(view)
    # the same view, with the id alone in the window, would read every partition
    assert "created_at" not in filters_at_the_scan(view.replace("PARTITION BY created_at, id", "PARTITION BY id"))


def test_the_flat_view_of_posts_has_no_arrays_and_says_what_kind_each_is(
    insert: Any, client: bigquery.Client, dataset: str
) -> None:
    lists: dict[str, Any] = {
        "hashtags": ["a", "b"],
        "mentions": ["m"],
        "urls": [],
        "rules": ["r", "s"],
        "keywords": ["k"],
    }
    insert(
        "tweet_versions",
        version("1", **lists),
        version("2", retweet_of="1", quote_of="3"),
        version("3", quote_of="1"),
        version("4", reply_to="1"),
        version("5", source="doctor"),
        version("6"),
    )
    insert("deletions", {"id": "6", "reason": "deleted"})
    rows = query(client, dataset, "SELECT * FROM posts ORDER BY id")
    assert [(row["id"], row["kind"]) for row in rows] == [
        ("1", "original"),
        ("2", "retweet"),
        ("3", "quote"),
        ("4", "reply"),
    ]
    first = rows[0]
    assert (first["hashtags"], first["mentions"], first["urls"], first["rules"]) == ("a b", "m", "", "r, s")
    assert first["link"] == "https://x.com/i/status/1"
    assert first["posted_at"] == T0
    assert not any(isinstance(value, (list, dict)) for row in rows for value in row.values())


def test_the_hours_of_posts_add_up(insert: Any, client: bigquery.Client, dataset: str) -> None:
    insert(
        "tweet_versions",
        version("1", lang="en", sentiment=0.5, user_followers_count=10),
        version("2", lang="en", sentiment=-0.5, user_followers_count=5, retweet_of="1"),
        version("3", lang="ja", quote_of="1"),
        version("4", lang="ja", reply_to="1"),
    )
    rows = query(client, dataset, "SELECT * FROM posts_by_hour ORDER BY lang")
    common = {"day": T0.date(), "hour": T0}
    assert rows == [
        {
            **common,
            "lang": "en",
            "posts": 2,
            "retweets": 1,
            "quotes": 0,
            "replies": 0,
            "reach": 15,
            "sentiment_sum": 0.0,
            "sentiment_n": 2,
        },
        {
            **common,
            "lang": "ja",
            "posts": 2,
            "retweets": 0,
            "quotes": 1,
            "replies": 1,
            "reach": None,
            "sentiment_sum": None,
            "sentiment_n": 0,
        },
    ]


def test_health_has_an_hour_for_what_arrived_and_for_each_gap(
    insert: Any, client: bigquery.Client, dataset: str
) -> None:
    insert(
        "archive", *({"id": str(n), "message_id": f"m{n}", "received_at": at(n), "source": "stream"} for n in range(3))
    )
    insert("tweet_versions", version("0"))
    insert("filtered", {"id": "1", "reason": "language", "received_at": at(1), "loaded_at": at(1)})
    gap = {"holder": "h", "gap_id": "g", "since": at(50), "until": at(80), "reason": "silent", "status": "filled"}
    insert("ingester_events", {**gap, "at": at(90), "event": "gap_filled"})
    rows = query(client, dataset, "SELECT * FROM health ORDER BY hour")
    assert [{**row, "dollars": float(row["dollars"])} for row in rows] == [
        {
            "hour": T0,
            "received": 3,
            "loaded": 1,
            "filtered": 1,
            "rejected": 0,
            "missing": 1,
            "dollars": 0.015,
            "seconds_not_held": 600,
            "gaps_open": 0,
            "gaps_closed": 1,
        },
        {
            "hour": T0 + timedelta(hours=1),
            "received": 0,
            "loaded": 0,
            "filtered": 0,
            "rejected": 0,
            "missing": 0,
            "dollars": 0.0,
            "seconds_not_held": 1200,
            "gaps_open": 0,
            "gaps_closed": 1,
        },
    ]


def test_a_rejected_message_that_is_no_json_does_not_break_the_receipt(
    insert: Any, client: bigquery.Client, dataset: str
) -> None:
    insert("archive", {"id": "7", "message_id": "m7", "received_at": at(0), "source": "stream"})
    common = {"subscription_name": "s", "attributes": "{}", "publish_time": at(0)}
    dead = base64.b64encode(b'{ "id": "7", "payload": "{}"}').decode()
    insert(
        "rejected",
        {**common, "message_id": "other", "data": dead},
        {**common, "message_id": "m8", "data": "bm90IGpzb24="},
    )
    assert query(client, dataset, "SELECT archived, rejected, balance FROM receipt") == [
        {"archived": 1, "rejected": 1, "balance": 0}
    ]
