"""Rows of an answer, and what its chart and its sentence look at besides them. Values only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Rows = list[dict[str, Any]]


class Fetched(Rows):
    """Rows as BigQuery returned them, which know their columns also where there are none."""

    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What lies beside the rows. `begin` and `end` are the period's, naive, in its time zone."""

    gaps: Rows
    end: datetime
    begin: datetime
    week_start: int = 0  # weekday, 0 is Monday
    bins: str | None = None  # asked for: hour, day, week or month
    compare: str | None = None  # what tells the parts of a comparison apart
    words: Mapping[datetime, Sequence[str]] = field(default_factory=dict)  # of bursts, by their first hour
    points: Rows = field(default_factory=list)  # coordinates
