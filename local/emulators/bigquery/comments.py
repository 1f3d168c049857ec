"""SQL without its comments. bqemulator 1.4.0 takes an apostrophe in a comment for the beginning of a string, and misreads what follows."""

from collections.abc import Callable
from typing import Any

from sqlglot.dialects.bigquery import BigQuery
from sqlglot.errors import TokenError


def without_comments(sql: str) -> str:
    """Return the statement with spaces in place of comments; as it is where it cannot be read, so that the engine says why."""
    try:
        tokens = BigQuery().tokenize(sql)
    except TokenError:
        return sql
    parts: list[str] = []
    end = 0
    for token in tokens:
        between = sql[end : token.start]
        parts += [between if between.isspace() or not between else "\n", sql[token.start : token.end + 1]]
        end = token.end + 1
    return "".join(parts)


def translating_without_comments(translate: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `SQLTranslator.translate`."""

    def translated(self: Any, bq_sql: str, **more: Any) -> Any:
        return translate(self, without_comments(bq_sql), **more)

    return translated
