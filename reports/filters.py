"""Which posts a question is asked of, as conditions of SQL.

A query has only the conditions that were asked for: BigQuery bills each column that a query names. In the questions' files FILTERS(alias)
stands for the conditions, and PARTS(alias) for the list of those parts of a comparison to which a post belongs.
"""

import re

from .params import Params

_KIND = "KIND({of})"
_CONDITIONS = {
    "keyword": "@keyword IN UNNEST({dot}keywords)",
    "rule": "@rule IN UNNEST({dot}rules)",
    "language": "COALESCE({dot}lang, 'und') = @language",
    "source": "{dot}source = @source",
    "kind": f"{_KIND} = @kind",
    "topic": "{dot}id IN UNNEST(SPLIT(@topic_ids, ' '))",
}
_PARTS = {
    "keyword": "{dot}keywords",
    "rule": "{dot}rules",
    "language": "[COALESCE({dot}lang, 'und')]",
    "source": "[COALESCE({dot}source, 'not known')]",
    "kind": f"[{_KIND}]",
}
_NO_PARTS = "CAST([] AS ARRAY<STRING>)"
_FILTERS = re.compile(r" FILTERS\((\w*)\)")
_PARTS_OF = re.compile(r"\bPARTS\((\w*)\)")


def filled(sql: str, params: Params) -> str:
    """Return a query with its conditions, of which each begins with AND. KIND is still to be expanded."""
    conditions = "".join(f"\n  AND {condition}" for condition in _conditions(params))
    parts = _PARTS[params.compare] if params.compare else _NO_PARTS
    sql = _FILTERS.sub(lambda match: conditions.format(**_names(match[1])), sql)
    return _PARTS_OF.sub(lambda match: parts.format(**_names(match[1])), sql)


def _names(alias: str) -> dict[str, str]:
    return {"of": alias, "dot": f"{alias}." if alias else ""}


def _conditions(params: Params) -> list[str]:
    conditions = [condition for name, condition in _CONDITIONS.items() if getattr(params, name) is not None]
    if params.search is not None:
        conditions += [
            f"REGEXP_CONTAINS(FOLDED({{dot}}text), @{name})"
            if name.startswith("has")
            else f"NOT REGEXP_CONTAINS(FOLDED({{dot}}text), @{name})"
            for name in params.search.patterns()
        ]
    return conditions
