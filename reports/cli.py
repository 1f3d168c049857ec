"""scripts/reports: asks BigQuery the questions in questions/; --help says how."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TextIO

from rich.console import Console
from rich.text import Text

from runtime.console import SafeConsole

from . import (
    embedded,
    export,
    files,
    narrowing,
    network,
    options,
    query,
    questions,
    request,
    results,
    sanitize,
    tables,
    terminal,
)
from .errors import ReportError, UsageError
from .params import Params
from .query import Source
from .questions import Question
from .results import Report
from .sanitize import for_terminal
from .sentences import posts
from .settings import read as read_settings

_NONE = {
    "keyword": "No post has one: keywords.txt is empty. --search WORDS looks for words in the texts.",
    "rule": "No post has one.",
}
_WORTH_A_WORD = timedelta(hours=2)
_PIPED = 1_000  # characters of a line
_PRIVATE = 0o077  # reports and exports have posts in them: for nobody else on this machine


def main(argv: list[str] | None = None) -> int:
    """Exit codes: 0 done; 1 BigQuery failed; 2 bad usage; 130 Ctrl-C."""
    arguments = options.parser().parse_args(argv)
    console = _console(sys.stderr)
    os.umask(_PRIVATE)
    try:
        return _run(arguments, console)
    except ReportError as error:
        console.print(Text.assemble(("No report. ", "bold red"), for_terminal(str(error))))
        return error.exit_code
    except BrokenPipeError:  # the reader of the pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        console.print("\nStopped, as you asked.")
        return 130


def _console(to: TextIO) -> Console:
    """Return a console. Output that is piped is not wrapped."""
    is_seen = to.isatty() or "COLUMNS" in os.environ
    return SafeConsole(file=to, width=None if is_seen else _PIPED)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    settings = read_settings()
    now = datetime.now(UTC).replace(microsecond=0)  # read once, so that the period and the demo's posts end together
    params = request.params(arguments, now)
    names = request.chosen_questions(arguments, params)
    shown = request.named(arguments.show, names)
    dataset = arguments.dataset or settings.bigquery_dataset
    arguments.is_default = arguments.results is None
    if arguments.sql:
        project = arguments.project or settings.google_cloud_project or "PROJECT"
        for name in names:
            print(questions.pasteable(questions.load(name), params, f"{project}.{dataset}"))
        return 0
    request.check_outputs(arguments)
    with _source(arguments, dataset, now, console) as source:
        if arguments.command == "serve":
            request.check_live(arguments)
            from . import live  # noqa: PLC0415 - a web server is needed only here

            return live.serve(source, arguments.host, arguments.port, arguments.timezone, console)
        if arguments.data is not None or arguments.since == "all":
            params = _stored_period(source, params, arguments)
        _price(source, params, request.questions_to_pay(arguments, names), arguments, console)
        if arguments.dry_run:
            return 0
        if arguments.network:
            return _network(source, params, arguments, console)
        if arguments.export:
            return _export(source, params, arguments, console)
        collected = narrowing.with_parts(
            source, narrowing.with_topic(source, _collected(source, params, now, console), arguments.topic)
        )
        report = _ask(source, collected, names, params.until, console)
        _hint(source, report, console)
    return _show(report, shown, arguments, console)


def _stored_period(source: Source, params: Params, arguments: argparse.Namespace) -> Params:
    """Return the period of all that a run has stored, where the person named none: it may be long ago."""
    if arguments.since not in (None, "all"):
        return params
    return narrowing.collected_period(source, replace(params, since=params.until - narrowing.EVER)) or params


def _collected(source: Source, params: Params, now: datetime, console: Console) -> Params:
    """Return the part of the period in which posts were collected, and say where it is shorter than what was asked."""
    collected = narrowing.collected_part(source, params, now)
    begin, end = (tables.moment(collected.local(moment)) for moment in (collected.since, collected.until))
    if collected.since - params.since >= _WORTH_A_WORD:
        console.print(f"Nothing was collected before {begin}: the report begins there.", style="dim")
    if params.until - collected.until >= _WORTH_A_WORD:
        console.print(f"Nothing was collected after {end}: the report ends there.", style="dim")
    return collected


def _ask(source: Source, params: Params, names: tuple[str, ...], covered_until: datetime, console: Console) -> Report:
    with console.status("") as status:
        return results.make_report(
            source, params, names, lambda name: status.update(questions.load(name).title), covered_until=covered_until
        )


def _hint(source: Source, report: Report, console: Console) -> None:
    """Where a keyword or a rule has no post, name those that have some: it may be mistyped."""
    params, totals = report.params, report.results.get("totals")
    if totals is None or totals.rows[0]["total_posts"]:
        return
    if not params.filters:
        console.print(f"No post {_period_text(params)} is stored. Name another period: --from TIME, --to TIME.")
        return
    rows = query.run(source, questions.load("live/names"), params)
    for name, value in params.filters.items():
        stored = ", ".join(for_terminal(str(row["name"])) for row in rows if row["kind"] == name)
        hint = f" There are: {stored}." if stored else f" {_NONE[name]}" if name in _NONE else ""
        console.print(Text(f"No post of this period matches --{name} {for_terminal(value)}.{hint}"))


def _period_text(params: Params) -> str:
    begin, end = (tables.moment(params.local(moment)) for moment in (params.since, params.until))
    return f"from {begin} to {end}"


def _show(report: Report, shown: tuple[str, ...], arguments: argparse.Namespace, console: Console) -> int:
    arguments.results = arguments.results or files.new_folder(datetime.now(UTC))
    with console.status("Drawing the page…"):
        written = files.write(
            report,
            arguments.results,
            with_page=True,
            for_programs=arguments.for_programs,
            with_workbook=arguments.xlsx,
            charts=arguments.charts,
        )
    # a partial report does not replace the latest one
    if arguments.is_default and not (arguments.only or arguments.search):
        files.link_latest(arguments.results)
    is_partial = bool(arguments.only or arguments.show or arguments.search)
    if is_partial or arguments.all:  # after the files, which `| head` must not prevent
        terminal.show(report, _console(sys.stdout), shown)
    else:
        terminal.show_overview(report, _console(sys.stdout))
    page = next((path for path in written if path.suffix == ".html"), None)
    where = Text.assemble(f"\n{len(written)} file{'s' * (len(written) > 1)} in ", (str(arguments.results), "cyan"))
    console.print(where + Text.assemble("; open ", (str(page), "bold cyan")) if page else where)
    return 0


def _price(
    source: Source, params: Params, chosen: Sequence[Question], arguments: argparse.Namespace, console: Console
) -> None:
    """Say what the real BigQuery would bill, before it is asked. The embedded one costs nothing."""
    if query.is_embedded():
        console.print(f"{_count_queries(chosen)} of the embedded BigQuery, which bills nothing.", style="dim")
        return
    scanned = sum(query.scan_bytes(source, question, params) for question in chosen)
    dollars = scanned / 2**40 * query.DOLLARS_A_TEBIBYTE
    console.print(
        f"{_count_queries(chosen)} scan{'s' * (len(chosen) == 1)} {scanned / 1e9:,.2f} GB: ${dollars:,.4f} at "
        f"${query.DOLLARS_A_TEBIBYTE} a TiB, nothing within the free first TiB of a month."
    )
    if scanned > arguments.max_gigabytes * 1e9 and not arguments.dry_run:
        raise UsageError(
            f"That is more than --max-gigabytes {arguments.max_gigabytes:g}, so nothing was asked. Name a shorter period "
            "(--from), fewer questions (--only), or a larger limit."
        )


def _count_queries(chosen: Sequence[Question]) -> str:
    return f"{len(chosen)} quer{'y' if len(chosen) == 1 else 'ies'}"


def _network(source: Source, params: Params, arguments: argparse.Namespace, console: Console) -> int:
    params = narrowing.with_topic(source, params, arguments.topic)
    with console.status("Joining who or what goes together…"):
        nodes, edges = network.write(source, params, arguments.network, arguments.export)
    console.print(Text.assemble(f"{nodes:,} nodes and {edges:,} edges in ", (str(arguments.export), "cyan")))
    if edges:
        console.print(f"Pairs with fewer than {posts(params.minimum)} are left out (--minimum).", style="dim")
    else:
        console.print(
            f"No pair has {posts(params.minimum)} {_period_text(params)}, so the file holds no network. --minimum 1 takes every pair; "
            "--from TIME names a longer period."
        )
    return 0


def _export(source: Source, params: Params, arguments: argparse.Namespace, console: Console) -> int:
    params = narrowing.with_topic(source, params, arguments.topic)
    with console.status("Reading the posts…"):
        cut: list[int] = []
        count = export.write(
            source,
            params,
            arguments.export,
            request.export_kind(arguments),
            for_programs=arguments.for_programs,
            coders=request.coders(arguments),
            with_topics=request.has_sheet_topics(arguments),
            on_cut=cut.append,
        )
    console.print(Text.assemble(f"{count:,} posts in ", (str(arguments.export), "cyan")))
    if request.is_sheet(arguments):
        for sheet in export.sheets_of(arguments.export, request.coders(arguments)):
            console.print(Text.assemble("A sheet of its own: ", (str(sheet), "cyan")))
        console.print(Text.assemble("The codebook to fill in: ", (str(export.codebook_of(arguments.export)), "cyan")))
        if request.has_sheet_topics(arguments):
            path = export.topics_of(arguments.export)
            console.print(Text.assemble("The topics, to compare with the codes afterwards: ", (str(path), "cyan")))
    for cells in cut:
        console.print(
            f"{cells:,} cells were cut to the {sanitize.CELL:,} characters that a spreadsheet takes; --for-programs keeps them whole."
        )
    if not count:
        console.print(
            f"No post {_period_text(params)} is stored, or has what was asked for. Name another period: --from TIME, --to TIME."
        )
    if not arguments.ids_only:
        console.print("X's policy lets you pass on ids, not posts: --ids-only writes what may be shared.", style="dim")
    return 0


@contextmanager
def _source(arguments: argparse.Namespace, dataset: str, now: datetime, console: Console) -> Iterator[Source]:
    if not arguments.demo and arguments.data is None:
        with query.connect(arguments.project) as client:
            yield Source(client, dataset, is_synthetic=arguments.synthetic)
        return
    with ExitStack() as stack:
        if arguments.data is not None:
            source = stack.enter_context(embedded.serve_kept_run(arguments.data))
        else:
            with console.status("Making four weeks of synthetic posts in an embedded BigQuery…"):
                source = stack.enter_context(embedded.serve_demo(now))
        yield source
