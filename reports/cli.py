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

from posts import languages
from runtime.console import SafeConsole

from . import (
    embedded,
    export,
    files,
    network,
    options,
    query,
    questions,
    reading,
    results,
    sanitize,
    tables,
    terminal,
    topics,
)
from .errors import ReportError, UsageError
from .params import COMPARED, KINDS, MOST_PARTS, SAMPLE, WEEK_STARTS, Params, period
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
_NOT_LIVE = (
    "keyword",
    "rule",
    "language",
    "source",
    "kind",
    "compare",
    "only",
    "show",
    "search",
    "sample",
    "export",
    "network",
    "ids_only",
    "for_programs",
    "dry_run",
    "sql",
    "coders",
    "charts",
    "xlsx",
    "all",
)


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
    params = _params(arguments, now)
    names = _chosen(arguments, params)
    shown = _names(arguments.show, names)
    dataset = arguments.dataset or settings.bigquery_dataset
    arguments.is_default = arguments.results is None
    if arguments.sql:
        project = arguments.project or settings.google_cloud_project or "PROJECT"
        for name in names:
            print(questions.pasteable(questions.load(name), params, f"{project}.{dataset}"))
        return 0
    if arguments.network:
        if arguments.export is None:
            raise UsageError("--network needs a file: --export FILE.gexf or FILE.graphml.")
        network.check(arguments.export)
    if arguments.command is None and not arguments.dry_run:
        if arguments.export:
            files.check_file(arguments.export)
        else:
            files.check(arguments.results or files.DEFAULT)
    with _source(arguments, dataset, now, console) as source:
        if arguments.command == "serve":
            _only_for_reports(arguments)
            from . import live  # noqa: PLC0415 - a web server is needed only here

            return live.serve(source, arguments.host, arguments.port, arguments.timezone, console)
        if arguments.data is not None or arguments.since == "all":
            params = _stored_period(source, params, arguments)
        if arguments.network:
            network_questions = [network.load_question(arguments.network), network.load_nodes(arguments.network)]
            _price(source, params, network_questions, arguments, console)
            return 0 if arguments.dry_run else _network(source, params, arguments, console)
        if arguments.export:
            _price(source, params, [export.load_question(_kind(arguments))], arguments, console)
            return 0 if arguments.dry_run else _export(source, params, arguments, console)
        _price(
            source, params, [*results.required_questions(names), questions.load("live/collected")], arguments, console
        )
        if arguments.dry_run:
            return 0
        collected = _with_parts(source, _with_topic(source, _collected(source, params, now, console), arguments.topic))
        report = _ask(source, collected, names, params.until, console)
        _hint(source, report, console)
    return _show(report, shown, arguments, console)


def _params(arguments: argparse.Namespace, now: datetime) -> Params:
    everything = arguments.since == "all"
    since, until = period(None if everything else arguments.since, arguments.until, arguments.timezone, now)
    what, parts = _compared(arguments.compare)
    return Params(
        since=until - results.EVER if everything else since,
        until=until,
        timezone=arguments.timezone,
        keyword=arguments.keyword,
        rule=arguments.rule,
        minimum=arguments.minimum,
        sample=arguments.sample or SAMPLE,
        by=arguments.by,
        strata=arguments.strata,
        seed=arguments.seed,
        week_start=WEEK_STARTS[arguments.week_starts],
        search=None if arguments.search is None else reading.parse(arguments.search),
        language=arguments.language and _language(arguments.language),
        source=arguments.source,
        kind=arguments.kind and KINDS[arguments.kind],
        compare=what,
        parts=parts,
        bins=arguments.bins,
        topics=arguments.topics,
    )


def _compared(typed: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Return what tells the parts apart, and the parts if they are named: language or language=de,en. Raises UsageError."""
    if typed is None:
        return None, ()
    what, equals, named = typed.partition("=")
    if what not in COMPARED:
        raise UsageError(
            f"--compare {typed}: what is compared is one of {', '.join(COMPARED)}, as in --compare language=en,es."
        )
    parts = tuple(dict.fromkeys(part.strip() for part in named.split(",") if part.strip()))
    if what == "language":
        parts = tuple(map(_language, parts))
    if what == "kind":
        parts = tuple(KINDS.get(part, part) for part in parts)
    if equals and not 2 <= len(parts) <= MOST_PARTS:
        raise UsageError(f"--compare {typed}: name two to {MOST_PARTS} of them, as in --compare {what}=ONE,ANOTHER.")
    return what, parts


def _language(typed: str) -> str:
    """Return X's code for a language that was named by its code or in English. Raises UsageError."""
    by_name = {name.lower(): code for code, name in languages.NAMES.items()}
    code = by_name.get(typed.strip().lower(), languages.language_code(typed))
    if code not in languages.NAMES:
        raise UsageError(f"X knows no language '{typed}'. Write its code or its English name: de, or German.")
    return code


def _chosen(arguments: argparse.Namespace, params: Params) -> tuple[str, ...]:
    """Return the names of the questions to ask. --search alone shows the posts that it finds."""
    every = questions.names(is_compared=params.compare is not None)
    if params.search is None:
        return every if arguments.only == "all" else _names(arguments.only, every)
    every = ("search", *every)
    if arguments.only is None:
        return ("search",)
    return every if arguments.only == "all" else _names(arguments.only, every)


def _stored_period(source: Source, params: Params, arguments: argparse.Namespace) -> Params:
    """Return the period of all that a run has stored, where the person named none: it may be long ago."""
    if arguments.since not in (None, "all"):
        return params
    return results.collected_period(source, replace(params, since=params.until - results.EVER)) or params


def _collected(source: Source, params: Params, now: datetime, console: Console) -> Params:
    """Return the part of the period in which posts were collected, and say where it is shorter than what was asked."""
    collected = results.collected_part(source, params, now)
    begin, end = (tables.moment(collected.local(moment)) for moment in (collected.since, collected.until))
    if collected.since - params.since >= _WORTH_A_WORD:
        console.print(f"Nothing was collected before {begin}: the report begins there.", style="dim")
    if params.until - collected.until >= _WORTH_A_WORD:
        console.print(f"Nothing was collected after {end}: the report ends there.", style="dim")
    return collected


def _with_topic(source: Source, params: Params, number: int | None) -> Params:
    """Return the parameters with the posts of a topic, which the same seed finds again. Raises UsageError."""
    if number is None:
        return params
    rows = query.run(source, questions.load("topics"), params)
    assigned = topics.assigned(rows, params)
    of_topic = [row for row in assigned if row["number"] == number]
    if not of_topic:
        last = max((row["number"] for row in assigned), default=0)
        raise UsageError(
            f"--topic {number}: {f'the topics of this period are 1 to {last}' if last else 'this period has no topics'}."
        )
    return replace(params, topic=of_topic[0]["topic"], topic_ids=tuple(row["id"] for row in of_topic))


def _with_parts(source: Source, params: Params) -> Params:
    """Return the parameters with the parts that are compared: where none are named, the two with most posts. Raises UsageError."""
    if params.compare is None:
        return params
    stored_parts = tuple(row["part"] for row in query.run(source, questions.load("live/parts"), params))
    if missing := [part for part in params.parts if part not in stored_parts]:
        raise UsageError(
            f"--compare {params.compare}: no post of this period is in {', '.join(map(for_terminal, missing))}. "
            f"There are: {', '.join(map(for_terminal, stored_parts[:12]))}."
        )
    if params.parts:
        return params
    if len(stored_parts) < 2:
        only = (
            f"only one {params.compare}, '{for_terminal(stored_parts[0])}'" if stored_parts else f"no {params.compare}"
        )
        raise UsageError(
            f"--compare {params.compare}: the posts of this period have {only}, so there is nothing to compare."
        )
    return replace(params, parts=stored_parts[:2])


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
    params = _with_topic(source, params, arguments.topic)
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
    params = _with_topic(source, params, arguments.topic)
    with console.status("Reading the posts…"):
        cut: list[int] = []
        count = export.write(
            source,
            params,
            arguments.export,
            _kind(arguments),
            for_programs=arguments.for_programs,
            coders=_coders(arguments),
            on_cut=cut.append,
        )
    console.print(Text.assemble(f"{count:,} posts in ", (str(arguments.export), "cyan")))
    if _kind(arguments) is export.Kind.SAMPLE:
        for sheet in export.sheets_of(arguments.export, _coders(arguments)):
            console.print(Text.assemble("A sheet of its own: ", (str(sheet), "cyan")))
        console.print(Text.assemble("The codebook to fill in: ", (str(export.codebook_of(arguments.export)), "cyan")))
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


def _kind(arguments: argparse.Namespace) -> export.Kind:
    """What --export writes: all posts, their ids, X's own messages, or a sample to code by hand. Raises UsageError."""
    _coders(arguments)
    kinds = [name for name, is_set in (("ids", arguments.ids_only), ("sample", arguments.sample)) if is_set]
    if arguments.export.suffix == ".jsonl":
        kinds.append("messages")
    if len(kinds) > 1:
        raise UsageError("--ids-only, --sample and a FILE.jsonl are three kinds of export: name one.")
    default = export.Kind.STORED if arguments.columns == "stored" else export.Kind.POSTS
    return export.Kind(kinds[0]) if kinds else default


def _coders(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Return the names of the coders as parts of column names. Raises UsageError."""
    if arguments.coders is None:
        return ()
    names = tuple(name.strip() for name in arguments.coders.split(",") if name.strip())
    if not names or len(set(names)) < len(names) or not all(name.replace("_", "a").isalnum() for name in names):
        raise UsageError(
            "--coders needs different names of letters and digits, with commas between them: --coders ann,ben."
        )
    if not arguments.sample:
        raise UsageError("--coders belongs to a coding sheet: --sample 200 --export coding.csv --coders ann,ben.")
    return names


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


def _names(typed: str | None, names: tuple[str, ...]) -> tuple[str, ...]:
    if typed is None:
        return names
    chosen = tuple(name.strip() for name in typed.split(",") if name.strip())
    unknown = [name for name in chosen if name not in names]
    if unknown or not chosen:
        raise UsageError(f"There is no question '{', '.join(unknown)}' here. There are: {', '.join(names)}.")
    return chosen


def _only_for_reports(arguments: argparse.Namespace) -> None:
    options = [f"--{name.replace('_', '-')}" for name in _NOT_LIVE if getattr(arguments, name)]
    options += [option for option, value in (("--from", arguments.since), ("--to", arguments.until)) if value]
    if options:
        raise UsageError(
            f"The live page is always of the last 24 hours and of all posts: {', '.join(options)} cannot be said of it."
        )
