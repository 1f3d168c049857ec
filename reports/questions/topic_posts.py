"""A row a post of the sample, with its topic."""

from collections import Counter

from .. import topics
from ..rows import Rows
from . import ReportData

_COLUMNS = ("topic", "distance", "lang", "sentiment", "id", "text")


def prepare(rows: Rows, report: ReportData) -> Rows:
    """The most central post of each topic, then the second of each, and so on; posts without a topic last."""
    assigned = topics.assigned(rows, report.params)
    by_distance = sorted(assigned, key=lambda row: (row["distance"] is None, row["distance"] or 0, row["id"]))
    places: Counter[int] = Counter()
    ranked = []
    for row in by_distance:
        places[row["number"]] += 1
        ranked.append((row["number"] == 0, places[row["number"]], row["number"], row))
    return [{name: row[name] for name in _COLUMNS} for *_, row in sorted(ranked, key=lambda place: place[:3])]
