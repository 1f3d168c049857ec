"""The dataclass, the JSON schemas, the Avro schema and the views describe the same columns."""

import json
import re
import types
import typing
from pathlib import Path
from string import Template

import pytest

from posts.tables import TABLES as ROWS
from tests.support import ROOT

INFRA = ROOT / "infra"
TABLES = {
    path.stem: json.loads(path.read_text()) for path in (INFRA / "bigquery").glob("*.json") if path.stem != "layout"
}
LAYOUT = json.loads((INFRA / "bigquery" / "layout.json").read_text())
TOPIC = json.loads((INFRA / "pubsub" / "tweet.avsc").read_text())

# Google's table for BigQuery subscriptions: Avro type -> BigQuery type
# https://cloud.google.com/pubsub/docs/bigquery#avro-types
AVRO = {"string": "STRING", "long": "INTEGER", "timestamp-micros": "TIMESTAMP", "boolean": "BOOLEAN", "double": "FLOAT"}
# https://cloud.google.com/pubsub/docs/bigquery#write-metadata
METADATA = {"subscription_name": "STRING", "message_id": "STRING", "publish_time": "TIMESTAMP", "attributes": "JSON"}

# what one Python type is in BigQuery; strings may be any type that insertAll takes as one
STRINGS = {"STRING", "BYTES", "DATETIME", "TIMESTAMP", "JSON"}
NUMBERS = {int: {"INTEGER"}, float: {"FLOAT"}, bool: {"BOOLEAN"}}


def python_shape(hint: object) -> tuple[type, str]:
    """(type, mode) of a field of the dataclass."""
    if typing.get_origin(hint) is list:
        return typing.get_args(hint)[0], "REPEATED"
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return next(one for one in typing.get_args(hint) if one is not type(None)), "NULLABLE"
    assert isinstance(hint, type)
    return hint, "ALWAYS"


@pytest.mark.parametrize("table", ROWS)
def test_the_row_and_the_table_are_one(table: str) -> None:
    hints = typing.get_type_hints(ROWS[table])
    columns = {column["name"]: column for column in TABLES[table]}
    assert list(hints) == list(columns)
    for name, hint in hints.items():
        kind, mode = python_shape(hint)
        assert columns[name]["type"] in (STRINGS if kind is str else NUMBERS[kind]), name
        assert (mode == "REPEATED") == (columns[name]["mode"] == "REPEATED"), name
        if columns[name]["mode"] == "REQUIRED":
            assert mode == "ALWAYS", f"{name} is required by the table and may be absent in the row"


def test_the_first_nine_columns_are_the_original_projects() -> None:
    assert [(c["name"], c["type"], c["mode"]) for c in TABLES["tweet_versions"][:9]] == [
        ("id", "STRING", "REQUIRED"),
        ("created_at", "DATETIME", "NULLABLE"),
        ("tweet_location", "STRING", "NULLABLE"),
        ("text", "STRING", "NULLABLE"),
        ("retweet_count", "INTEGER", "NULLABLE"),
        ("favorite_count", "INTEGER", "NULLABLE"),
        ("user_name", "STRING", "NULLABLE"),
        ("user_location", "STRING", "NULLABLE"),
        ("user_followers_count", "INTEGER", "NULLABLE"),
    ]


def test_the_archive_is_what_a_bigquery_subscription_writes() -> None:
    def bigquery(avro: str | dict[str, str]) -> str:
        return AVRO[avro if isinstance(avro, str) else avro["logicalType"]]

    topic = {field["name"]: bigquery(field["type"]) for field in TOPIC["fields"]}
    assert {column["name"]: column["type"] for column in TABLES["archive"]} == topic | METADATA


def test_a_dead_letter_fits_into_rejected() -> None:
    columns = {column["name"]: column["type"] for column in TABLES["rejected"]}
    assert {name: columns[name] for name in ("data", *METADATA)} == {"data": "BYTES"} | METADATA
    assert {column["mode"] for column in TABLES["rejected"]} == {"NULLABLE"}


def test_every_field_of_the_topic_is_required() -> None:
    """Pub/Sub's JSON encoding needs each field even if it has a default, so a default would be misleading."""
    assert [set(field) - {"name", "type", "doc"} for field in TOPIC["fields"]] == [set()] * 4


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_column_says_what_it_is(table: str) -> None:
    for column in TABLES[table]:
        assert set(column) == {"name", "type", "mode", "description"}, column
        assert len(column["description"]) > 5, column


def test_every_view_has_its_place_in_the_order() -> None:
    folder = INFRA / "bigquery" / "views"
    assert sorted((folder / "order.txt").read_text().split()) == sorted(path.stem for path in folder.glob("*.sql"))


def test_every_table_has_a_layout_that_names_its_columns() -> None:
    assert set(LAYOUT) == set(TABLES)
    for name, layout in LAYOUT.items():
        types_of = {column["name"]: column["type"] for column in TABLES[name]}
        assert types_of.get(layout.get("partition"), "DATETIME") in ("DATETIME", "TIMESTAMP"), name
        assert set(layout["cluster"]) <= set(types_of), name


@pytest.mark.parametrize("view", sorted((INFRA / "bigquery" / "views").glob("*.sql")), ids=lambda path: path.stem)
def test_a_view_begins_with_its_question_and_names_two_variables_only(view: Path) -> None:
    sql = view.read_text()
    assert re.match(r"-- .+\?", sql)
    filled = Template(sql).safe_substitute(GOOGLE_CLOUD_PROJECT="p", BIGQUERY_DATASET="d")
    assert "${" not in filled
