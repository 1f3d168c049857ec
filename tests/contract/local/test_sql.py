"""The embedded engine gives what BigQuery gives (sql.yaml), or is known not to; then none of our SQL depends on it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from tests.support import ROOT

COMPARED: dict[str, list[dict[str, str]]] = yaml.safe_load((Path(__file__).parent / "sql.yaml").read_text())
DIFFERENT = [one for listed in COMPARED.values() for one in listed if "here" in one]
OURS = [
    *(ROOT / "reports").rglob("*.sql"),
    *(ROOT / "infra").rglob("*.sql"),
    *(ROOT / "functions").rglob("*.sql"),
    ROOT / "ingester" / "ledger" / "store.py",
    ROOT / "functions" / "remove_deleted" / "store.py",
]


@pytest.fixture(scope="module")
def numbers(session_client: bigquery.Client) -> Iterator[str]:
    """A dataset with the table `numbers`: x is 1 to 8, s a tenth of it, k always a, and `missing` never there."""
    dataset = session_client.create_dataset("compared", exists_ok=True)
    fields = [("x", "INTEGER"), ("s", "FLOAT"), ("k", "STRING"), ("missing", "INTEGER")]
    schema = [bigquery.SchemaField(name, kind) for name, kind in fields]
    table = session_client.create_table(bigquery.Table(dataset.table("numbers"), schema=schema))
    rows = [{"x": number, "s": number / 10, "k": "a"} for number in (3, 1, 8, 6, 2, 5, 7, 4)]
    assert session_client.insert_rows_json(table, rows) == []
    yield "local.compared"
    session_client.delete_dataset(dataset, delete_contents=True)


@pytest.mark.parametrize(
    "one",
    [pytest.param(one, id=f"{kind}: {one['sql'][:60]}") for kind, listed in COMPARED.items() for one in listed],
)
def test_an_expression_gives_what_the_table_says(
    session_client: bigquery.Client, numbers: str, one: dict[str, str]
) -> None:
    assert value(session_client, numbers, one) == one.get("here", one["bigquery"])


def value(client: bigquery.Client, dataset: str, one: dict[str, str]) -> str:
    sql = f"SELECT {one['sql']} AS value" + (f" FROM {one['from']}" if "from" in one else "")
    config = bigquery.QueryJobConfig(default_dataset=dataset)
    try:
        (row,) = client.query(sql, config, retry=None, job_retry=None).result(retry=None, job_retry=None)  # type: ignore[arg-type]
    except GoogleAPICallError:
        return "error"
    return str(row["value"])


@pytest.mark.parametrize("one", DIFFERENT, ids=[one["sql"][:60] for one in DIFFERENT])
def test_no_sql_of_ours_uses_what_differs(one: dict[str, Any]) -> None:
    assert len(OURS) > 20
    find = re.compile(one["avoid"])
    assert find.search(one["sql"]), "the pattern finds what it is for"
    assert [path.name for path in OURS if find.search(path.read_text())] == []
