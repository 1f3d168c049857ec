"""How many posts each topic has in each hour of the period."""

from collections import Counter
from datetime import timedelta

from .. import topics
from ..rows import Rows
from ..sentences import most_posts
from . import ReportData

finding = most_posts("topic")
count = topics.sample_size


def prepare(rows: Rows, report: ReportData) -> Rows:
    assigned = topics.assigned(rows, report.params)
    if not assigned:
        return []
    counts = Counter((row["hour"], row["topic"]) for row in assigned)
    totals = Counter(row["hour"] for row in assigned)
    names = [name for name, _ in Counter(row["topic"] for row in assigned).most_common()]
    first, last = min(totals), max(totals)
    hours = [first + timedelta(hours=number) for number in range(round((last - first) / timedelta(hours=1)) + 1)]
    return [
        {
            "since": hour,
            "topic": name,
            "posts": counts[hour, name],
            "share": counts[hour, name] / totals[hour] if totals[hour] else None,
        }
        for hour in hours
        for name in names
    ]
