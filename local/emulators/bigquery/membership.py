"""`x IN UNNEST(list)` as a look into the list. sqlglot makes a subquery of it, which DuckDB turns into a join over all rows.

The same for arrays without NULL, and a column of BigQuery's holds no others.
"""

from typing import Any

from bqemulator.sql.rules import TranslationRule, register
from sqlglot import exp


@register
class InUnnest(TranslationRule):  # type: ignore[misc]
    """Of columns alone: an array that is made in the query may hold NULL."""

    name = "IN_UNNEST_OF_A_COLUMN"

    def applies_to(self, node: Any) -> bool:
        return isinstance(node, exp.In) and _column(node) is not None

    def rewrite(self, node: Any) -> Any:
        return exp.Anonymous(this="list_contains", expressions=[_column(node), node.this.copy()])


def _column(node: exp.In) -> exp.Column | None:
    """The column whose list is looked into, where nothing but that is the subquery."""
    query = node.args.get("query")
    select = query.this if isinstance(query, exp.Subquery) else query
    if not isinstance(select, exp.Select) or select.args.get("from_") or len(select.expressions) != 1:
        return None
    unnest = select.expressions[0].unalias()
    column = unnest.this if isinstance(unnest, exp.Explode) else None
    return column.copy() if isinstance(column, exp.Column) else None
