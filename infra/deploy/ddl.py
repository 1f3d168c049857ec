"""The script of SQL that makes BigQuery what infra/bigquery and infra/roles.tsv say. Running it again changes nothing.

python3 infra/deploy/ddl.py            the script, with the environment's GOOGLE_CLOUD_PROJECT, BIGQUERY_DATASET, ...
python3 infra/deploy/ddl.py --names    tables and views, a line each
python3 infra/deploy/ddl.py --revoke TABLE...   what takes the grants on these back
python3 infra/deploy/ddl.py --drop     what deletes them all, where the dataset itself is somebody else's

Standard library only: it runs on whatever Python the deployer's machine has.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any

INFRA = Path(__file__).resolve().parents[1]
# Each comes after those that it reads.
VIEWS = (INFRA / "bigquery" / "views" / "order.txt").read_text(encoding="utf-8").split()
TIME_TRAVEL_HOURS = 48  # the least that BigQuery allows: what was deleted shall be gone soon
TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}


def script(environ: Mapping[str, str]) -> Iterator[str]:
    """All statements; each is harmless where its thing is there."""
    project, dataset = environ["GOOGLE_CLOUD_PROJECT"], environ["BIGQUERY_DATASET"]
    where = f"{project}.{dataset}"
    yield (
        f"CREATE SCHEMA IF NOT EXISTS `{where}` OPTIONS (location = {text(environ['BIGQUERY_LOCATION'])}, "
        f'max_time_travel_hours = {TIME_TRAVEL_HOURS}, labels = [("app", {text(environ["APP"])})])'
    )
    if key := environ.get("KMS_KEY"):  # for the tables that are made from now on
        yield f"ALTER SCHEMA `{where}` SET OPTIONS (default_kms_key_name = {text(key)})"
    for table, layout in layouts().items():
        yield from _table(f"`{where}.{table}`", table, layout, environ)
    for view in VIEWS:
        sql = (INFRA / "bigquery" / "views" / f"{view}.sql").read_text(encoding="utf-8")
        body = Template(sql).safe_substitute(environ).rstrip()  # the $ of a JSON path stays
        yield f"CREATE OR REPLACE VIEW `{where}.{view}` AS\n{body}"
    for (table, role), members in grants(environ).items():
        yield f"GRANT `{role}` ON TABLE `{where}.{table}` TO {', '.join(text(member) for member in members)}"


def revokes(environ: Mapping[str, str], tables: Collection[str]) -> Iterator[str]:
    """What takes the grants on these tables back again: an account that is gone shall not stay in a policy.

    With WITH_DATAFLOW, those of its workers too.
    """
    where = f"{environ['GOOGLE_CLOUD_PROJECT']}.{environ['BIGQUERY_DATASET']}"
    files = ["roles.tsv", *(["dataflow-roles.tsv"] if environ.get("WITH_DATAFLOW") else [])]
    for (table, role), members in (item for file in files for item in _grants(file, environ).items()):
        if table in tables:
            yield f"REVOKE `{role}` ON TABLE `{where}.{table}` FROM {', '.join(text(member) for member in members)}"


def drops(environ: Mapping[str, str]) -> Iterator[str]:
    """Delete our views and tables, each before those that it reads."""
    where = f"{environ['GOOGLE_CLOUD_PROJECT']}.{environ['BIGQUERY_DATASET']}"
    for kind, names in (("VIEW", reversed(VIEWS)), ("TABLE", layouts())):
        for name in names:
            yield f"DROP {kind} IF EXISTS `{where}.{name}`"


def _table(name: str, table: str, layout: dict[str, Any], environ: Mapping[str, str]) -> Iterator[str]:
    fields = json.loads((INFRA / "bigquery" / f"{table}.json").read_text(encoding="utf-8"))
    columns = ",\n".join(f"  {_column(field, required=True)}" for field in fields)
    create = [f"CREATE TABLE IF NOT EXISTS {name} (\n{columns}\n)"]
    if "partition" in layout:
        kind = next(field["type"] for field in fields if field["name"] == layout["partition"])
        create.append(f"PARTITION BY {'DATE' if kind in ('TIMESTAMP', 'DATETIME') else ''}(`{layout['partition']}`)")
    create.append(f"CLUSTER BY {', '.join(f'`{column}`' for column in layout['cluster'])}")
    yield "\n".join(create)
    added = ",\n".join(f"  ADD COLUMN IF NOT EXISTS {_column(field, required=False)}" for field in fields)
    yield f"ALTER TABLE {name}\n{added}"
    options = [f"description = {text(layout['description'])}"]
    if "expire_days_variable" in layout:
        options.append(f"partition_expiration_days = {int(environ[layout['expire_days_variable']])}")
    yield f"ALTER TABLE {name} SET OPTIONS ({', '.join(options)})"


def _column(field: dict[str, str], *, required: bool) -> str:
    """A column that is added later cannot be required, and a required one was there from the start."""
    kind = TYPES.get(field["type"], field["type"])
    if field.get("mode") == "REPEATED":
        kind = f"ARRAY<{kind}>"
    not_null = " NOT NULL" if required and field.get("mode") == "REQUIRED" else ""
    return f"`{field['name']}` {kind}{not_null} OPTIONS (description = {text(field['description'])})"


def grants(environ: Mapping[str, str]) -> dict[tuple[str, str], list[str]]:
    """{(table, role): members}, of infra/roles.tsv."""
    return _grants("roles.tsv", environ)


def _grants(file: str, environ: Mapping[str, str]) -> dict[tuple[str, str], list[str]]:
    columns: dict[tuple[str, str], list[str]] = defaultdict(list)
    for line in (INFRA / file).read_text(encoding="utf-8").splitlines():
        who, role, resource, _ = line.split("\t")
        kind, _, table = resource.partition(":")
        if kind == "table":
            columns[table, role].append(member(who, environ))
    return columns


def member(who: str, environ: Mapping[str, str]) -> str:
    """As IAM names who is in the first column of infra/roles.tsv."""
    if who == "pubsub-agent":
        return f"serviceAccount:service-{environ['PROJECT_NUMBER']}@gcp-sa-pubsub.iam.gserviceaccount.com"
    own_name = f"{environ.get('PREFIX', 'tds')}-{who.removeprefix('tds-')}"  # as in settings.sh
    return f"serviceAccount:{own_name}@{environ['PROJECT_DOMAIN']}.iam.gserviceaccount.com"


def layouts() -> dict[str, dict[str, Any]]:
    layout: dict[str, dict[str, Any]] = json.loads((INFRA / "bigquery" / "layout.json").read_text(encoding="utf-8"))
    return layout


def text(value: str) -> str:
    """A string of GoogleSQL: JSON's escapes are among its own."""
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    if "--names" in sys.argv[1:]:
        print("\n".join([*layouts(), *VIEWS]))
    elif "--revoke" in sys.argv[1:]:
        print("".join(f"{statement};\n" for statement in revokes(os.environ, sys.argv[2:])), end="")
    elif "--drop" in sys.argv[1:]:
        print(";\n".join(drops(os.environ)) + ";")
    else:
        print(";\n".join(script(os.environ)) + ";")
