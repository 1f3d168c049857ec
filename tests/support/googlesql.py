"""GoogleSQL's own analyzer, on which BigQuery is built, as WebAssembly: it resolves every name and type of a statement.

The embedded engine translates GoogleSQL to DuckDB's SQL and accepts more than BigQuery does. The analyzer accepts just as much, but for
what only BigQuery's planner refuses (a LEFT JOIN without an equality, a correlated subquery that it cannot turn into a join).
"""

import json
import os
import sys
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import wasmtime
from zetasql.api import CatalogBuilder, TableBuilder, TypeFactory
from zetasql.core import wasm_client
from zetasql.core.exceptions import ServerError
from zetasql.core.local_service import ZetaSqlLocalService
from zetasql.types import (
    AnalyzerOptions,
    LanguageOptions,
    ProductMode,
    TypeKind,
    ZetaSQLBuiltinFunctionOptions,
    parse_proto,
)
from zetasql.wasi._pb2.zetasql.local_service.local_service_pb2 import (
    AnalyzeRequest,
    AnalyzeResponse,
    RegisterCatalogRequest,
    RegisterResponse,
)

from local.emulators.bigquery.create import INFRA, VIEWS

PROJECT, DATASET = "local", "twitter"
KINDS = {
    "STRING": TypeKind.TYPE_STRING,
    "INTEGER": TypeKind.TYPE_INT64,
    "INT64": TypeKind.TYPE_INT64,
    "FLOAT": TypeKind.TYPE_DOUBLE,
    "BOOLEAN": TypeKind.TYPE_BOOL,
    "DATETIME": TypeKind.TYPE_DATETIME,
    "TIMESTAMP": TypeKind.TYPE_TIMESTAMP,
    "JSON": TypeKind.TYPE_JSON,
    "BYTES": TypeKind.TYPE_BYTES,
}


class Refused(Exception):
    """The analyzer's error for a statement."""


def columns(sql: str, parameters: dict[str, str]) -> list[str]:
    """Return the columns of a query over our tables and views. `parameters` are their BigQuery types. Raises Refused."""
    return [name for name, _ in _resolve(sql, _catalog(), parameters)]


def check(sql: str, parameters: dict[str, str]) -> None:
    """The same for a statement that changes something. Raises Refused."""
    _analyze(sql, _catalog(), parameters)


def _resolve(sql: str, catalog: int, parameters: dict[str, str]) -> list[tuple[str, Any]]:
    statement = _analyze(sql, catalog, parameters).resolved_query_stmt_node
    return [(column.name, parse_proto(column.column.type)) for column in statement.output_column_list]


def _analyze(sql: str, catalog: int, parameters: dict[str, str]) -> Any:
    """Return the resolved statement as the analyzer's message; the package's own classes for it take longer than the analysis."""
    declared = [
        AnalyzerOptions.QueryParameter(name=name, type=TypeFactory.create_simple_type(KINDS[kind]))
        for name, kind in parameters.items()
    ]
    options = AnalyzerOptions(language_options=_language(), query_parameters=declared, default_timezone="UTC")
    request = AnalyzeRequest(sql_statement=sql, registered_catalog_id=catalog, options=options.to_proto())
    try:
        return _called("Analyze", request, AnalyzeResponse).resolved_statement
    except ServerError as error:
        raise Refused(str(error)) from None


def _called(method: str, request: Any, response: type[Any]) -> Any:
    client = ZetaSqlLocalService.get_instance().wasm_client
    return client.call_grpc_func(f"ZetaSqlLocalService_{method}", request, response)


class _Cached(wasmtime.Config):
    """A wasmtime configuration with a cache on disk: compiling the analyzer takes 27 s of CPU, loading it from the cache one."""

    def __init__(self) -> None:
        super().__init__()
        folder = Path(sys.prefix) / "wasmtime-cache"
        settings = folder / "cache.toml"
        if not settings.exists():  # whole or not at all: another worker may be reading it
            folder.mkdir(exist_ok=True)
            written = folder / f"cache.toml.{os.getpid()}"
            written.write_text(f'[cache]\ndirectory = "{folder}"\n')
            written.rename(settings)
        self.cache = str(settings)


wasm_client.Config = _Cached  # zetasql has no setting for it


@cache
def _language() -> Any:
    language = LanguageOptions.maximum_features()
    language.product_mode = ProductMode.PRODUCT_EXTERNAL
    return language


@cache
def _catalog() -> int:
    """Register our tables from infra/bigquery, and our views with the columns that the analyzer finds for them."""
    tables: dict[str, list[tuple[str, Any]]] = {}
    for name in json.loads((INFRA / "layout.json").read_text()):
        fields = json.loads((INFRA / f"{name}.json").read_text())
        tables[name] = [(field["name"], _type(field)) for field in fields]
    for name in VIEWS:
        view = Template((INFRA / "views" / f"{name}.sql").read_text())
        sql = view.safe_substitute(GOOGLE_CLOUD_PROJECT=PROJECT, BIGQUERY_DATASET=DATASET)
        tables[name] = _resolve(sql, _with(tables), {})
    return _with(tables)


def _with(tables: dict[str, list[tuple[str, Any]]]) -> int:
    builder = CatalogBuilder("twitter").with_builtin_functions(
        ZetaSQLBuiltinFunctionOptions(language_options=_language())
    )
    for name, found in tables.items():
        for path in (name, f"{PROJECT}.{DATASET}.{name}"):
            table = TableBuilder(path)
            for column, kind in found:
                table.add_column(column, kind)
            builder.add_table(table.build())
    request = RegisterCatalogRequest(simple_catalog=builder.build().to_proto())
    return int(_called("RegisterCatalog", request, RegisterResponse).registered_id)


def _type(field: dict[str, str]) -> Any:
    kind = TypeFactory.create_simple_type(KINDS[field["type"]])
    return TypeFactory.create_array_type(kind) if field["mode"] == "REPEATED" else kind
