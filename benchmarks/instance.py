"""A running function of a rival, what it costs, and the BigQuery emulator beside it."""

import os
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psutil

from local.processes import Process, wait_until_ready

from .rivals import ROOT, Rival

_CALL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds since the start and bytes of memory of a process and its children. Pages that processes share count once."""

    cpu: float
    memory: int


class Instance:
    """A rival's function on a port of its own."""

    def __init__(self, rival: Rival, concurrency: int, variables: dict[str, str], folder: Path) -> None:
        self.rival = rival
        log = folder / f"{rival.name.replace(' ', '_').replace(',', '')}-{concurrency}.log"
        self._process = Process(rival.name, rival.command(), {**variables, **rival.variables(concurrency)}, log)
        self.url = f"http://127.0.0.1:{wait_until_ready(self._process)}/"

    def cost(self) -> Cost:
        return read_cost(self._process.pid)

    def stop(self) -> None:
        self._process.stop()


class BigQuery:
    """benchmarks.bigquery in a process of its own."""

    def __init__(self, milliseconds: float, folder: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.bigquery", "--port", "0", "--milliseconds", str(milliseconds)]
        self._process = Process("bigquery", command, {**os.environ, "PYTHONPATH": str(ROOT)}, folder / "bigquery.log")
        self.url = f"http://127.0.0.1:{wait_until_ready(self._process)}"

    def forget(self) -> None:
        self._call("POST", "/forget")

    def stored(self) -> dict[str, dict[str, Any]]:
        """Return by table: inserts, rows, and how many rows each id has, once no insert has come for a moment."""
        while True:
            before: dict[str, dict[str, Any]] = self._call("GET", "/stored")
            time.sleep(0.3)
            if before == self._call("GET", "/stored"):
                return before

    def cost(self) -> Cost:
        return read_cost(self._process.pid)

    def stop(self) -> None:
        self._process.stop()

    def _call(self, method: str, path: str) -> Any:
        request = urllib.request.Request(self.url + path, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_CALL_SECONDS) as response:
            return orjson.loads(response.read())


def read_cost(pid: int) -> Cost:
    """Return the cost of a process and its children."""
    root = psutil.Process(pid)
    times, memory = [], 0
    for process in [root, *root.children(recursive=True)]:
        try:
            times.append(process.cpu_times())
            memory += _memory(process)
        except psutil.NoSuchProcess:
            continue  # the process has ended meanwhile
    return Cost(sum(cpu.user + cpu.system for cpu in times), memory)


def _memory(process: psutil.Process) -> int:
    usage = process.memory_full_info()
    return int(getattr(usage, "pss", usage.rss))  # only Linux reports pss
