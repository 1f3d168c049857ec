"""BigQuery's row errors, which our launcher puts in front of the emulator."""

from datetime import UTC, datetime
from typing import Any

import pytest

from local.emulators.bigquery.insert_errors import Field, Table, insert_errors

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TABLE = Table(
    "p:d.t",
    (
        Field("id", "STRING", "REQUIRED"),
        Field("n", "INTEGER"),
        Field("x", "FLOAT"),
        Field("yes", "BOOLEAN"),
        Field("day", "DATETIME"),
        Field("at", "TIMESTAMP"),
        Field("data", "BYTES"),
        Field("doc", "JSON"),
        Field("tags", "STRING", "REPEATED"),
    ),
    partition="day",
)
GOOD: dict[str, Any] = {
    "id": "1",
    "n": 1,
    "x": 1.5,
    "yes": True,
    "day": "2026-11-22T00:00:00",
    "at": "2026-11-22T00:00:00Z",
} | {
    "data": "aGk=",
    "doc": '{"a": 1}',
    "tags": ["a"],
}


def errors(row: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
    found = insert_errors(TABLE, [{"json": row}], NOW, **options)
    return [(error["location"], error["message"]) for entry in found for error in entry["errors"]]


def test_a_good_row_has_none() -> None:
    assert errors(GOOD) == []
    assert errors({"id": "1"}) == []


@pytest.mark.parametrize(
    ("change", "location", "words"),
    [
        ({"nope": 1}, "nope", "no such field: nope."),
        ({"id": None}, "id", "Missing required field: id."),
        ({"n": "many"}, "n", "Cannot convert value to integer (bad value): many"),
        ({"n": 1.5}, "n", "Cannot convert value to integer (bad value): 1.5"),
        ({"n": 2**63}, "n", "Cannot convert value to integer"),
        ({"n": True}, "n", "Cannot convert value to integer"),
        ({"n": [1]}, "n", "Array specified for non-repeated field: n."),
        ({"n": {"a": 1}}, "n", "This field: n is not a record."),
        ({"x": "wide"}, "x", "Cannot convert value to float"),
        ({"yes": "perhaps"}, "yes", "Cannot convert value to boolean"),
        ({"day": "2026-11-22T00:00:00Z"}, "day", "Cannot convert value to datetime"),
        ({"day": "2026-02-30T00:00:00"}, "day", "Cannot convert value to datetime"),
        ({"at": "now"}, "at", "Cannot convert value to timestamp"),
        ({"data": "%"}, "data", "Cannot convert value to bytes"),
        ({"doc": "{"}, "doc", "Cannot convert value to json"),
        ({"doc": "1e400"}, "doc", "Cannot convert value to json"),
        ({"tags": "a"}, "tags", "Repeated field tags must be an array."),
        ({"tags": [None]}, "tags", "Only optional fields can be set to NULL."),
        ({"day": "2010-01-01T00:00:00"}, "day", "outside the allowed bounds"),
        ({"day": "2028-01-01T00:00:00"}, "day", "outside the allowed bounds"),
    ],
)
def test_a_bad_row_is_told_with_its_column(change: dict[str, Any], location: str, words: str) -> None:
    ((found, message),) = errors(GOOD | change)
    assert (found, message[: len(words)] == words or words in message) == (location, True), message


@pytest.mark.parametrize(
    "change", [{"n": "12"}, {"x": "1.5"}, {"x": 1}, {"yes": "true"}, {"at": 1_790_000_000}, {"id": 5}, {"day": None}]
)
def test_what_bigquery_converts_is_good(change: dict[str, Any]) -> None:
    assert errors(GOOD | change) == []


def test_one_bad_row_stops_the_others() -> None:
    found = insert_errors(TABLE, [{"json": GOOD}, {"json": GOOD | {"n": "many"}}, {"json": GOOD}], NOW)
    assert [(entry["index"], entry["errors"][0]["reason"]) for entry in found] == [
        (0, "stopped"),
        (1, "invalid"),
        (2, "stopped"),
    ]


def test_with_skip_invalid_rows_only_the_bad_ones_are_named() -> None:
    found = insert_errors(TABLE, [{"json": GOOD}, {"json": GOOD | {"n": "many"}}], NOW, skip_invalid_rows=True)
    assert [entry["index"] for entry in found] == [1]


def test_unknown_values_can_be_ignored() -> None:
    assert errors(GOOD | {"nope": 1}, ignore_unknown_values=True) == []


def test_a_number_that_is_said_to_be_inexact_is_refused_in_json() -> None:
    table = Table("t", (Field("payload", "JSON"),))
    rows = [{"json": {"payload": text}} for text in ('{"x": 67.174118}', '{"x": "67.174118"}', '{"x": 67.17}')]
    found = insert_errors(table, rows, NOW, inexact={"67.174118"}, skip_invalid_rows=True)
    assert [(entry["index"], entry["errors"][0]["location"]) for entry in found] == [(0, "payload")]
