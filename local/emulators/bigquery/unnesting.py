"""Moves `CROSS JOIN UNNEST(t.list)` into the SELECT, where DuckDB unnests the list while it reads.

As a join, DuckDB first numbers every row, unnests its list, and joins the two by number, which takes four times as long.
"""

from typing import Any

from bqemulator.sql.rules import TranslationRule, register
from sqlglot import exp

_PREFIX = "_of_list_"  # prefix of the new column's name, so that it is unique


@register
class UnnestInSelect(TranslationRule):  # type: ignore[misc]
    """Applies to a single source and one of its own columns. An outer join keeps rows with an empty list, so it stays a join."""

    name = "CROSS_JOIN_UNNEST_OF_A_COLUMN"

    def applies_to(self, node: Any) -> bool:
        return isinstance(node, exp.Join) and isinstance(node.parent, exp.Select) and _unnest(node.parent) is not None

    def rewrite(self, node: Any) -> Any:
        """Change the query and remove the join. The source is moved, not copied, because other rules still have to see it."""
        select, unnest = node.parent, node.this
        source = select.args["from_"].this
        outer = exp.to_identifier(source.alias_or_name, quoted=True)
        alias, column = unnest.args["alias"].name, unnest.args["alias"].columns[0].name
        for used in list(select.find_all(exp.Column)):
            if used.table == alias and used.name == column:
                used.set("table", outer.copy())
                used.set("this", exp.to_identifier(_PREFIX + column, quoted=True))
        inner = exp.Select(
            expressions=[
                exp.Column(this=exp.Star(), table=outer.copy()),
                exp.alias_(exp.Explode(this=unnest.expressions[0].copy()), _PREFIX + column, quoted=True),
            ]
        )
        select.args["from_"].set("this", exp.Subquery(this=inner, alias=exp.TableAlias(this=outer.copy())))
        inner.set("from_", exp.From(this=source))


def _unnest(select: exp.Select) -> exp.Unnest | None:
    """Return the query's only join, if it unnests a column of the only source."""
    joins, source = select.args.get("joins") or [], select.args.get("from_")
    if (
        len(joins) != 1
        or source is None
        or joins[0].args.get("side")
        or joins[0].args.get("on")
        or joins[0].args.get("using")
    ):
        return None
    unnest = joins[0].this
    if not isinstance(unnest, exp.Unnest) or len(unnest.expressions) != 1 or unnest.args.get("offset"):
        return None
    column, alias = unnest.expressions[0], unnest.args.get("alias")
    is_own = isinstance(column, exp.Column) and column.table == source.this.alias_or_name
    return unnest if is_own and alias is not None and alias.name and len(alias.columns) == 1 else None
