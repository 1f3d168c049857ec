"""The whole pipeline on this machine, from X's API to an answer from BigQuery."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType

from rich.console import Console

from runtime.console import SafeConsole

from . import landed, progress, report, run, runs
from .emulators.x import posts_file
from .errors import LocalError, UsageError
from .pipeline import Pipeline, Plan

_PRICES = json.loads((Path(__file__).parents[1] / "posts" / "prices.json").read_text(encoding="utf-8"))
_PIPED = 1_000  # characters
_PRIVATE = 0o077  # a run's folder and results have posts in them: for nobody else on this machine
_POST, _USER = (_PRICES[kind]["dollars"] for kind in ("post", "user"))
_POLL_SECONDS = 0.5
# X sends at most 250 posts a second on pay-per-use (https://docs.x.com/x-api/posts/filtered-stream/introduction, 2026-08), and the
# ingester closes the connection within a second of its limit (ingester/x/stream.py).
_POSTS_ON_THEIR_WAY = 250


class Interrupted(BaseException):
    """Raised by Ctrl-C, SIGTERM or SIGHUP; holds the signal's number."""


def main(arguments: argparse.Namespace) -> int:
    """Exit codes: 0 everything balances; 1 it does not, or a part failed; 2 bad usage; 128 + n for signal n."""
    # what is piped into a file or another program is not wrapped
    is_seen = (sys.stderr if arguments.json else sys.stdout).isatty() or "COLUMNS" in os.environ
    console = SafeConsole(stderr=arguments.json, width=None if is_seen else _PIPED)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    os.umask(_PRIVATE)
    try:
        return _run(arguments, console)
    except LocalError as error:
        console.print(f"\n[bold red]The run failed.[/] {_escape(str(error))}", highlight=False)
        return error.exit_code
    except Interrupted as interrupted:
        number = interrupted.args[0]
        console.print("\nStopped, as you asked. Every part has ended.")
        return 128 + int(number)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    began = time.monotonic()
    if arguments.real:
        _agree_to_pay(arguments, console)
    folder = runs.make()
    if arguments.keep:
        runs.keep(folder)
    plan = replace(_plan(arguments), folder=folder)
    pipeline = Pipeline(plan)
    failed = True
    try:
        with _stopping_at_end(pipeline, console):
            console.print(_opening(plan), highlight=False)
            pipeline.start()
            if arguments.watch:
                console.print(f"Watch it live at [bold cyan]{report.watch(pipeline)}[/].")
            pipeline.start_ingester()
            with progress.Progress(console, plan.posts) as view:
                run.watch(pipeline, view.show)
            # the report shows how posts do later
            outcome = run.finish(pipeline, began, read_posts_again=arguments.report and plan.is_synthetic)
            landed.show(outcome.landed, console)
            if arguments.report:
                written = report.make(pipeline, arguments.results, json=arguments.json)
                console.print(f"\nThe report, charts and all: [bold cyan]{report.where(written)}[/]")
            if arguments.watch:
                _keep_page_open(console)
        failed = False
    finally:
        _end_run_folder(folder, console, keep=arguments.keep, failed=failed)
    return _print_summary(outcome, plan, arguments, console, pipeline.why_ended)


def _keep_page_open(console: Console) -> None:
    """Keep the live page up until Ctrl-C, the usual end of a run with --watch."""
    console.print("The live page stays until you press Ctrl-C.")
    with suppress(Interrupted):
        while True:
            time.sleep(_POLL_SECONDS)


@contextmanager
def _stopping_at_end(pipeline: Pipeline, console: Console) -> Iterator[None]:
    """Stop every process at the end, whatever happens. A second Ctrl-C meanwhile is ignored."""
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        pipeline.stop()


def _print_summary(
    outcome: run.Outcome, plan: Plan, arguments: argparse.Namespace, console: Console, why_ended: str
) -> int:
    seconds = time.monotonic() - arguments.began
    counts = outcome.counts
    if outcome.faults:
        console.print("[bold red]The counts do not balance:[/] " + "; ".join(outcome.faults), highlight=False)
    else:
        if counts.received and not counts.loaded:
            console.print(
                f"[bold yellow]Nothing was stored:[/] functions/load_tweet/keywords.txt, or LANGUAGES, dropped all "
                f"{counts.received:,} posts. Empty the file to keep everything that your rules bring; "
                "python -m functions.load_tweet.filter --explain says why of each.",
                highlight=False,
            )
        if plan.real and counts.received < plan.posts:
            console.print(f"[bold yellow]Fewer posts than agreed:[/] {_escape(why_ended)}", highlight=False)
        charge = "may charge" if plan.real else "would charge"
        paid = "posts, authors, and the posts that they refer to"
        if outcome.landed.readings:
            paid = "posts, authors, the posts that they refer to, and later counts"
        console.print(
            f"[bold green]Balanced:[/] received {counts.received:,} = published {counts.published:,} = loaded "
            f"{counts.loaded:,} + filtered {counts.filtered:,} + rejected {counts.rejected:,}, in {seconds:.0f} s. "
            f"X {charge} ${outcome.landed.dollars:,.2f}: {paid}.",
            highlight=False,
        )
    if arguments.json:
        result = asdict(counts) | {
            "rows": outcome.landed.rows,
            "distinct_posts": outcome.landed.distinct_posts,
            "expected_posts": outcome.expected_posts,
            "duplicates_in_view": outcome.landed.duplicates_in_view,
            "superseded": outcome.landed.superseded,
            "readings": outcome.landed.readings,
            "seed": plan.seed,
            "balanced": not outcome.faults,
            "faults": outcome.faults,
            "data": str(plan.folder) if arguments.keep else None,
            "seconds": round(seconds, 1),
        }
        print(json.dumps(result), flush=True)
    return 1 if outcome.faults else 0


def _end_run_folder(folder: Path, console: Console, *, keep: bool, failed: bool) -> None:
    if keep:
        data = os.path.relpath(folder)
        console.print(
            f"Kept in [cyan]{data}[/]. To ask it more: [bold]scripts/reports --data {data}[/] (docs/how-to/query-and-export.md).",
            soft_wrap=True,
        )
    elif failed and (folder / "logs").is_dir() and any((folder / "logs").iterdir()):
        runs.keep_logs(folder)
        console.print(f"The logs are in [cyan]{os.path.relpath(folder / 'logs')}[/].")
    else:
        runs.remove(folder)


def _plan(arguments: argparse.Namespace) -> Plan:
    if arguments.real and not isinstance(arguments.posts, int):
        raise UsageError("--real takes posts from X: --posts is then how many, and no file.")
    if not arguments.rules.is_file():
        raise UsageError(
            f"There is no rules file {arguments.rules}. Name one with --rules, or leave it out for ingester/rules.yaml."
        )
    return Plan(
        folder=Path(),
        posts=arguments.posts if isinstance(arguments.posts, int) else _count(arguments.posts),
        posts_path=None if isinstance(arguments.posts, int) else arguments.posts,
        rate=arguments.rate,
        seed=arguments.seed,
        rules=arguments.rules,
        pubsub=arguments.pubsub,
        bigquery_port=arguments.bigquery_port,
        deliver_twice=arguments.twice,
        real=arguments.real,
    )


def _count(path: Path) -> int:
    try:
        return len(posts_file.read(path))
    except posts_file.BadFile as error:
        raise UsageError(str(error)) from None


def _opening(plan: Plan) -> str:
    data = (
        ", made of the words of your rules (operators such as lang: and -is:retweet mean nothing to it)"
        if plan.own_topic
        else ""
    )
    source = f"X's stand-in, synthetic posts{data}, seed {plan.seed}"
    if plan.real or plan.posts_path:
        source = "the real X" if plan.real else f"X's stand-in, the posts of {_escape(str(plan.posts_path))}"
    pubsub = "Google's emulator" if plan.pubsub == "emulator" else "embedded broker"
    pace = "" if plan.real else f" at {plan.rate:g} a second"
    return (
        f"[bold]{plan.posts:,} posts[/]{pace}: {source} ─► [cyan]ingester[/] ─► Pub/Sub ({pubsub}) ─► "
        "[cyan]load_tweet[/] ─► BigQuery (bqemulator). Starting the parts…"
    )


def _agree_to_pay(arguments: argparse.Namespace, console: Console) -> None:
    if not os.environ.get("X_BEARER_TOKEN"):
        raise UsageError(
            "--real holds X's real stream, which needs a bearer token: set X_BEARER_TOKEN. "
            "X's developer console shows it under your app, Keys and tokens."
        )
    most = 2 * (_POST + _USER)
    console.print(
        f"X will charge ${arguments.posts * _POST:,.2f} for {arguments.posts:,} posts, and at most ${arguments.posts * most:,.2f} with the "
        f"authors and posts that come with them. Then the ingester closes the stream. At X's top rate up to {_POSTS_ON_THEIR_WAY} posts "
        f"more are on their way by then: at most ${_POSTS_ON_THEIR_WAY * most:,.2f}, and as a rule one or two posts."
    )
    if arguments.yes:
        return
    if not sys.stdin.isatty() or console.input("Go on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise UsageError("Nothing was asked of X. Say y, or --yes, or --posts with a smaller number.")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number)


def _escape(text: str) -> str:
    return text.replace("[", "\\[")
