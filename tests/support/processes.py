"""Our processes, stopped at the end of a test, and what the operating system knows of processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.emulators.pubsub import emulator
from local.processes import Process, reserved_port, wait_until_ready
from tests.support import ROOT


@contextmanager
def running(name: str, command: list[str], environment: dict[str, str], folder: Path, **more: Any) -> Iterator[Process]:
    """Run a process of ours, and stop it when the test is over."""
    ours = {"PYTHONPATH": str(ROOT), "GUNICORN_LOG_LEVEL": "info"}  # gunicorn then tells its port
    process = Process(name, command, {**os.environ, **ours, **environment}, folder / f"{name}.log", **more)
    try:
        yield process
    finally:
        process.stop()


@contextmanager
def serving(name: str, module: str, folder: Path, *arguments: str, **environment: str) -> Iterator[Process]:
    """Run `python -m module --port 0` until it listens; `process.port` is its port."""
    command = [sys.executable, "-m", module, *arguments, "--port", "0"]
    with running(name, command, environment, folder) as process:
        wait_until_ready(process)
        yield process


@contextmanager
def pubsub(kind: str, folder: Path) -> Iterator[str]:
    """Run our broker ("embedded") or Google's ("emulator"). Yields host:port."""
    if kind == "embedded":
        with serving("pubsub", "local.emulators.pubsub.server", folder) as process:
            yield f"127.0.0.1:{process.port}"
        return
    with reserved_port() as port, running(kind, emulator.command(port), {}, folder) as process:
        wait_until_ready(process)
        yield f"127.0.0.1:{port}"


def function_command(source: Path, target: str, *more: str) -> list[str]:
    """Return the command that starts a function as Google does, on any free port."""
    framework = [sys.executable, "-m", "functions_framework", "--source", str(source), "--target", target]
    return [*framework, *more, "--host", "127.0.0.1", "--port", "0"]


def descendants(pid: int) -> set[int]:
    """Return the processes that a process has started, and theirs."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout.split()
    parents = dict(zip(map(int, listed[::2]), map(int, listed[1::2]), strict=True))
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in {pid, *found}} - found:
        found |= more
    return found


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
