"""APPROX_QUANTILES as BigQuery has it: the first of its n + 1 values is the minimum, and an offset into them means what it says.

sqlglot takes what DuckDB's function returns for one number. So it moves an offset (BigQuery counts from 0, DuckDB from 1) once too often,
or not at all where the table's columns are known: a median was the maximum, or the first quartile. It is told the type here.
"""

from typing import Any

from sqlglot import exp
from sqlglot.dialects import DuckDB
from sqlglot.dialects.dialect import Dialect


def _annotate(annotator: Any, node: Any) -> Any:
    """A list of quantiles gives a list; one gives a value."""
    return annotator._annotate_by_args(node, "this", array=isinstance(node.args.get("quantile"), exp.Array))


def be_arrays() -> None:
    """Tell sqlglot, for both of its passes: one reads DuckDB's dialect, the other none."""
    for dialect in (Dialect, DuckDB):
        types = dialect.EXPRESSION_METADATA
        assert exp.ApproxQuantile in types, "sqlglot has changed"
        dialect.EXPRESSION_METADATA = {**types, exp.ApproxQuantile: {"annotator": _annotate}}
