"""How an insert's answers are read, with Google's real client on a socket."""

import json

import pytest

from tests.support.fakes import bigquery as fakes
from tests.support.fakes.bigquery import FakeBigQuery
from warehouse import insert as inserting
from warehouse.errors import BadMoment
from warehouse.insert import connect
from warehouse.schema import Column

ROWS = {"a": {"id": "a"}, "b": {"id": "b"}, "c": {"id": "c"}}


def insert(rows: dict[str, dict[str, str]] = ROWS) -> dict[str, str]:
    return connect("local", "twitter", {"filtered": {"id": Column("STRING", "REQUIRED")}})("filtered", rows)


def test_all_rows_are_stored_in_one_insert(fake: FakeBigQuery) -> None:
    assert insert() == {}
    assert (fake.ids("filtered"), fake.inserts) == (["a", "b", "c"], [("filtered", 3)])


def test_a_bad_row_is_returned_and_the_stopped_ones_are_sent_again_at_once(fake: FakeBigQuery) -> None:
    fake.usual = fakes.refuse(lambda row: row["id"] == "b")
    assert insert() == {"b": "text: no good"}
    assert (fake.ids("filtered"), fake.inserts) == (["a", "c"], [("filtered", 3), ("filtered", 2)])


def blaming(*locations: str) -> fakes.Behaviour:
    """Refuse each row with a number in its payload that is no integer, and blame these columns."""

    def answer(table: str, rows: fakes.Rows) -> fakes.Reply:
        bad = [any(type(value) is float for value in json.loads(row.get("payload", "[]"))) for row in rows]
        if not any(bad):
            return fakes.ok(table, rows)
        invalid = [{"reason": "invalid", "location": where, "message": "no good"} for where in locations]
        errors = [{"index": i, "errors": invalid if b else [{"reason": "stopped"}]} for i, b in enumerate(bad)]
        return 200, {"insertErrors": errors}

    return answer


GEOTAGGED = {"id": "b", "payload": '[67.174118, 12345678901234567890, "é", 1e5]'}


def test_a_row_that_is_refused_for_its_payload_alone_is_stored_with_its_numbers_as_text(fake: FakeBigQuery) -> None:
    told: list[int] = []
    fake.usual = blaming("payload")
    connected = connect("local", "twitter", {}, on_numbers_as_text=told.append)
    assert connected("filtered", ROWS | {"b": GEOTAGGED}) == {}
    stored = {row["id"]: row.get("payload") for row in fake.stored["filtered"]}
    assert stored == {"a": None, "b": '["67.174118",12345678901234567890,"é","1e5"]', "c": None}
    assert told == [1]


@pytest.mark.parametrize("locations", [("payload", "id"), ("id",)])
def test_a_row_that_is_refused_for_another_column_too_is_not_changed(
    fake: FakeBigQuery, locations: tuple[str, ...]
) -> None:
    told: list[int] = []
    fake.usual = blaming(*locations)
    connected = connect("local", "twitter", {}, on_numbers_as_text=told.append)
    assert list(connected("filtered", ROWS | {"b": GEOTAGGED})) == ["b"]
    assert told == []


def test_a_payload_that_is_refused_as_text_too_is_refused(fake: FakeBigQuery) -> None:
    fake.usual = lambda table, rows: (
        (200, {"insertErrors": [{"index": 0, "errors": [{"reason": "invalid", "location": "payload"}]}]})
        if rows[0]["id"] == "b"
        else fakes.ok(table, rows)
    )
    assert insert({"b": GEOTAGGED}) == {"b": "payload: invalid"}


def test_when_every_row_is_refused_all_errors_are_returned_and_nothing_is_stored(fake: FakeBigQuery) -> None:
    fake.usual = fakes.refuse(lambda row: True)
    assert insert() == dict.fromkeys("abc", "text: no good")
    assert fake.stored == {}


@pytest.mark.parametrize(
    "behaviour",
    [fakes.status(500), fakes.status(503), fakes.status(429, "rateLimitExceeded"), fakes.reset],
    ids=["500", "503", "429", "reset"],
)
def test_a_transient_error_is_retried_within_the_insert(fake: FakeBigQuery, behaviour: fakes.Behaviour) -> None:
    fake.behaviours = [behaviour]
    assert insert() == {}
    assert fake.ids("filtered") == ["a", "b", "c"]


LASTING = {
    "500": fakes.status(500),
    "503": fakes.status(503),
    "403": fakes.status(403, "accessDenied"),
    "404: no table": fakes.status(404, "notFound"),
    "reset": fakes.reset,
    "no answer": fakes.slow(30),
    "stopped, and no row blamed": lambda table, rows: (
        200,
        {"insertErrors": [{"index": 0, "errors": [{"reason": "stopped"}]}]},
    ),
    "a row error that blames BigQuery": lambda table, rows: (
        200,
        {"insertErrors": [{"index": 0, "errors": [{"reason": "backendError", "message": "oops"}]}]},
    ),
}


_PATIENT = {"500", "reset", "no answer"}  # they wait for seconds, and find nothing that the others do not


@pytest.mark.parametrize(
    "behaviour",
    [pytest.param(one, id=name, marks=[pytest.mark.slow] * (name in _PATIENT)) for name, one in LASTING.items()],
)
def test_a_persistent_error_raises_bad_moment(fake: FakeBigQuery, behaviour: fakes.Behaviour) -> None:
    fake.usual = behaviour
    with pytest.raises(BadMoment):
        insert()
    assert fake.stored == {}


def missing(column: str) -> fakes.Behaviour:
    error = {"reason": "invalid", "location": column, "message": f"no such field: {column}."}
    return lambda table, rows: (200, {"insertErrors": [{"index": i, "errors": [error]} for i in range(len(rows))]})


def test_a_missing_column_is_a_bad_moment_only_if_the_table_had_it_at_start(fake: FakeBigQuery) -> None:
    fake.usual = missing("id")
    with pytest.raises(BadMoment, match=r"no such field: id\. The table has the column"):
        insert()
    fake.usual = missing("nowhere")
    assert insert() == dict.fromkeys("abc", "nowhere: no such field: nowhere.")


@pytest.mark.parametrize(
    ("code", "message"),
    [(413, "Request Entity Too Large"), (400, "Request payload size exceeds the limit: 10485760 bytes.")],
)
def test_a_request_that_is_too_large_is_sent_in_halves_and_a_row_that_is_refused(
    fake: FakeBigQuery, code: int, message: str
) -> None:
    def at_most_one(table: str, rows: fakes.Rows) -> fakes.Reply:
        if len(rows) > 1 or rows[0]["id"] == "b":
            return code, {"error": {"code": code, "message": message}}
        return fakes.ok(table, rows)

    fake.usual = at_most_one
    assert insert() == {"b": "the row is larger than BigQuery takes (10 MB a request)"}
    assert fake.ids("filtered") == ["a", "c"]


def test_bytes_that_trickle_in_are_cut_off(fake: FakeBigQuery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each read is short, so the client's own deadline never passes. The thread must be free again all the same."""
    monkeypatch.setattr(inserting, "_CUT_SECONDS", 1.5)
    fake.usual = fakes.trickle(3_600)
    with pytest.raises(BadMoment):
        insert()
