"""Are the tables those that this code writes? Asked once, at start, before a message is taken. Pure: told what is there.

A column that the code fills and the table lacks would send every row to `rejected`, and a REQUIRED one that it does not
fill as well: better not to start. A NULLABLE one that it does not know is the usual order of a change: the table first.
"""

import types
import typing
from collections.abc import Mapping
from typing import NamedTuple

from posts.tables import TABLES
from runtime.errors import ConfigurationError


class Column(NamedTuple):
    """A column as BigQuery describes it: `type` and `mode` in capitals."""

    type: str
    mode: str


Columns = Mapping[str, Column]

# what each of Python's types may be in BigQuery; a string that stands for something else says for what
_TAKES = {
    str: {"STRING"},
    int: {"INTEGER", "INT64", "FLOAT", "FLOAT64", "NUMERIC", "BIGNUMERIC"},
    float: {"FLOAT", "FLOAT64", "NUMERIC", "BIGNUMERIC"},
    bool: {"BOOLEAN", "BOOL"},
}


def check(dataset: str, tables: Mapping[str, Columns | None]) -> list[str]:
    """Compare the tables with what the code writes, and return warnings. `tables` has None for a missing table.

    Raises ConfigurationError with all that is wrong.
    """
    wrong: list[str] = []
    warnings: list[str] = []
    for name, row in TABLES.items():
        fields = tables[name]
        if fields is None:
            wrong.append(f"there is no table {dataset}.{name}")
            continue
        columns = typing.get_type_hints(row, include_extras=True)
        wrong += [
            f"{name}.{column}: {what}"
            for column, hint in columns.items()
            if (what := _differs(hint, fields.get(column)))
        ]
        for column in sorted(fields.keys() - columns):
            if fields[column].mode == "REQUIRED":
                wrong.append(f"{name}.{column}: the table requires it, and this code does not fill it")
            else:
                warnings.append(f"{name}.{column}: the table has it, and this code does not fill it: it stays empty")
    if wrong:
        raise ConfigurationError(
            f"The tables are not those that this code writes, so no row could be stored: {'; '.join(wrong)}. "
            "Either the code is newer than the tables (run ./deploy.sh up, which adds columns) or older (deploy the newer)."
        )
    return warnings


def _differs(hint: object, column: Column | None) -> str:
    """Return why a value of type `hint` does not fit the column; '' if it does."""
    if column is None:
        return "this code fills it, and the table lacks it"
    union = typing.get_origin(hint) in (types.UnionType, typing.Union)
    kinds = typing.get_args(hint) if union else (hint,)
    if column.mode == "REQUIRED" and type(None) in kinds:
        return "the table requires it, and a post may come without it"
    repeated = typing.get_origin(kinds[0]) is list
    kind = typing.get_args(kinds[0])[0] if repeated else kinds[0]
    named = getattr(kind, "__metadata__", None)  # of Annotated
    takes = {named[0]} if named else _TAKES[kind]
    if repeated != (column.mode == "REPEATED") or column.type not in takes:
        described = f"{'a list of ' if repeated else ''}{named[0] if named else kind.__name__}"
        return f"this code writes {described}, and the table's column is {column.mode} {column.type}"
    return ""
