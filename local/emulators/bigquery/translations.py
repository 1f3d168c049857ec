"""Caches bqemulator's translations: the same statement over the same columns always gives the same DuckDB SQL.

Translating is more than half of what a small query over our views costs (0.12 s), and progress, the live page and tests ask the same
again and again.
"""

import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

_MOST = 500  # translations; some kB each

Translate = Callable[..., Any]


def remembering(translate: Translate) -> Translate:
    """Wrap `SQLTranslator.translate` in a cache keyed by statement, schema and caller. Failures are not cached."""
    known: OrderedDict[tuple[str, str, str], Any] = OrderedDict()

    def translated(self: Any, bq_sql: str, *, schema: Any = None, caller: Any = None, **more: Any) -> Any:
        key = (bq_sql, json.dumps(schema, sort_keys=True, default=str), repr(caller))
        if key in known:
            known.move_to_end(key)
            return known[key]
        result = translate(self, bq_sql, schema=schema, caller=caller, **more)
        if type(result).__name__ == "Ok":
            known[key] = result
            if len(known) > _MOST:
                known.popitem(last=False)
        return result

    return translated
