"""Turns `x IN UNNEST(list)` into a search of the list. sqlglot makes it a subquery, which DuckDB turns into a join over all rows.

Both give the same for lists without NULL, and BigQuery's columns hold no other lists.
"""

from typing import Any

from bqemulator.sql.rules import TranslationRule, register
from sqlglot import exp


@register
class InUnnest(TranslationRule):  # type: ignore[misc]
    """Applies to columns only: an array that is made in the query may hold NULL."""

    name = "IN_UNNEST_OF_A_COLUMN"

    def applies_to(self, node: Any) -> bool:
        return isinstance(node, exp.In) and _column(node) is not None

    def rewrite(self, node: Any) -> Any:
        return exp.Anonymous(this="list_contains", expressions=[_column(node), node.this.copy()])


def _column(node: exp.In) -> exp.Column | None:
    """Return the column whose list is searched, if the subquery does nothing else."""
    query = node.args.get("query")
    select = query.this if isinstance(query, exp.Subquery) else query
    if not isinstance(select, exp.Select) or select.args.get("from_") or len(select.expressions) != 1:
        return None
    unnest = select.expressions[0].unalias()
    column = unnest.this if isinstance(unnest, exp.Explode) else None
    return column.copy() if isinstance(column, exp.Column) else None
