"""New datasets in the worker's BigQuery, named in turn: a statement that another run has had is translated already."""

from collections import Counter

from google.cloud import bigquery

from local.emulators.bigquery import create as tables

_made: Counter[str] = Counter()


def new_dataset(client: bigquery.Client, what: str) -> str:
    """Make our tables and views, empty, and return the dataset's name."""
    _made[what] += 1
    name = f"{what}_{_made[what]}"
    tables.create(client, name)
    return name
