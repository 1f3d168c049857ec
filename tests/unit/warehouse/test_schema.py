"""The tables that are there against the columns that the code fills."""

import json

import pytest

from runtime.errors import ConfigurationError
from tests.support import ROOT
from warehouse.schema import Column, check

THERE = {
    name: {
        column["name"]: Column(column["type"], column["mode"])
        for column in json.loads((ROOT / "infra" / "bigquery" / f"{name}.json").read_text())
    }
    for name in ("tweet_versions", "filtered", "superseded", "rejected")
}


def with_column(name: str, column: Column | None) -> dict[str, dict[str, Column]]:
    """The tables, with a column of tweet_versions changed, added, or (None) taken away."""
    columns = {key: value for key, value in THERE["tweet_versions"].items() if key != name}
    return THERE | {"tweet_versions": columns | ({name: column} if column else {})}


def test_the_tables_of_infra_fit() -> None:
    assert check("twitter", THERE) == []


def test_a_column_more_that_may_be_empty_is_a_warning() -> None:
    assert check("twitter", with_column("mood", Column("STRING", "NULLABLE"))) == [
        "tweet_versions.mood: the table has it, and this code does not fill it: it stays empty"
    ]


WRONG = {
    "a column lacks": (with_column("lang", None), "tweet_versions.lang: this code fills it, and the table lacks it"),
    "a column more is required": (
        with_column("mood", Column("STRING", "REQUIRED")),
        "tweet_versions.mood: the table requires it, and this code does not fill it",
    ),
    "required, and some posts have none": (
        with_column("lang", Column("STRING", "REQUIRED")),
        "tweet_versions.lang: the table requires it, and a post may come without it",
    ),
    "of another type": (
        with_column("retweet_count", Column("STRING", "NULLABLE")),
        "tweet_versions.retweet_count: this code writes int, and the table's column is NULLABLE STRING",
    ),
    "not repeated": (
        with_column("hashtags", Column("STRING", "NULLABLE")),
        "tweet_versions.hashtags: this code writes a list of str, and the table's column is NULLABLE STRING",
    ),
    "a text where a time is written": (
        with_column("received_at", Column("STRING", "REQUIRED")),
        "tweet_versions.received_at: this code writes TIMESTAMP, and the table's column is REQUIRED STRING",
    ),
    "a time where a text is written": (
        with_column("text", Column("TIMESTAMP", "NULLABLE")),
        "tweet_versions.text: this code writes str, and the table's column is NULLABLE TIMESTAMP",
    ),
    "no such table": (THERE | {"rejected": None}, "there is no table twitter.rejected"),
}


@pytest.mark.parametrize(("tables", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_would_send_every_row_astray_is_an_error(tables: dict[str, dict[str, Column] | None], words: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        check("twitter", tables)
    assert words in str(error.value)
    assert "./deploy.sh up" in str(error.value)
