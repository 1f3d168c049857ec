"""Makes the dataset, the tables and the views from infra/bigquery, as deploy.sh does in the cloud."""

import json
from pathlib import Path
from string import Template
from typing import Any

from google.cloud import bigquery

INFRA = Path(__file__).parents[2] / "infra" / "bigquery"
VIEWS = ("tweets", "stream_gaps", "receipt", "posts", "posts_by_hour", "health")  # each after those that it reads
SECONDS = 20.0  # deadline of each call


def create(client: bigquery.Client, dataset: str) -> None:
    """Everything that is not there yet."""
    client.create_dataset(dataset, exists_ok=True, retry=None, timeout=SECONDS)
    for name, layout in json.loads((INFRA / "layout.json").read_text()).items():
        table = bigquery.Table(f"{client.project}.{dataset}.{name}", schema=schema(name))
        table.description = layout["description"]
        if "partition" in layout:
            table.time_partitioning = bigquery.TimePartitioning(field=layout["partition"])
        table.clustering_fields = layout.get("cluster")
        client.create_table(table, exists_ok=True, retry=None, timeout=SECONDS)
    for name in VIEWS:
        view = bigquery.Table(f"{client.project}.{dataset}.{name}")
        view.view_query = view_sql(name, client.project, dataset)
        client.delete_table(view, not_found_ok=True, retry=None, timeout=SECONDS)
        client.create_table(view, retry=None, timeout=SECONDS)


def schema(table: str) -> list[bigquery.SchemaField]:
    fields: list[dict[str, Any]] = json.loads((INFRA / f"{table}.json").read_text())
    return [bigquery.SchemaField.from_api_repr(field) for field in fields]


def view_sql(name: str, project: str, dataset: str) -> str:
    sql = (INFRA / "views" / f"{name}.sql").read_text()
    # as envsubst does in deploy.sh: ${NAME} alone is a variable, the $ of a JSON path stays
    return Template(sql).safe_substitute(GOOGLE_CLOUD_PROJECT=project, BIGQUERY_DATASET=dataset)
