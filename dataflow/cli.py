"""The command line: says what it will read and what that costs, runs the pipeline, loads the rows, and reconciles the counts."""

import argparse
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from rich.console import Console

from posts.keywords import Keywords, KeywordsError, read_keywords
from posts.sentiment import scorer
from runtime.console import SafeConsole
from runtime.errors import ConfigurationError
from warehouse import insert, schema, settings
from warehouse.errors import BadMoment
from warehouse.settings import Settings

from . import archive, batch, embedded, files, scores, staging, stream
from . import load as loading
from . import options as command_line
from . import totals as counts
from .archive import Window
from .convert import Options
from .errors import DataflowError, UsageError
from .files import Part
from .staging import Staging
from .totals import Totals

KEYWORDS = Path(__file__).parents[1] / "functions" / "load_tweet" / "keywords.txt"  # the same that the function uses
DOLLARS_A_MONTH = (
    122  # of one worker, e2-standard-2, day and night; Streaming Engine comes on top (infra/deploy/prices.json)
)
_POLL_SECONDS = 0.5
_interrupted = threading.Event()
_PRIVATE = 0o077  # what is staged has posts in it: for nobody else on this machine


@dataclass(frozen=True, slots=True)
class Job:
    """One batch import: what to read, under which name, and how to say what it is."""

    parts: Sequence[Part | Window]
    run: str
    opening: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 all is loaded and the counts balance; 1 it is not; 2 bad usage; 130 interrupted."""
    parsed, beam_options = command_line.parser().parse_known_args(arguments)
    seen = sys.stderr.isatty() or "COLUMNS" in os.environ
    console = SafeConsole(stderr=True, highlight=False, width=None if seen else 1_000)
    _quiet_loggers()
    os.umask(_PRIVATE)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as a shell makes it for what runs in the background
        signal.signal(signal.SIGINT, _interrupt)
    try:
        if parsed.data is None:
            return _run(parsed, beam_options, console)
        with embedded.bigquery_in(parsed.data, Path(parsed.staging or command_line.STAGING)):
            return _run(parsed, beam_options, console)
    except DataflowError as error:
        console.print(f"dataflow: {error}", markup=False)
        return error.exit_code
    except KeyboardInterrupt:
        console.print("Stopped, as you asked. Run the same command to continue.")
        return 130


def _quiet_loggers(level: int = logging.ERROR) -> None:
    """Hide warnings of Beam and its libraries that users cannot act on."""
    warnings.filterwarnings("ignore", module="apache_beam")
    for name in ("apache_beam", "urllib3", "google"):
        logging.getLogger(name).setLevel(level)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End what runs, as Ctrl-C does. Beam would log the exception with its tracebacks, and raise another for it."""
    _quiet_loggers(logging.CRITICAL + 1)
    threading.excepthook = lambda _: None
    _interrupted.set()
    raise KeyboardInterrupt


def _run(parsed: argparse.Namespace, beam_options: Sequence[str], console: Console) -> int:
    environment = {
        "GOOGLE_CLOUD_PROJECT": parsed.project,
        "BIGQUERY_DATASET": parsed.dataset,
        "LANGUAGES": parsed.languages,
        "KEEP_RETWEETS": parsed.keep_retweets,
        "SENTIMENT": parsed.sentiment,
    }
    try:
        loaded = settings.read({**os.environ, **{name: value for name, value in environment.items() if value}})
        keywords = Keywords() if parsed.no_filter else read_keywords(KEYWORDS)
    except (ConfigurationError, KeywordsError) as error:
        raise UsageError(str(error)) from None
    if parsed.command == "scores":
        if beam_options:
            raise UsageError(
                f"python -m dataflow scores has no option {beam_options[0]}; --help names those that it has."
            )
        return scores.run(
            parsed,
            loaded,
            scorer(loaded.sentiment),
            lambda message: console.print(message, markup=False),
            lambda question: _confirm_costs(parsed, question, console),
        )
    if parsed.no_filter:
        loaded = replace(loaded, languages=frozenset(), keep_retweets=True)
    now = datetime.now(UTC)
    options = Options(loaded.filter(keywords), loaded, round(now.timestamp() * 1_000_000), getattr(parsed, "tag", ""))
    remote = parsed.runner != "DirectRunner"
    pipeline_options = [f"--runner={parsed.runner}", f"--project={loaded.google_cloud_project}"] if remote else []
    if parsed.command == "stream":
        return _stream(parsed, options, [*(pipeline_options or ["--runner=DirectRunner"]), *beam_options], console)
    job = _file_job(parsed, options, console) if parsed.command == "files" else _archive_job(parsed, options)
    # BigQuery remembers load jobs by the run's name, so loading again needs a new name
    place = Staging(_staging(parsed, remote=remote), f"{job.run}-{now:%Y%m%dT%H%M%S}" if parsed.again else job.run)
    console.print(job.opening, markup=False)
    if not parsed.dry_run:
        place.touch()
        _clear_leftovers(place, console)
    if earlier := place.loaded():
        at = datetime.fromtimestamp(earlier["at"], UTC)
        console.print(
            f"Already loaded, on {at:%F %T} UTC. Nothing is loaded twice; --again loads it once more. "
            "The command scores changes the sentiment of stored posts."
        )
        return _print_summary(counts.from_json(earlier), console)
    if parsed.dry_run:
        return 0
    _check_tables(loaded)
    place.forget_incomplete()
    with bigquery.Client(project=loaded.google_cloud_project) as client:
        target = loading.Target(
            client,
            loaded.bigquery_dataset,
            lambda message: console.print(message, markup=False),
            reads_files=parsed.data is not None,
        )
        loader = loading.Loader(target, place, list(staging.part_names(len(job.parts))))
        with _progress(console, place, len(job.parts), remote=remote), loader.in_background():
            try:
                batch.run(
                    job.parts,
                    options,
                    place,
                    [*(pipeline_options or batch.local_options(parsed.workers)), *beam_options],
                )
            except (RuntimeError, OSError, GoogleAPIError, GoogleAuthError) as error:
                if _interrupted.is_set():
                    raise KeyboardInterrupt from None
                raise DataflowError(
                    f"The pipeline ended early: {_last_line(error)}. The same command goes on."
                ) from None
        return _load(place, loader, target, len(job.parts), console)


def _clear_leftovers(place: Staging, console: Console) -> None:
    """Remove what imports that were broken off have left for over a day, and name what is younger."""
    for leftover in staging.find_unfinished_imports(place.folder.rsplit("/", 1)[0], place.run):
        at = f"{datetime.fromtimestamp(leftover.at, UTC):%F %H:%M} UTC"
        if not leftover.is_stale:
            message = (
                f"An import of {at} was broken off, or still runs: its files with posts are in {leftover.folder}. "
                "Its command goes on with it; after a day the next import removes them."
            )
        elif staging.remove(leftover):
            message = f"Removed what an import of {at} had left, which was broken off: {leftover.folder}"
        else:
            message = f"An import of {at} was broken off, and its files with posts cannot be removed. Remove them: {leftover.folder}"
        console.print(message, markup=False)


def _last_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {(lines or ['no reason given'])[-1][:500]}"


def _load(place: Staging, loader: loading.Loader, target: loading.Target, count: int, console: Console) -> int:
    parts = place.read_parts()
    if len(parts) < count:
        raise DataflowError(f"{count - len(parts)} parts of {count} were not converted. The same command goes on.")
    with console.status("Loading"):
        loader.load_ready()
    result = counts.total(totals for totals, _ in parts)
    loader.correct(result)
    place.finish(result)
    loading.request_removal_check(target, place.run, result.outcomes["loaded"], result.outcomes["deletions"])
    return _print_summary(result, console)


def _print_summary(result: Totals, console: Console) -> int:
    console.print(counts.sentence(result), markup=False)
    if not result.balanced:
        console.print("The counts do not balance. This is a mistake of the program: please report it.")
        return 1
    if result.unknown:
        names = ", ".join(f"{name} ({count:,})" for name, count in result.unknown.most_common(10))
        console.print(f"Fields that have no column, and stay in payload: {names}.", markup=False)
    if result.outcomes["rejected"]:
        console.print(
            "The table rejected has what could not become a row, with file and line in the column attributes."
        )
    if result.outcomes["rejected"] == result.read > 0:
        console.print("Nothing of these files became a row.")
        return 1
    return 0


def _file_job(parsed: argparse.Namespace, options: Options, console: Console) -> Job:
    matched = files.find(parsed.files)
    size = sum(file.size for file in matched)
    with console.status("Looking whether these files were loaded before…"):
        run = staging.name("files", *map(files.fingerprint, matched), *_options_key(options))
    count = f"{len(matched):,} file{'s' * (len(matched) != 1)}, {size / 1e6:,.1f} MB"
    opening = f"{count}. Loading costs nothing at Google or X, but storage does.{_scoring(options, files.guess_posts(matched))}"
    return Job(
        files.divide(matched),
        run,
        f"{opening} The files themselves are not covered by remove_deleted: keep them as X's terms say.",
    )


def _archive_job(parsed: argparse.Namespace, options: Options) -> Job:
    since, until = parsed.since, min(parsed.until or datetime.now(UTC), datetime.now(UTC))
    if since >= until:
        raise UsageError(f"--from {since:%F %T} is not before --to {until:%F %T}. Name an earlier one.")
    whole = Window(since, until)
    with bigquery.Client(project=options.settings.google_cloud_project) as client:
        size = archive.measure(client, options.settings.bigquery_dataset, whole)
    dollars = size.size / 2**40 * archive.DOLLARS_A_TEBIBYTE
    opening = (
        f"{size.messages:,} messages of archive from {since:%F %H:%M:%S} to {until:%F %H:%M:%S} UTC, {size.size / 1e6:,.1f} MB: reading "
        f"them costs ${dollars:,.2f} at Google, and nothing at X.{_scoring(options, size.messages)}"
    )
    # without --to, `until` is now, and a second try would be another run
    run = staging.name("archive", since, parsed.until, *_options_key(options))
    return Job(archive.windows(since, until) if parsed.until else [whole], run, opening)


def _scoring(options: Options, posts: int) -> str:
    """Say what sentiment adds."""
    choice = options.settings.sentiment
    if choice == "off":
        return ""
    return f" Scoring sentiment ({choice}) adds {scores.minutes(scorer(choice), posts)}; --sentiment off leaves it out."


def _options_key(options: Options) -> list[object]:
    loaded = options.settings
    return [
        loaded.google_cloud_project,
        loaded.bigquery_dataset,
        sorted(loaded.languages),
        loaded.keep_retweets,
        options.filter.keywords,
        options.tag,
    ]


def _stream(parsed: argparse.Namespace, options: Options, beam_options: Sequence[str], console: Console) -> int:
    name = parsed.subscription
    if "/" not in name:
        name = f"projects/{options.settings.google_cloud_project}/subscriptions/{name}"
    if parsed.runner == "DirectRunner":
        console.print("On this machine Beam acknowledges messages when it reads them: for trials only. Ctrl-C ends it.")
    else:
        console.print(
            f"A streaming job costs about ${DOLLARS_A_MONTH} a month at the least, whether posts come or not."
        )
        _confirm_costs(parsed, "Start it?", console)
    try:
        stream.run(name, options, beam_options, wait=parsed.runner == "DirectRunner")
    except (RuntimeError, GoogleAPIError, GoogleAuthError, BadMoment) as error:
        if _interrupted.is_set():
            raise KeyboardInterrupt from None
        raise DataflowError(f"The pipeline ended: {_last_line(error)}") from None
    return 0


def _confirm_costs(parsed: argparse.Namespace, question: str, console: Console) -> None:
    if parsed.yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("This asks before it spends money, and there is no terminal to answer at. Add --yes.")
    if console.input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise UsageError("Nothing was started.")


def _check_tables(loaded: Settings) -> None:
    try:
        tables = insert.read_tables(loaded.google_cloud_project, loaded.bigquery_dataset)
        schema.check(loaded.bigquery_dataset, tables)
    except ConfigurationError as error:
        raise UsageError(str(error)) from None
    except BadMoment as error:
        raise DataflowError(
            f"BigQuery is out of reach: {error}. Are you logged in (gcloud auth application-default login)?"
        ) from None


def _staging(parsed: argparse.Namespace, *, remote: bool) -> str:
    where: str = parsed.staging or command_line.STAGING
    if remote and not where.startswith("gs://"):
        raise UsageError("Dataflow's workers share no disk with this machine. Add --staging gs://BUCKET/import.")
    return where if where.startswith("gs://") else str(Path(where).resolve())


@contextmanager
def _progress(console: Console, place: Staging, parts: int, *, remote: bool) -> Iterator[None]:
    ended = threading.Event()
    with console.status("Reading") as status:

        def show() -> None:
            while not ended.wait(_POLL_SECONDS if not remote else 20 * _POLL_SECONDS):
                status.update(f"Reading: {len(place.parts_done()):,} of {parts:,} parts are done")

        thread = threading.Thread(target=show, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
