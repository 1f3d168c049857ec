"""Counts what landed, from the tables themselves, to compare with what was sent."""

from dataclasses import dataclass
from typing import Any

from google.cloud import bigquery
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

_SECONDS = 30.0  # deadline of a query

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Landed:
    """Counts of the tables."""

    rows: int  # of tweet_versions
    distinct_posts: int  # of the view tweets
    in_view: int
    unique_posts: int  # of the view: no retweets, as the original project counts them
    superseded: int
    readings: int  # rows of posts that were read again for their later counts
    dollars: float  # what X may charge, as the view spending says

    @property
    def duplicates_in_view(self) -> int:
        return self.in_view - self.distinct_posts


def ask(client: bigquery.Client, dataset: str) -> Landed:
    """Query the counts. Raises GoogleAPIError."""
    counts = query(
        client,
        dataset,
        "SELECT (SELECT COUNT(*) FROM tweet_versions) AS row_count, COUNT(*) AS in_view, COUNT(DISTINCT id) AS distinct_posts, "
        "COUNTIF(COALESCE(text, '') NOT LIKE 'RT @%') AS unique_posts, "
        "(SELECT COUNT(DISTINCT id) FROM superseded) AS superseded, (SELECT COUNTIF(source = 'refresh') FROM tweet_versions) AS readings, "
        "(SELECT SUM(dollars) FROM spending) AS dollars FROM tweets",
    )[0]
    return Landed(
        rows=counts["row_count"],
        distinct_posts=counts["distinct_posts"],
        in_view=counts["in_view"],
        unique_posts=counts["unique_posts"],
        superseded=counts["superseded"],
        readings=counts["readings"],
        dollars=counts["dollars"] or 0.0,
    )


def query(client: bigquery.Client, dataset: str, sql: str) -> Rows:
    """Run SQL in which table names without a dataset are ours."""
    config = bigquery.QueryJobConfig(default_dataset=f"{client.project}.{dataset}")
    job = client.query(sql, job_config=config, retry=None, job_retry=None, timeout=_SECONDS)  # type: ignore[arg-type]
    return [dict(row) for row in job.result(timeout=_SECONDS, retry=None, job_retry=None)]


def show(landed: Landed, console: Console) -> None:
    headline = Table.grid(padding=(0, 3))
    headline.add_row(
        "[bold]total posts[/]", f"[bold green]{landed.in_view:,}[/]", "one row a post in the view [cyan]tweets[/]"
    )
    headline.add_row("[bold]no retweets[/]", f"[bold green]{landed.unique_posts:,}[/]", "posts that are not retweets")
    edits = f", {landed.superseded:,} replaced by an edit" if landed.superseded else ""
    readings = f", {landed.readings:,} of them later counts" if landed.readings else ""
    counts = f"in tweet_versions{readings}{edits}; {landed.duplicates_in_view} duplicates in the view"
    headline.add_row("rows stored", f"{landed.rows:,}", counts)
    console.print(
        Panel(headline, title="What landed in BigQuery", title_align="left", border_style="green", expand=False)
    )
