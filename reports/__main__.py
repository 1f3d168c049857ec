"""python -m reports: asks BigQuery the questions beside this file; --help says how."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from . import ask, export, files, questions, results, terminal
from .ask import Source
from .asked import MINIMUM, Asked, period
from .errors import ReportError, UsageError
from .settings import read as read_settings

_WARN_ABOVE = 100  # GB: what a run may scan unasked


def main(argv: list[str] | None = None) -> int:
    """Exit codes: 0 done; 1 BigQuery failed; 2 bad usage; 130 Ctrl-C."""
    arguments = _parser().parse_args(argv)
    console = Console(stderr=True)
    try:
        return _run(arguments, console)
    except ReportError as error:
        console.print(f"[bold red]No report.[/] {str(error).replace('[', chr(92) + '[')}", highlight=False)
        return error.exit_code
    except KeyboardInterrupt:
        console.print("\nStopped, as you asked.")
        return 130


def _run(arguments: argparse.Namespace, console: Console) -> int:
    settings = read_settings()
    now = datetime.now(UTC)
    since, until = period(arguments.since, arguments.until, arguments.timezone, now)
    asked = Asked(since, until, arguments.timezone, arguments.keyword, arguments.rule, arguments.minimum)
    names = _names(arguments.only)
    dataset = arguments.dataset or settings.bigquery_dataset
    if arguments.sql:
        project = arguments.project or settings.google_cloud_project or "PROJECT"
        for name in names:
            print(questions.pasteable(questions.read(name), asked, f"{project}.{dataset}"))
        return 0
    with _source(arguments, dataset, console) as source:
        if arguments.command == "serve":
            from . import live  # noqa: PLC0415 - a web server is needed only here

            return live.serve(source, arguments.host, arguments.port, arguments.timezone, console)
        if arguments.export:
            return _export(source, asked, arguments, console)
        _price(source, asked, names, arguments, console)
        return 0 if arguments.dry_run else _report(source, asked, names, arguments, console)


def _report(
    source: Source, asked: Asked, names: tuple[str, ...], arguments: argparse.Namespace, console: Console
) -> int:
    with console.status("") as status:
        report = results.make(source, asked, names, lambda name: status.update(questions.read(name).title))
    terminal.show(report, Console(), _names(arguments.show) if arguments.show else names)
    with console.status("Drawing the page…"):
        written = files.write(report, arguments.results, with_page=not arguments.only)
    page = next((path for path in written if path.suffix == ".html"), None)
    where = f"; open [bold cyan]{page}[/]" if page else ""
    console.print(f"\n{len(written)} files in [cyan]{arguments.results}[/]{where}", highlight=False)
    return 0


def _price(
    source: Source, asked: Asked, names: tuple[str, ...], arguments: argparse.Namespace, console: Console
) -> None:
    """What the real BigQuery would bill, said before it is asked; the embedded one has no price."""
    if ask.is_embedded():
        console.print(f"{len(names)} questions to the embedded BigQuery, which bills nothing.", style="dim")
        return
    scanned = sum(max(ask.scanned(source, questions.read(name), asked), ask.LEAST_BYTES) for name in names)
    dollars = scanned / 2**40 * ask.DOLLARS_A_TEBIBYTE
    console.print(
        f"{len(names)} questions scan {scanned / 1e9:,.2f} GB: ${dollars:,.4f} at ${ask.DOLLARS_A_TEBIBYTE} a TiB, "
        "nothing within the free first TiB of a month."
    )
    if scanned > arguments.max_gigabytes * 1e9 and not arguments.dry_run:
        raise UsageError(
            f"That is more than --max-gigabytes {arguments.max_gigabytes:g}, so nothing was asked. Name a shorter period "
            "(--from), fewer questions (--only), or a larger limit."
        )


def _export(source: Source, asked: Asked, arguments: argparse.Namespace, console: Console) -> int:
    with console.status("Reading the posts…"):
        count = export.write(source, asked, arguments.export, ids_only=arguments.ids_only)
    console.print(f"{count:,} posts in [cyan]{arguments.export}[/].", highlight=False)
    if not arguments.ids_only:
        console.print("X's policy lets you pass on ids, not posts: --ids-only writes what may be shared.", style="dim")
    return 0


@contextmanager
def _source(arguments: argparse.Namespace, dataset: str, console: Console) -> Iterator[Source]:
    if not arguments.demo:
        with ask.connect(arguments.project) as client:
            yield Source(client, dataset)
        return
    try:
        from . import demo  # noqa: PLC0415 - needs what scripts/run needs
    except ImportError as error:
        raise UsageError(
            f"--demo needs the packages of requirements-run.txt ({error.name} is missing): pip install -r requirements-run.txt."
        ) from None
    status = console.status("Making four weeks of synthetic posts in an embedded BigQuery…")
    status.start()
    with demo.bigquery_with_posts() as source:
        status.stop()
        yield source


def _names(only: str | None) -> tuple[str, ...]:
    if not only:
        return questions.NAMES
    wanted = tuple(name.strip() for name in only.split(",") if name.strip())
    unknown = [name for name in wanted if name not in questions.NAMES]
    if unknown or not wanted:
        raise UsageError(f"There is no question '{', '.join(unknown)}'. There are: {', '.join(questions.NAMES)}.")
    return wanted


def _positive(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1_000_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reports",
        description="Answers the questions in reports/*.sql: tables here, CSV files and a page in --results. "
        "'serve' shows a live page instead.",
    )
    parser.add_argument("command", nargs="?", choices=("serve",), help="serve: a page on which the charts move")
    about = parser.add_argument_group("what about")
    about.add_argument(
        "--from", dest="since", metavar="TIME", help="a date, a time, or 36h, 7d, 2w before the end (28d)"
    )
    about.add_argument("--to", dest="until", metavar="TIME", help="a date (its whole day) or a time (now)")
    about.add_argument(
        "--timezone", default="UTC", help="in which hours and days are meant, as Europe/Berlin (%(default)s)"
    )
    about.add_argument("--keyword", help="only posts with this entry of keywords.txt")
    about.add_argument("--rule", help="only posts that the rule with this tag matched")
    about.add_argument(
        "--minimum",
        type=_positive,
        default=MINIMUM,
        metavar="N",
        help="posts below which a list leaves out an entry (%(default)s)",
    )
    about.add_argument("--only", metavar="NAME,NAME", help="only these questions: the names of the files, without .sql")
    where = parser.add_argument_group("from where")
    where.add_argument("--project", help="Google Cloud project (GOOGLE_CLOUD_PROJECT)")
    where.add_argument("--dataset", help="BigQuery dataset (BIGQUERY_DATASET, else twitter)")
    where.add_argument(
        "--demo", action="store_true", help="four weeks of synthetic posts in an embedded BigQuery: no cloud"
    )
    where.add_argument("--dry-run", action="store_true", help="only say what would be scanned, and its price")
    where.add_argument(
        "--max-gigabytes",
        type=float,
        default=_WARN_ABOVE,
        metavar="N",
        help="ask nothing that scans more (%(default)s)",
    )
    to = parser.add_argument_group("to where")
    to.add_argument(
        "--results", type=Path, default=Path("results"), metavar="FOLDER", help="where the files go (%(default)s)"
    )
    to.add_argument("--show", metavar="NAME,NAME", help="print only these tables")
    to.add_argument(
        "--sql", action="store_true", help="print the queries, to paste into BigQuery's console, and ask nothing"
    )
    to.add_argument(
        "--export", type=Path, metavar="FILE", help="the posts themselves instead: FILE.csv or FILE.parquet"
    )
    to.add_argument("--ids-only", action="store_true", help="with --export: ids alone, which X lets you pass on")
    live = parser.add_argument_group("serve")
    live.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s: this machine alone)")
    live.add_argument("--port", type=int, default=8765, help="port to listen on; 0 takes a free one (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
