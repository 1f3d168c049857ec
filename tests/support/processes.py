"""Processes of ours that end with the test, and what the operating system knows of processes."""

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
    """A process of ours that is stopped when the test is over."""
    ours = {"PYTHONPATH": str(ROOT), "GUNICORN_LOG_LEVEL": "info"}  # gunicorn then tells its port
    process = Process(name, command, {**os.environ, **ours, **environment}, folder / f"{name}.log", **more)
    try:
        yield process
    finally:
        process.stop()


@contextmanager
def serving(name: str, module: str, folder: Path, *arguments: str, **environment: str) -> Iterator[Process]:
    """`python -m module --port 0`, once it listens: `process.port` says where."""
    command = [sys.executable, "-m", module, *arguments, "--port", "0"]
    with running(name, command, environment, folder) as process:
        wait_until_ready(process)
        yield process


@contextmanager
def pubsub(kind: str, folder: Path) -> Iterator[str]:
    """Our broker ("embedded") or Google's ("emulator"), as host:port."""
    if kind == "embedded":
        with serving("pubsub", "local.emulators.pubsub.server", folder) as process:
            yield f"127.0.0.1:{process.port}"
        return
    with reserved_port() as port, running(kind, emulator.command(port), {}, folder) as process:
        wait_until_ready(process)
        yield f"127.0.0.1:{port}"


def function_command(source: Path, target: str, *more: str) -> list[str]:
    """What starts a function as Google does, at a port that it tells."""
    framework = [sys.executable, "-m", "functions_framework", "--source", str(source), "--target", target]
    return [*framework, *more, "--host", "127.0.0.1", "--port", "0"]


def descendants(pid: int) -> set[int]:
    """Processes that a process has started, and those that they have."""
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
