"""The launcher's faster translations give the same rows: membership in a list, unnested lists, a view's columns."""

from typing import Any

import pytest
from google.cloud import bigquery

from reports import query
from reports.query import Source
from tests.support.report_rows import fresh

POSTS: list[dict[str, Any]] = [
    {"id": "1", "keywords": ["a", "b"], "hashtags": ["X", "x"], "payload": '{"data": {"id": "1"}}'},
    {"id": "2", "keywords": [], "hashtags": [], "payload": '{"data": {"id": "2"}}'},
    {
        "id": "3",
        "keywords": ["c"],
        "hashtags": ["y"],
        "quote_of": "9",
        "payload": '{"data": {"id": "3"}, "includes": {"tweets": [{"id": "9", "text": "gone"}]}}',
    },
]
DELETED = [{"id": "9", "chain_id": "9", "reason": "deleted", "at": "2026-11-02T00:00:00Z"}]
ROWS = {
    "a value of a list": ("SELECT id FROM tweets WHERE 'a' IN UNNEST(keywords) ORDER BY id", [{"id": "1"}]),
    "and none": ("SELECT id FROM tweets WHERE NOT 'a' IN UNNEST(keywords) ORDER BY id", [{"id": "2"}, {"id": "3"}]),
    "a column in a list": ("SELECT id FROM tweets WHERE LOWER(id) IN UNNEST(keywords)", []),
    "a list taken apart": (
        "SELECT id, LOWER(tag) AS tag, COUNT(*) AS n FROM tweets, UNNEST(hashtags) AS tag GROUP BY 1, 2 ORDER BY 1, 2",
        [{"id": "1", "tag": "x", "n": 2}, {"id": "3", "tag": "y", "n": 1}],
    ),
    "and its rows counted": ("SELECT COUNT(*) AS n FROM tweets, UNNEST(hashtags) AS tag WHERE tag != 'y'", [{"n": 2}]),
    "an outer join keeps the row without": (
        "SELECT id, tag FROM tweets LEFT JOIN UNNEST(hashtags) AS tag WHERE id = '2'",
        [{"id": "2", "tag": None}],
    ),
    "with an offset": (
        "SELECT tag FROM tweets, UNNEST(hashtags) AS tag WITH OFFSET AS place WHERE place = 1 ORDER BY 1",
        [{"tag": "x"}],
    ),
    "of a view under another name": (
        "SELECT p.id FROM tweets AS p, UNNEST(p.hashtags) AS tag WHERE tag = 'y'",
        [{"id": "3"}],
    ),
    "two lists": ("SELECT COUNT(*) AS n FROM tweets, UNNEST(hashtags) AS tag, UNNEST(keywords) AS word", [{"n": 5}]),
    **{
        f"the message of a post that carries one that is gone, {how}": (
            sql.replace("CARRIED", "JSON_QUERY(payload, '$.includes') AS carried"),
            [{"carried": None}],
        )
        for how, sql in {
            "alone": "SELECT CARRIED FROM tweets WHERE id = '3'",
            "in a subquery": "SELECT carried FROM (SELECT id, CARRIED FROM tweets) WHERE id = '3'",
            "among all columns": "SELECT CARRIED FROM (SELECT * FROM tweets) WHERE id = '3'",
            "under another name": "SELECT JSON_QUERY(p.payload, '$.includes') AS carried FROM tweets AS p WHERE p.id = '3'",
            "of a whole row": "SELECT JSON_QUERY(TO_JSON(p), '$.payload.includes') AS carried FROM tweets AS p WHERE p.id = '3'",
        }.items()
    },
}


@pytest.fixture(scope="module")
def source(session_client: bigquery.Client) -> Source:
    rows = [{"created_at": "2026-11-01T12:00:00", **post} for post in POSTS]
    return fresh(session_client, {"tweet_versions": rows, "deletions": DELETED})


@pytest.mark.parametrize(("sql", "expected"), ROWS.values(), ids=ROWS.keys())
def test_the_rows_are_those_of_bigquery(source: Source, sql: str, expected: list[dict[str, Any]]) -> None:
    rows, _ = query.query(source, sql, {})
    assert rows == expected


def test_a_post_without_the_value_and_one_where_nothing_is_looked_for(source: Source) -> None:
    sql = "SELECT COUNT(*) AS n FROM tweets WHERE @keyword IS NULL OR @keyword IN UNNEST(keywords)"
    for value, count in (("a", 1), ("z", 0), (None, 3)):
        rows, _ = query.query(source, sql, {"keyword": ("STRING", value)})
        assert rows == [{"n": count}]
