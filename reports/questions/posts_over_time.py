"""Posts in bins of time that fit the data, with the words of bursts."""

from dataclasses import replace

from .. import bursts
from ..charts import bins, time
from ..rows import Context, Rows
from ..sentences import posts
from . import ReportData


def prepare(rows: Rows, report: ReportData) -> Rows:
    start = report.params.week_start
    unit = report.params.bins or bins.fitting([(row["hour"], row["posts"]) for row in rows], start)
    columns = ("posts", "retweets", "seconds_not_held")
    return [{"since": since, "unit": unit, **sums} for since, sums in bins.summed(rows, "hour", unit, columns, start)]


def context(report: ReportData, usual: Context) -> Context:
    return replace(usual, words=bursts.words(report.rows("trend"), report.rows("distinctive_words")))


def finding(rows: Rows, context: Context) -> str:
    most, unit = max(rows, key=lambda row: row["posts"]), rows[0]["unit"]
    if not most["posts"]:
        return ""
    when = {"hour": "at %H:%M on %a %d %b", "day": "on %a %d %b", "week": "in the week of %d %b", "month": "in %B %Y"}[
        unit
    ]
    complete = [
        row for row in rows if context.begin <= row["since"] and bins.end(row["since"], unit) <= context.end
    ] or rows
    mean = sum(row["posts"] for row in complete) / len(complete)
    return f"{mean:,.0f} posts per {unit} on average; most {most['since']:{when}}, with {posts(most['posts'])}."


chart = time.posts_over_time
