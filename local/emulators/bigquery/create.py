"""Makes the dataset, the tables and the views from infra/bigquery, as deploy.sh does in the cloud."""

import json
from pathlib import Path
from string import Template
from typing import Any

from google.cloud import bigquery

INFRA = Path(__file__).parents[3] / "infra" / "bigquery"
VIEWS = (INFRA / "views" / "order.txt").read_text().split()  # each after those that it reads
_ON_ITS_WAY = "INTERVAL 5 MINUTE"  # the view receipt does not count younger messages yet
SECONDS = 20.0  # deadline of each call


def create(client: bigquery.Client, dataset: str) -> None:
    """Make what does not exist yet."""
    client.create_dataset(dataset, exists_ok=True, retry=None, timeout=SECONDS)  # type: ignore[arg-type]
    for name, layout in json.loads((INFRA / "layout.json").read_text()).items():
        table = bigquery.Table(f"{client.project}.{dataset}.{name}", schema=schema(name))
        table.description = layout["description"]
        if "partition" in layout:
            table.time_partitioning = bigquery.TimePartitioning(field=layout["partition"])
        table.clustering_fields = layout.get("cluster")
        stored = client.create_table(table, exists_ok=True, retry=None, timeout=SECONDS)  # type: ignore[arg-type]
        stored_names = {field.name for field in stored.schema}
        if added := [
            field for field in table.schema if field.name not in stored_names
        ]:  # a folder of an earlier version
            stored.schema = [*stored.schema, *added]
            client.update_table(stored, ["schema"], retry=None, timeout=SECONDS)  # type: ignore[arg-type]
    for name in VIEWS:
        view = bigquery.Table(f"{client.project}.{dataset}.{name}")
        view.view_query = view_sql(name, client.project, dataset)
        client.delete_table(view, not_found_ok=True, retry=None, timeout=SECONDS)  # type: ignore[arg-type]
        client.create_table(view, retry=None, timeout=SECONDS)  # type: ignore[arg-type]


def settle(client: bigquery.Client, dataset: str) -> None:
    """Let the receipt include the last minutes. The run is over, so nothing is on its way any more."""
    sql = view_sql("receipt", client.project, dataset)
    assert _ON_ITS_WAY in sql
    view = client.get_table(f"{client.project}.{dataset}.receipt", retry=None, timeout=SECONDS)  # type: ignore[arg-type]
    view.view_query = sql.replace(_ON_ITS_WAY, "INTERVAL 0 MINUTE")
    client.delete_table(view, retry=None, timeout=SECONDS)  # type: ignore[arg-type]
    client.create_table(view, retry=None, timeout=SECONDS)  # type: ignore[arg-type]


def schema(table: str) -> list[bigquery.SchemaField]:
    fields: list[dict[str, Any]] = json.loads((INFRA / f"{table}.json").read_text())
    return [bigquery.SchemaField.from_api_repr(field) for field in fields]


def view_sql(name: str, project: str, dataset: str) -> str:
    sql = (INFRA / "views" / f"{name}.sql").read_text()
    # as envsubst does in deploy.sh: ${NAME} alone is a variable, the $ of a JSON path stays
    return Template(sql).safe_substitute(GOOGLE_CLOUD_PROJECT=project, BIGQUERY_DATASET=dataset)
