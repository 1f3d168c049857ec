"""The row errors of BigQuery's insertAll, which the emulator lacks. Pure.

BigQuery checks every row first. If one is bad and skipInvalidRows is not set, it stores none: bad rows come back as 'invalid',
all others as 'stopped'. The wording is BigQuery's.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

Error = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One column, as in infra/bigquery/*.json."""

    name: str
    type: str
    mode: str = "NULLABLE"


@dataclass(frozen=True, slots=True)
class Table:
    """What decides whether a row fits."""

    name: str
    fields: tuple[Field, ...]
    partition: str | None = None


def insert_errors(
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    now: datetime,
    *,
    skip_invalid_rows: bool = False,
    ignore_unknown_values: bool = False,
    inexact: Collection[str] = (),
) -> list[Error]:
    """Return the answer's `insertErrors`: empty if all rows are to be stored.

    `inexact` are numbers that are refused in JSON, as written.
    """
    by_name = {field.name.lower(): field for field in table.fields}
    bad = {
        index: errors
        for index, row in enumerate(rows)
        if (errors := list(_row_errors(table, by_name, row.get("json") or {}, now, ignore_unknown_values)))
    }
    if inexact:
        for index, row in enumerate(rows):
            bad.setdefault(index, []).extend(_inexact_errors(table, row.get("json") or {}, inexact))
        bad = {index: errors for index, errors in bad.items() if errors}
    if not bad:
        return []
    stopped = {"reason": "stopped", "location": "", "debugInfo": "", "message": ""}
    return [
        {"index": index, "errors": bad.get(index, [stopped])}
        for index in range(len(rows))
        if index in bad or not skip_invalid_rows
    ]


def _inexact_errors(table: Table, row: Mapping[str, Any], inexact: Collection[str]) -> Iterator[Error]:
    for column in table.fields:
        if column.type == "JSON" and isinstance(value := row.get(column.name), str):
            numbers: list[str] = []
            json.loads(value, parse_float=numbers.append)
            if refused := next((number for number in numbers if number in inexact), None):
                # the words of GoogleSQL's PARSE_JSON with wide_number_mode => 'exact'
                yield _invalid(column.name, f"Input number: {refused} cannot round-trip through string representation")


def _row_errors(
    table: Table, fields: Mapping[str, Field], row: Mapping[str, Any], now: datetime, ignore_unknown: bool
) -> list[Error]:
    errors = []
    for name, value in row.items():
        field = fields.get(name.lower())
        if field is None:
            if not ignore_unknown:
                errors.append(_invalid(name, f"no such field: {name}."))
        elif why := _misfit(field, value):
            errors.append(_invalid(name, why))
    present = {name.lower() for name, value in row.items() if value is not None}
    errors += [
        _invalid(field.name, f"Missing required field: {field.name}.")
        for field in table.fields
        if field.mode == "REQUIRED" and field.name.lower() not in present
    ]
    if not errors and table.partition and (why := _outside(table, row.get(table.partition), now)):
        errors.append(_invalid(table.partition, why))
    return errors


def _invalid(location: str, message: str) -> Error:
    return {"reason": "invalid", "location": location, "debugInfo": "", "message": message}


def _misfit(field: Field, value: Any) -> str | None:
    """Return why the value does not fit the column, in BigQuery's words, or None if it does."""
    if value is None:
        return None
    if field.mode != "REPEATED":
        return _value_misfit(field, value)
    if not isinstance(value, list):
        return f"Repeated field {field.name} must be an array."
    if None in value:
        return f"Only optional fields can be set to NULL. Field: {field.name}; Value: NULL"
    return next((why for item in value if (why := _value_misfit(field, item))), None)


def _value_misfit(field: Field, value: Any) -> str | None:
    if isinstance(value, list):
        return f"Array specified for non-repeated field: {field.name}."
    if isinstance(value, dict):
        return f"This field: {field.name} is not a record."
    if not _FITS[field.type](value):
        return f"Cannot convert value to {field.type.lower()} (bad value): {str(value)[:100]}"
    return None


def _is_integer(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    try:
        return -(2**63) <= int(value) < 2**63 and float(value) == int(value)
    except (ValueError, OverflowError):
        return False


def _is_float(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and math.isfinite(float(value))
    except ValueError:
        return False


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool) or str(value).lower() in ("true", "false")


_TIMESTAMP = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,6})?)?\s?(Z|UTC|[+-]\d{1,2}(:\d{2})?)?", re.ASCII
)
_DATETIME = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,6})?)?", re.ASCII)


def _is_timestamp(value: Any) -> bool:
    return (_is_float(value) and not isinstance(value, str)) or (
        isinstance(value, str) and bool(_TIMESTAMP.fullmatch(value))
    )


def _is_datetime(value: Any) -> bool:
    return isinstance(value, str) and bool(_DATETIME.fullmatch(value)) and _time(value) is not None


def _is_bytes(value: Any) -> bool:
    try:
        return isinstance(value, str) and base64.b64decode(value, validate=True) is not None
    except (binascii.Error, ValueError):
        return False


def _is_json(value: Any) -> bool:
    """Return whether a text holds JSON. A number beyond a double is refused, because BigQuery's JSON type stores doubles."""
    try:
        parsed = orjson.loads(value)
    except (orjson.JSONDecodeError, TypeError):
        return False
    return _numbers_fit(parsed)


def _numbers_fit(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_numbers_fit, value.values()))
    return all(map(_numbers_fit, value)) if isinstance(value, list) else True


_FITS: dict[str, Callable[[Any], bool]] = {
    "STRING": lambda value: isinstance(value, str | int | float | bool),
    "INTEGER": _is_integer,
    "INT64": _is_integer,
    "FLOAT": _is_float,
    "FLOAT64": _is_float,
    "BOOLEAN": _is_boolean,
    "BOOL": _is_boolean,
    "TIMESTAMP": _is_timestamp,
    "DATETIME": _is_datetime,
    "BYTES": _is_bytes,
    "JSON": _is_json,
}


def _time(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value.replace(" UTC", "Z"))
    except ValueError:
        return None


def _outside(table: Table, value: Any, now: datetime) -> str | None:
    """Return BigQuery's error if a date is outside of what streaming takes: up to 10 years back and 1 year ahead."""
    moment = _time(value) if isinstance(value, str) else None
    if moment is None:
        return None
    day: date = (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()
    if now.date() - timedelta(days=3_650) <= day <= now.date() + timedelta(days=366):
        return None
    return (
        f"Value {value} for field {table.partition} of the destination table {table.name} is outside the allowed bounds. You can only "
        "stream to date range within 3650 days in the past and 366 days in the future relative to the current date."
    )
