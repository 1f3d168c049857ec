"""How a command talks to the person at the terminal: what it prints, asks and shows, and what interrupts it."""

import os
import signal
import sys
from argparse import Namespace
from contextlib import AbstractContextManager
from datetime import datetime

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from runtime.errors import ConfigurationError

from .console import SafeConsole

# what is piped into a file or another program is not wrapped
_is_seen = sys.stderr.isatty() or "COLUMNS" in os.environ
console = SafeConsole(stderr=True, highlight=False, width=None if _is_seen else 1_000)


def agreed(arguments: Namespace, question: str) -> bool:
    if arguments.yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigurationError("This asks before it does anything, and there is no one to ask. Add --yes.")
    return console.input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def warn(sentence: str) -> None:
    console.print(f"[yellow]{escape(sentence)}[/]")


def progress_bar() -> AbstractContextManager[Progress]:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )


def interrupt(number: int, frame: object) -> None:
    """Handle SIGTERM like Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def check_interval(since: datetime, until: datetime) -> None:
    if since >= until:
        raise ConfigurationError(f"--from {since:%F %T} is not before --to {until:%F %T}. Name an earlier one.")
