"""What a command line asks for: the posts, the questions and the kind of export."""

import argparse
from datetime import datetime

from posts import languages

from . import export, files, narrowing, network, options, questions, reading, results
from .errors import UsageError
from .params import COMPARED, KINDS, MOST_PARTS, SAMPLE, WEEK_STARTS, Params, period
from .questions import Question

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
    "topics",
    "topic",
    "ids_only",
    "for_programs",
    "dry_run",
    "sql",
    "coders",
    "charts",
    "xlsx",
    "all",
)


def params(arguments: argparse.Namespace, now: datetime) -> Params:
    """Return the posts that are asked for, in a period that ends `now` if none is named. Raises UsageError."""
    everything = arguments.since == "all"
    since, until = period(None if everything else arguments.since, arguments.until, arguments.timezone, now)
    what, parts = _compared(arguments.compare)
    return Params(
        since=until - narrowing.EVER if everything else since,
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
        topics=None if arguments.topics == options.AUTO else arguments.topics,
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


def chosen_questions(arguments: argparse.Namespace, params: Params) -> tuple[str, ...]:
    """Return the names of the questions to ask. --search alone shows the posts that it finds."""
    every = questions.names(is_compared=params.compare is not None)
    if params.search is None:
        return every if arguments.only == "all" else named(arguments.only, every)
    every = ("search", *every)
    if arguments.only is None:
        return ("search",)
    return every if arguments.only == "all" else named(arguments.only, every)


def named(typed: str | None, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that were typed with commas between them, or all `names` where none were. Raises UsageError."""
    if typed is None:
        return names
    chosen = tuple(name.strip() for name in typed.split(",") if name.strip())
    unknown = [name for name in chosen if name not in names]
    if unknown or not chosen:
        raise UsageError(f"There is no question '{', '.join(unknown)}' here. There are: {', '.join(names)}.")
    return chosen


def export_kind(arguments: argparse.Namespace) -> export.Kind:
    """What --export writes: all posts, their ids, X's own messages, or a sample to code by hand. Raises UsageError."""
    kinds = [name for name, is_set in (("ids", arguments.ids_only), ("sample", arguments.sample)) if is_set]
    if arguments.export.suffix == ".jsonl":
        kinds.append("messages")
    if len(kinds) > 1:
        raise UsageError("--ids-only, --sample and a FILE.jsonl are three kinds of export: name one.")
    default = export.Kind.STORED if arguments.columns == "stored" else export.Kind.POSTS
    return export.Kind(kinds[0]) if kinds else default


def coders(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Return the names of the coders as parts of column names. Raises UsageError."""
    if arguments.coders is None:
        return ()
    names = tuple(name.strip() for name in arguments.coders.split(",") if name.strip())
    if not names or len(set(names)) < len(names) or not all(name.replace("_", "a").isalnum() for name in names):
        raise UsageError(
            "--coders needs different names of letters and digits, with commas between them: --coders ann,ben."
        )
    if not is_sheet(arguments):
        raise UsageError("--coders belongs to a coding sheet: --sample 200 --export coding.csv --coders ann,ben.")
    if arguments.topics is not None and "topics" in map(str.lower, names):
        raise UsageError(
            "--coders topics: with --topics, the file of that name has the topics. Name the coder otherwise."
        )
    return names


def is_sheet(arguments: argparse.Namespace) -> bool:
    """Say whether a sample is exported for people who code it."""
    to = arguments.export
    return to is not None and to.suffix == ".csv" and export_kind(arguments) is export.Kind.SAMPLE


def has_sheet_topics(arguments: argparse.Namespace) -> bool:
    """Say whether the topics of a coding sheet's posts are wanted."""
    return arguments.topics is not None and is_sheet(arguments)


def check_outputs(arguments: argparse.Namespace) -> None:
    """Raise UsageError where what is asked for cannot be written, before BigQuery is asked and paid."""
    if arguments.network:
        if arguments.export is None:
            raise UsageError("--network needs a file: --export FILE.gexf or FILE.graphml.")
        network.check(arguments.export)
    if arguments.export:
        _check_export(arguments)
    if arguments.command is None and not arguments.dry_run:
        if arguments.export:
            files.check_file(arguments.export)
        else:
            files.check(arguments.results or files.DEFAULT)


def _check_export(arguments: argparse.Namespace) -> None:
    """Raise UsageError for options that do not belong to what is exported, and for sheets that may have codes in them."""
    coders(arguments)
    if arguments.topics is not None and arguments.topic is None and not has_sheet_topics(arguments):
        raise UsageError(
            "--topics groups the posts of a report or of a coding sheet (--sample 200 --export coding.csv), or with --topic N it says into "
            "how many groups. This export has no groups: leave --topics out."
        )
    if has_sheet_topics(arguments) and arguments.sample > export.MOST_WITH_TOPICS:
        raise UsageError(
            f"--topics finds the topics of at most {export.MOST_WITH_TOPICS:,} posts of a sheet: --sample N."
        )
    if is_sheet(arguments):
        sheets = [arguments.export, *export.sheets_of(arguments.export, coders(arguments))]
        if existing := [str(sheet) for sheet in sheets if sheet.exists()]:
            raise UsageError(
                f"{', '.join(existing)} exists and may have codes in it, so nothing was asked. Name another file: the same period, "
                "--sample and --seed draw the same posts."
            )


def questions_to_pay(arguments: argparse.Namespace, names: tuple[str, ...]) -> list[Question]:
    """Return what BigQuery is asked for a report with the questions `names`, or for an export. Each time costs, also of the same query."""
    if arguments.network:
        to_pay = [network.load_question(arguments.network), network.load_nodes(arguments.network)]
    elif arguments.export:
        to_pay = [export.load_question(export_kind(arguments))]
    else:
        to_pay = [*results.required_questions(names), questions.load("live/collected")]
        to_pay += [questions.load("live/parts")] * (arguments.compare is not None)
    to_pay += [questions.load("live/collected")] * (arguments.since == "all")
    return to_pay + [questions.load("topics")] * ((arguments.topic is not None) + has_sheet_topics(arguments))


def check_live(arguments: argparse.Namespace) -> None:
    """Raise UsageError for options that the live page cannot heed."""
    unheeded = [f"--{name.replace('_', '-')}" for name in _NOT_LIVE if getattr(arguments, name)]
    unheeded += [option for option, value in (("--from", arguments.since), ("--to", arguments.until)) if value]
    if unheeded:
        raise UsageError(
            f"The live page is always of the last 24 hours and of all posts: {', '.join(unheeded)} cannot be said of it."
        )
