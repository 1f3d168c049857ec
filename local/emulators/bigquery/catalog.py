"""Keeps the emulator's description of a table right when the table changes."""

from typing import Any

from bqemulator.api.routes.tables import _field_to_rest
from bqemulator.storage.sql_identifiers import quoted_table_ref
from bqemulator.storage.type_map import bq_schema_to_duckdb_columns


def update_table(catalog: Any, table: Any) -> Any:
    """Replace DuckDBCatalogRepository's method: a column that is new in the schema is also added to the stored rows.

    After each insert the emulator writes the whole description to disk only to update the number of rows. That costs more than the
    insert, and may overwrite a newer description. Here such an update changes only the number, in memory.
    """
    existing = catalog.get_table(table.project_id, table.dataset_id, table.table_id)
    if existing is not None and table.last_modified_time <= existing.last_modified_time:
        return catalog._cache.update_table(existing.model_copy(update={"num_rows": table.num_rows}))
    if existing is not None and table.table_type == existing.table_type == "TABLE":
        names = {field.name for field in existing.schema_.fields}
        added = [_field_to_rest(field) for field in table.schema_.fields if field.name not in names]
        name = quoted_table_ref(table.project_id, table.dataset_id, table.table_id)
        for column, kind in bq_schema_to_duckdb_columns(added):
            catalog._engine.execute(f'ALTER TABLE {name} ADD COLUMN IF NOT EXISTS "{column}" {kind}')
    updated = catalog._cache.update_table(table)
    catalog._write_table(updated)
    return updated
