"""DATETIME(timestamp, @timezone) as in BigQuery. bqemulator 1.4.0 recognizes a time zone only as a literal.

From a parameter it makes CAST(CAST(x AS DATE) + CAST(@timezone AS TIME) AS TIMESTAMP): the sum of a day and a time.
"""

from typing import Any

from bqemulator.sql.rules import TranslationRule, register
from sqlglot import exp

# DuckDB counts the ? of `x AT TIME ZONE y` from y on; a function's are counted as they stand
MACRO = "CREATE OR REPLACE MACRO local_datetime(instant, zone) AS timezone(zone, instant)"


@register
class ZoneIsAParameter(TranslationRule):  # type: ignore[misc]
    """Takes the parameter for a time zone. No query of ours adds a time of day in a parameter to a date."""

    name = "DATETIME_PARAMETER_ZONE"

    def applies_to(self, node: Any) -> bool:
        if not (isinstance(node, exp.Cast) and isinstance(node.this, exp.Add)):
            return False
        day, zone = node.this.this, node.this.expression
        return (
            isinstance(day, exp.Cast)
            and day.is_type(exp.DataType.Type.DATE)
            and isinstance(zone, exp.Cast)
            and zone.is_type(exp.DataType.Type.TIME)
            and isinstance(zone.this, (exp.Parameter, exp.Placeholder))
        )

    def rewrite(self, node: Any) -> Any:
        instant = exp.cast(node.this.this.this.copy(), exp.DataType.Type.TIMESTAMPTZ)
        zone = exp.cast(node.this.expression.this.copy(), exp.DataType.Type.VARCHAR)
        return exp.Anonymous(this="local_datetime", expressions=[instant, zone])
