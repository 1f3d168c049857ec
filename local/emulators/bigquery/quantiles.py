"""APPROX_QUANTILES as in BigQuery: the first of its n + 1 values is the minimum, and offsets into them count from 0.

sqlglot takes the result of DuckDB's function for one number. It then shifts an offset (BigQuery counts from 0, DuckDB from 1) once too
often, or not at all if it knows the table's columns: a median came out as the maximum, or as the first quartile. This module tells
sqlglot the right type.
"""

from typing import Any

from sqlglot import exp
from sqlglot.dialects import DuckDB
from sqlglot.dialects.dialect import Dialect


def _annotate(annotator: Any, node: Any) -> Any:
    """Give a list of quantiles the type of a list, one quantile the type of a value."""
    return annotator._annotate_by_args(node, "this", array=isinstance(node.args.get("quantile"), exp.Array))


def annotate_as_arrays() -> None:
    """Tell sqlglot, for both of its passes: one reads DuckDB's dialect, the other none."""
    for dialect in (Dialect, DuckDB):
        types = dialect.EXPRESSION_METADATA
        assert exp.ApproxQuantile in types, "sqlglot has changed"
        dialect.EXPRESSION_METADATA = {**types, exp.ApproxQuantile: {"annotator": _annotate}}
