"""What landed: the answers that a run ends with, from the tables themselves, by the .sql files in reports/."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from google.cloud import bigquery
from rich.bar import Bar
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table

REPORTS = Path(__file__).parents[1] / "reports"
_SECONDS = 30.0  # deadline of a query

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Landed:
    """Counts of the tables, and the rows of each report."""

    rows: int  # of tweet_versions
    distinct_posts: int  # of the view tweets
    duplicates_in_view: int
    superseded: int
    reports: dict[str, Rows]


def ask(client: bigquery.Client, dataset: str) -> Landed:
    """Raises GoogleAPIError."""
    counts = query(
        client,
        dataset,
        "SELECT (SELECT COUNT(*) FROM tweet_versions) AS row_count, COUNT(*) AS in_view, COUNT(DISTINCT id) AS distinct_posts, "
        "(SELECT COUNT(DISTINCT id) FROM superseded) AS superseded FROM tweets",
    )[0]
    names = ("totals", "posts_by_hour", "posts_by_region", "top_hashtags")
    return Landed(
        rows=counts["row_count"],
        distinct_posts=counts["distinct_posts"],
        duplicates_in_view=counts["in_view"] - counts["distinct_posts"],
        superseded=counts["superseded"],
        reports={name: query(client, dataset, (REPORTS / f"{name}.sql").read_text()) for name in names},
    )


def query(client: bigquery.Client, dataset: str, sql: str) -> Rows:
    """Table names without a dataset are those of ours."""
    config = bigquery.QueryJobConfig(default_dataset=f"{client.project}.{dataset}")
    job = client.query(sql, job_config=config, retry=None, job_retry=None, timeout=_SECONDS)
    return [dict(row) for row in job.result(timeout=_SECONDS, retry=None, job_retry=None)]


def show(landed: Landed, console: Console) -> None:
    totals = landed.reports["totals"][0]
    headline = Table.grid(padding=(0, 3))
    headline.add_row(
        "[bold]total tweets[/]",
        f"[bold green]{totals['total_posts']:,}[/]",
        "one row a post in the view [cyan]tweets[/]",
    )
    headline.add_row("[bold]unique tweets[/]", f"[bold green]{totals['unique_posts']:,}[/]", "of them no retweets")
    edits = f", {landed.superseded:,} replaced by an edit" if landed.superseded else ""
    rest = f"in tweet_versions{edits}; {landed.duplicates_in_view} duplicates in the view"
    headline.add_row("rows stored", f"{landed.rows:,}", rest)
    console.print(Panel(headline, title="What landed in BigQuery", title_align="left", border_style="green"))
    columns = Table.grid(padding=(0, 2))
    columns.add_row(
        _hours(landed.reports["posts_by_hour"]),
        Group(_regions(landed.reports["posts_by_region"]), _hashtags(landed.reports["top_hashtags"])),
    )
    console.print(columns)


def _hours(rows: Rows) -> Table:
    table = Table(title="tweets an hour (UTC)", title_justify="left", box=None, padding=(0, 1))
    table.add_column("hour", style="dim")
    table.add_column("tweets", justify="right")
    table.add_column("")
    most = max((row["posts"] for row in rows), default=1) or 1
    for row in rows[-25:]:
        hour: datetime = row["hour"]
        table.add_row(f"{hour:%m-%d %H:00}", f"{row['posts']:,}", Bar(most, 0, row["posts"], width=30, color="green"))
    return table


def _regions(rows: Rows) -> Table:
    table = Table(title="tweets a region", title_justify="left", box=None, padding=(0, 1))
    table.add_column("region", max_width=28, no_wrap=True)
    table.add_column("tweets", justify="right")
    table.add_column("tagged", justify="right", style="dim")
    for row in rows:
        table.add_row(_plain(row["region"]), f"{row['posts']:,}", f"{row['tagged_with_a_place']:,}")
    return table


def _hashtags(rows: Rows) -> Table:
    table = Table(title="top hashtags", title_justify="left", box=None, padding=(0, 1))
    table.add_column("hashtag", max_width=28, no_wrap=True)
    table.add_column("tweets", justify="right")
    for row in rows:
        table.add_row(_plain(row["hashtag"]), f"{row['posts']:,}")
    return table


def _plain(text: str) -> str:
    """Text from X is hostile: no markup, no control characters, no change of direction in a person's terminal."""
    return "".join(c if c.isprintable() else " " for c in text).replace("[", "\\[")
