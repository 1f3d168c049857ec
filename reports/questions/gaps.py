"""Gaps, with the offset of times that a clock change makes ambiguous."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from ..rows import Context, Rows
from ..sentences import span
from . import ReportData


def prepare(rows: Rows, report: ReportData) -> Rows:
    return with_offsets(rows, report.params.timezone)


def finding(rows: Rows, context: Context) -> str:
    hours = sum(row["seconds"] for row in rows) / 3_600
    missing = sum(row["missing"] or 0 for row in rows)
    times = f"{len(rows)} time{'s' * (len(rows) != 1)}"
    return f"The stream was disconnected {times}, {span(hours)} in all; {missing:,} posts are known to be missing."


def with_offsets(gaps: Rows, timezone: str) -> Rows:
    """Return the rows of gaps.sql without offset columns; a time in the repeated hour of a clock change gets a zone, to show its offset."""
    zone = ZoneInfo(timezone)
    placed: Rows = []
    for row in gaps:
        columns = {column: value for column, value in row.items() if not column.endswith("_offset")}
        for column in ("since", "until"):
            if (moment := row[column]) is not None:
                offset = timedelta(minutes=row[f"{column}_offset"])
                first, second = moment.replace(tzinfo=zone), moment.replace(tzinfo=zone, fold=1)
                if first.utcoffset() != second.utcoffset():
                    columns[column] = first if first.utcoffset() == offset else second
        placed.append(columns)
    return placed
