"""The countries that posts come from, by their place or what their authors say."""

from dataclasses import replace

from .. import regions
from ..charts import world
from ..regions import UNKNOWN
from ..rows import Context, Rows
from ..sentences import enumerated, posts
from . import ReportData


def prepare(rows: Rows, report: ReportData) -> Rows:
    return regions.by_country(rows) if rows else rows


def context(report: ReportData, usual: Context) -> Context:
    return replace(usual, points=report.rows("points"))


def count(rows: Rows) -> str:
    return f"{posts(sum(row['posts'] for row in rows if row['region'] != UNKNOWN))} whose country is known"


def finding(rows: Rows, context: Context) -> str:
    located = [row for row in rows if row["region"] != UNKNOWN]
    total, placed = sum(row["posts"] for row in rows), sum(row["posts"] for row in located)
    if not placed:
        return f"The country is not known for any of the {posts(total)}."
    shares = [f"{row['region']} ({row['posts'] / placed:.0%})" for row in located[:3]]
    return f"Of the posts whose country is known ({placed / total:.0%} of all), most are from {enumerated(shares)}."


chart = world.world
datasets = world.datasets
