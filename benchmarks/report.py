"""What was measured, as tables: on the terminal, and as Markdown for docs/benchmarks."""

import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table as RichTable

from . import ingester
from .failures import Became
from .function import Counted, Measured, Memory
from .reports import Answered, Whole
from .rivals import EMPTY_CLOUD_EVENT, LOAD_TWEET, ORIGINAL, TUNED, TUTORIAL
from .soak import Soaked, share
from .volume import Volume


@dataclass(frozen=True, slots=True)
class Table:
    """A title that says what the table shows, and cells as text. The first column is text, the others are numbers."""

    title: str
    columns: list[str]
    rows: list[list[str]]


def soak(soaked: Soaked) -> Iterator[Table]:
    """Latency, then processes."""
    yield Table(
        "From X to the view (looked at once a second)",
        ["posts", "number", "p50, s", "p99, s", "slowest, s"],
        [
            [
                what,
                f"{len(latencies):,}",
                f"{share(latencies, 0.5):.2f}",
                f"{share(latencies, 0.99):.2f}",
                f"{share(latencies, 1.0):.2f}",
            ]
            for what, latencies in (("outside of faults", soaked.quiet), ("all", soaked.all))
        ],
    )
    yield Table(
        "Memory, MiB, and open files",
        ["process", "warmed up", "most", "at the end", "files at most", "starts"],
        [
            [
                growth.name,
                f"{growth.first:.0f}",
                f"{growth.most:.0f}",
                f"{growth.last:.0f}",
                f"{growth.files}",
                f"{growth.starts}",
            ]
            for growth in soaked.grown
        ],
    )
    yield Table(
        "Faults",
        ["at", "s"],
        [[f"{fault.what} {fault.whom}", f"{fault.at:.0f}"] for fault in soaked.faults],
    )


def reports(answered: list[Answered], refreshes: list[float], whole: Whole) -> Iterator[Table]:
    """Yield the whole program, the live page, and each question."""
    yield Table(
        "python -m reports, from its start to the last file",
        ["", "seconds", "MiB at most"],
        [
            [
                _cell(whole.failed) or "all questions, CSV files and page",
                f"{whole.seconds:.1f}",
                f"{whole.mebibytes:.0f}",
            ]
        ],
    )
    yield Table(
        "A refresh of the live page",
        ["", "seconds, median", "slowest"],
        [[f"{len(refreshes)} refreshes", f"{median(refreshes):.2f}", f"{max(refreshes):.2f}"]]
        if refreshes
        else [["none answered", "", ""]],
    )
    yield Table(
        "Each question by itself",
        ["question", "seconds", "rows"],
        [
            [result.name, f"{result.seconds:.2f}", _cell(result.failed[:120]) or f"{result.rows:,}"]
            for result in answered
        ],
    )


def volume(measured: list[Volume]) -> Table:
    """Return rates as multiples of the replay's, which is the last row."""
    replay = measured[-1]
    return Table(
        f"Messages a second; a replay through Pub/Sub is 1 ({replay.rate:,.0f} a second)",
        ["way", "what is done", "messages", "seconds", "a second", "x replay"],
        [
            [
                result.name,
                result.what,
                f"{result.messages:,}",
                f"{result.seconds:.1f}",
                f"{result.rate:,.0f}",
                f"{result.rate / replay.rate:.1f}",
            ]
            for result in measured
        ],
    )


def _cell(text: str) -> str:
    """Return a text that fits into a cell of a Markdown table."""
    return " ".join(text.replace("|", "/").split())


def machine() -> str:
    """Return what the benchmark ran on, as far as it can be read."""
    model = next(
        (line.split(":")[1].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")),
        platform.processor() or "unknown processor",
    )
    return (
        f"{datetime.now(UTC):%F}, {os.cpu_count()} CPUs shared by load generator, function and stand-in ({model}), "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def ratios(measured: list[Measured]) -> Table:
    """Return our figures divided by the others', at each concurrency."""
    by = {(result.rival, result.concurrency): result for result in measured}
    rows = []
    for concurrency in sorted({result.concurrency for result in measured}):
        load_tweet = by[LOAD_TWEET.name, concurrency]

        def times(rival: str, load_tweet: Measured = load_tweet, concurrency: int = concurrency) -> str:
            other = by.get((rival, concurrency))
            return f"{load_tweet.a_second / other.a_second:.2f}" if other and other.a_second else "–"

        tutorial = by[TUTORIAL.name, concurrency]
        rows.append(
            [
                str(concurrency),
                times(ORIGINAL.name),
                times(TUTORIAL.name),
                times(TUNED.name),
                times(EMPTY_CLOUD_EVENT.name),
                f"{load_tweet.p50 - tutorial.p50:+.1f}",
            ]
        )
    columns = [
        "at once",
        "× original",
        "× tutorial",
        "× tutorial, tuned",
        "× empty cloud_event",
        "median − tutorial's, ms",
    ]
    return Table("load_tweet to the others, messages a second", columns, rows)


def measurements(measured: list[Measured], milliseconds: float) -> Table:
    """Each rival at each concurrency."""
    rows = [
        [
            result.rival,
            str(result.concurrency),
            f"{result.a_second:,.0f}",
            f"{result.p50:,.1f}",
            f"{result.p99:,.1f}",
            f"{result.cpu:,.0f}",
            f"{result.inserts:,}",
            f"{result.rows:,}",
            f"{result.acknowledged:,}",
            f"{result.refused:,}",
            f"{result.memory / 2**20:.0f}",
            f"{result.bigquery_busy:.0%}",
        ]
        for result in measured
    ]
    columns = [
        "function",
        "at once",
        "messages/s",
        "p50 ms",
        "p99 ms",
        "CPU µs/message",
        "inserts",
        "rows",
        "acknowledged",
        "refused",
        "MiB",
        "stand-in's CPU",
    ]
    return Table(f"BigQuery answers in {milliseconds:g} ms", columns, rows)


def counts(counted: list[Counted]) -> Table:
    """Return what was lost or doubled, message by message."""
    rows = [
        [c.rival, f"{c.messages:,}", f"{c.acknowledged:,}", f"{c.deliveries:,}", str(c.missing), str(c.doubled)]
        for c in counted
    ]
    columns = ["function", "messages", "acknowledged", "deliveries", "acknowledged, not stored", "stored twice"]
    return Table("Every message accounted for", columns, rows)


def memory(points: list[Memory]) -> Table:
    """Memory as messages go by."""
    rows = [[f"{point.messages:,}", f"{point.memory / 2**20:.1f}"] for point in points]
    return Table("Memory of load_tweet, 400 at once", ["messages so far", "MiB"], rows)


def failures(became: Iterable[Became]) -> Table:
    """One row a case."""
    rows = [
        [
            result.case.name,
            f"{result.messages:,}",
            f"{result.deliveries:,}",
            f"{result.acknowledged:,}",
            f"{result.stored:,}",
            f"{result.rejected:,}",
            str(len(result.lost)),
            str(result.twice),
            f"{result.rows:,}",
        ]
        for result in became
    ]
    columns = [
        "BigQuery, or the platform",
        "messages",
        "deliveries",
        "acknowledged",
        "shown",
        "rejected",
        "lost",
        "shown twice",
        "rows",
    ]
    return Table("What load_tweet makes of failures: acknowledged = shown + rejected", columns, rows)


def ingester_ratios(measured: list[ingester.Measured]) -> Table:
    """Ours beside what people write, and beside raw reading."""
    ingester_result = next(result for result in measured if result.who == ingester.INGESTER)
    rows = [
        [
            result.who,
            f"{result.posts:,}",
            f"{result.a_second:,.0f}",
            f"{result.cpu:,.1f}",
            f"{result.memory / 2**20:.0f}" if result.memory else "–",
            f"{ingester_result.a_second / result.a_second:.3g}",
        ]
        for result in measured
    ]
    columns = ["who", "posts", "posts/s", "CPU µs/post", "MiB", "ingester's posts/s as a multiple"]
    return Table("From the socket to the acknowledged publish (the first two only read)", columns, rows)


def ingester_memory(points: list[ingester.Measured]) -> Table:
    """Memory as posts go by."""
    rows = [[f"{point.posts:,}", f"{point.memory / 2**20:.1f}"] for point in points]
    return Table("Memory of the ingester", ["posts so far", "MiB"], rows)


def show(console: Console, table: Table) -> None:
    rich = RichTable(title=table.title, title_justify="left", header_style="bold")
    for number, column in enumerate(table.columns):
        rich.add_column(column, justify="right" if number else "left")
    for row in table.rows:
        rich.add_row(*row)
    console.print(rich)


def markdown(tables: Iterable[Table], command: str) -> str:
    """The page for docs/benchmarks."""
    lines = [f"`{command}`, {machine()}.", ""]
    for table in tables:
        lines += [f"## {table.title}", "", f"| {' | '.join(table.columns)} |"]
        lines += [
            f"| --- {'| ---: ' * (len(table.columns) - 1)}|",
            *(f"| {' | '.join(row)} |" for row in table.rows),
            "",
        ]
    return "\n".join(lines)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
