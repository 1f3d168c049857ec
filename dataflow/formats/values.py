"""Reads single values as old programs wrote them: numbers as texts, nothing as an empty text. Pure."""

import math
from typing import Any

import orjson

from posts.includes import Object

_INT64 = 1 << 63  # BigQuery's INT64, and what the writer of JSON takes


def without_empty(fields: Object) -> Object:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def whole_number(value: Any) -> int | None:
    """Return a whole number of at most 64 bits; None for anything else."""
    number = finite_number(value)
    if number is None or abs(number) >= _INT64:
        return None
    try:
        return int(value)  # exact, where a float is not
    except ValueError:
        return int(number)


def finite_number(value: Any) -> float | None:
    """Return a number that is neither infinite nor nan; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_json(message: Object, otherwise: bytes) -> bytes:
    """Write a message, or `otherwise` for what JSON takes and its writer does not: numbers over 64 bits, deep nesting."""
    try:
        return orjson.dumps(message)
    except TypeError:
        return otherwise
