"""How a command talks to the person at the terminal: what it prints, asks and shows."""

import os
import sys
from argparse import Namespace
from contextlib import AbstractContextManager
from datetime import datetime

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from runtime.console import SafeConsole
from runtime.errors import ConfigurationError

from ..threads import in_thread

# what is piped into a file or another program is not wrapped
_is_seen = sys.stderr.isatty() or "COLUMNS" in os.environ
console = SafeConsole(stderr=True, highlight=False, width=None if _is_seen else 1_000)


async def confirmed(arguments: Namespace, question: str) -> bool:
    """Ask the person, unless --yes was given. Raises ConfigurationError where there is nobody to ask."""
    if arguments.yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigurationError("This asks before it does anything, and there is no one to ask. Add --yes.")
    # in a thread, so that Ctrl-C is heard meanwhile
    typed = await in_thread(console.input, f"{question} [y/N] ", seconds=None)
    return typed.strip().lower() in ("y", "yes")


def warn(sentence: str) -> None:
    console.print(f"[yellow]{escape(sentence)}[/]")


def progress_bar() -> AbstractContextManager[Progress]:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )


def check_interval(since: datetime, until: datetime) -> None:
    if since >= until:
        raise ConfigurationError(f"--from {since:%F %T} is not before --to {until:%F %T}. Name an earlier one.")
