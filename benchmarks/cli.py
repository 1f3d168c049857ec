"""Measures on this machine what one instance carries, beside what people would write."""

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.cloud import bigquery
from rich.console import Console

from local.emulators.bigquery import credentials
from local.errors import LocalError
from local.processes import Process, wait_until_ready

from . import failures, function, ingester, load, report, reports, sentiment, soak, volume
from .rivals import ROOT

_MESSAGES_IN_TURN = 8_000
_MESSAGES_A_CASE = 300


def main(arguments: argparse.Namespace) -> int:
    """Exit codes: 0 every message is accounted for; 1 one is not, or a part failed; 2 bad usage or a tool is missing."""
    console = Console(width=None if sys.stdout.isatty() else 200)
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            run = {"function": _function, "ingester": _ingester, "reports": _reports, "soak": _soak, "volume": _volume}
            if arguments.what == "sentiment":
                return _sentiment(arguments, console)
            return run[arguments.what](arguments, console, Path(folder))
    except load.MissingTool as error:
        console.print(f"[bold red]Nothing measured.[/] {error}")
        return 2
    except LocalError as error:
        console.print(f"[bold red]The benchmark failed.[/] {error}", highlight=False)
        return 1


def _function(arguments: argparse.Namespace, console: Console, folder: Path) -> int:
    load.find_wrk()
    console.print(report.machine(), highlight=False)
    requests = folder / "requests"
    messages = list(load.deliveries(_MESSAGES_IN_TURN))
    load.write(requests, messages)
    size = sum(len(body) for _, body in messages) / len(messages)
    console.print(f"{len(messages):,} messages in turn, {size:,.0f} bytes a request, no two texts the same.\n")

    tables: list[report.Table] = []

    def show(table: report.Table) -> None:
        tables.append(table)
        report.show(console, table)

    with function.standing(arguments.milliseconds, folder) as stand_in, console.status("") as status:
        bench = function.Bench(stand_in, requests, folder, status.update)
        measured = list(function.measure_all(bench, arguments.concurrency, arguments.seconds))
        show(report.ratios(measured))
        show(report.measurements(measured, arguments.milliseconds))
        counted = list(function.count_all(bench))
        show(report.counts(counted))
        if arguments.memory:
            show(report.memory(function.watch_memory(bench, arguments.memory)))
        became = list(_failures(bench)) if arguments.failures else []
        if became:
            show(report.failures(became))
    if arguments.write:
        arguments.write.write_text(report.markdown(tables, "scripts/bench function") + "\n")
    load_tweet_results = [result for result in measured if result.rival == "load_tweet"]
    good = all(result.adds_up for result in load_tweet_results) and all(result.balanced for result in became)
    good = good and all(count.adds_up for count in counted if count.rival == "load_tweet")
    console.print("Every message is accounted for." if good else "[bold red]Messages are unaccounted for.[/]")
    return 0 if good else 1


def _ingester(arguments: argparse.Namespace, console: Console, folder: Path) -> int:
    console.print(report.machine(), highlight=False)
    tables: list[report.Table] = []
    with console.status("") as status, ingester.standing(folder, status.update) as stand:
        tables.append(report.ingester_ratios(list(ingester.measure_all(stand, arguments.posts))))
        report.show(console, tables[-1])
        if arguments.memory:
            tables.append(report.ingester_memory(ingester.watch_memory(stand, arguments.memory)))
            report.show(console, tables[-1])
    if arguments.write:
        arguments.write.write_text(report.markdown(tables, "scripts/bench ingester") + "\n")
    return 0


def _reports(arguments: argparse.Namespace, console: Console, folder: Path) -> int:
    console.print(report.machine(), highlight=False)
    with (
        _engine(folder, arguments.memory) as client,
        console.status("") as status,
        reports.filled(client, arguments.rows, status.update) as source,
    ):
        console.print(f"{reports.count(source):,} rows in tweet_versions.\n", highlight=False)
        answered = list(reports.ask_all(source, status.update))
        status.update("the live page")
        refreshes = reports.time_live_page(source)
        status.update("python -m reports")
        whole = reports.run_whole(source, folder)
    tables = list(report.reports(answered, refreshes, whole))
    for table in tables:
        report.show(console, table)
    if arguments.write:
        arguments.write.write_text(report.markdown(tables, "scripts/bench reports") + "\n")
    return 1 if whole.failed or any(result.failed for result in answered) else 0


def _volume(arguments: argparse.Namespace, console: Console, folder: Path) -> int:
    console.print(report.machine(), highlight=False)
    for name in ("apache_beam", "urllib3"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with console.status("writing messages") as status:
        paths = volume.write(folder, arguments.messages)
        measured = list(volume.convert_all(folder, paths, status.update))
        status.update("files to tables")
        with _engine(folder) as client:
            measured.append(volume.upload_all(client, folder, paths, arguments.messages))
        measured.append(volume.load_all(folder / "data" / "engine", paths, arguments.messages))
        with _engine(folder / "data") as client:
            volume.check(client, arguments.messages)
        status.update("a replay through Pub/Sub")
        measured.append(volume.replay_all(folder, paths))
    table = report.volume(measured)
    report.show(console, table)
    if arguments.write:
        arguments.write.write_text(report.markdown([table], "scripts/bench volume") + "\n")
    return 0


def _sentiment(arguments: argparse.Namespace, console: Console) -> int:
    if not sentiment.languages(arguments.labelled):
        raise LocalError(f"{arguments.labelled} has no file like english.test.text.")
    if arguments.train:
        sentiment.train(arguments.labelled).write()
    measured = sentiment.measure_all(arguments.labelled)
    for model, by_language in measured.items():
        for language, figures in by_language.items():
            console.print(
                f"{model:14} {language}  macro-F1 {100 * figures['three']:.1f}  right signs {100 * figures['two']:.1f} %"
            )
    if arguments.write:
        sentiment.write(measured)
    return 0


def _soak(arguments: argparse.Namespace, console: Console, folder: Path) -> int:
    console.print(report.machine(), highlight=False)
    faults = f"a fault every {arguments.fault_every:g} s" if arguments.fault_every else "no faults"
    console.print(f"{arguments.rate:g} posts a second for {arguments.seconds:g} s, {faults}, seed {arguments.seed}.\n")
    with console.status("") as status:
        soaked = soak.run(
            folder,
            seconds=arguments.seconds,
            rate=arguments.rate,
            every=arguments.fault_every,
            seed=arguments.seed,
            say=status.update,
        )
    tables = list(report.soak(soaked))
    for table in tables:
        report.show(console, table)
    if arguments.write:
        arguments.write.write_text(report.markdown(tables, "scripts/bench soak") + "\n")
    if soaked.wrong:
        console.print(f"[bold red]The invariant does not hold.[/] {soaked.wrong}", highlight=False)
        return 1
    console.print(
        f"The invariant holds: the view shows the {soaked.posts:,} posts of X, each once, less {soaked.missing:,} retweets in gaps, "
        "which the ledger counts; archive too; every message has ended somewhere."
    )
    return 0


def _failures(bench: function.Bench) -> Iterator[failures.Became]:
    with _engine(bench.folder) as client:
        for number, case in enumerate(failures.CASES):
            bench.say(f"failure: {case.name}")
            place = bench.folder / f"case{number}"
            place.mkdir()
            yield failures.run(case, _MESSAGES_A_CASE, place, client, failures.tables(client, f"case{number}"))


@contextmanager
def _engine(folder: Path, memory: str | None = None) -> Iterator[bigquery.Client]:
    """Run a real SQL engine on the tables in `folder`/engine, to see what a user would see."""
    command = [sys.executable, "-m", "local.emulators.bigquery", "--data", str(folder / "engine"), "--port", "0"]
    command += ["--memory", memory] if memory else []
    process = Process("engine", command, {**os.environ, "PYTHONPATH": str(ROOT)}, folder / "engine.log")
    try:
        url = f"http://127.0.0.1:{wait_until_ready(process)}"
        key = folder / "engine.json"
        credentials.write(key)
        os.environ |= {"BIGQUERY_EMULATOR_HOST": url, "GOOGLE_APPLICATION_CREDENTIALS": str(key)}
        with bigquery.Client(project="local") as client:
            yield client
    finally:
        process.stop()
