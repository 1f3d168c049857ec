"""Starts processes, reads their JSON lines, notices when one ends, and stops them all."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import LocalError

_WRAPPER = str(Path(__file__).with_name("die_with_parent.py"))
_READ_SECONDS = (
    10.0  # for the rest of the output: a busy machine's disk may hold up the log; a child may hold the pipe open
)
_STOP_SECONDS = 12.0  # the ingester and the function may take 10 after SIGTERM
# how gunicorn, uvicorn, our live page and Google's emulator say that they listen (the emulator says 0 if asked for any port)
_LISTENS = re.compile(
    r"(?:Listening at: http://|Uvicorn running on http://|The live page: http://)[^:/]+:(\d+)|Server started, listening on (\d+)"
)

Line = dict[str, Any]


class Process:
    """One running part. `totals` is its last line of counts. `on_line` gets every JSON line, in a thread.

    `events` holds the names of the events that it has logged, such as "ready". `port` is the port that it reported, 0 until then.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        log: Path,
        on_line: Callable[[Line], None] | None = None,
    ) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.totals: dict[str, int] = {}
        self.events: set[str] = set()
        self.port = 0
        self.ready: Line = {}  # its line "ready", whole
        self.complaint = ""  # its last warning or error
        self._on_line = on_line
        self._last: deque[str] = deque(maxlen=3)
        # from the main thread only: PR_SET_PDEATHSIG is bound to the thread that starts the child
        self._popen = subprocess.Popen(
            [sys.executable, "-S", "-E", _WRAPPER, str(os.getpid()), *command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches only us; we stop the parts in order
        )
        self._reader = threading.Thread(target=self._read, name=f"read {name}", daemon=True)
        self._reader.start()

    @property
    def exit_code(self) -> int | None:
        return self._popen.poll()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal. SIGKILL, SIGSTOP and SIGCONT go to all that the process has started too, as in a container."""
        if self._popen.poll() is not None:
            return
        if number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT):
            os.killpg(self._popen.pid, number)
        else:
            self._popen.send_signal(number)

    def wait(self, seconds: float) -> int | None:
        """Return the exit code, with all output read, or None if it still runs after that time."""
        try:
            code = self._popen.wait(max(seconds, 0.0))
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(timeout=_READ_SECONDS)
        return code

    def stop(self, seconds: float = _STOP_SECONDS) -> int | None:
        """Send SIGTERM, and after that time SIGKILL to its whole group. Returns the exit code."""
        self.signal(signal.SIGTERM)
        code = self.wait(seconds)
        if code is None:
            os.killpg(self._popen.pid, signal.SIGKILL)
            code = self.wait(5)
        return code

    def why(self) -> str:
        """Return its last complaint or lines, for an error message."""
        return self.complaint or " / ".join(self._last) or "it said nothing"

    def _read(self) -> None:
        assert self._popen.stdout is not None
        with self._popen.stdout as output, self.log.open("ab", buffering=0) as log:
            for raw in output:
                with suppress(OSError):  # a full disk must not stop the reading: the counts still matter
                    log.write(raw)
                self._take(raw.decode(errors="replace").strip())

    def _take(self, text: str) -> None:
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if not isinstance(line, dict):
            if match := _LISTENS.search(text):
                self.port = int(match[1] or match[2])
                self.events.add("ready")
            elif text:
                self._last.append(text[:300])
            return
        name = line.get("event", "")
        if name == "ready":
            self.port, self.ready = line.get("port", 0), line
        self.events.add(name)
        if name == "totals":
            self.totals = {key: value for key, value in line.items() if isinstance(value, int)}
        if line.get("severity") in ("WARNING", "ERROR", "CRITICAL") and line.get("message"):
            self.complaint = str(line["message"])
        if self._on_line is not None:
            self._on_line(line)


@contextmanager
def reserved_port() -> Iterator[int]:
    """Reserve a port: nothing listens on it, and the system gives it to no other program meanwhile.

    For a server that cannot report its port. It can still bind this one, because servers use SO_REUSEADDR.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return True
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], process: Process, seconds: float, what: str) -> None:
    """Wait for a condition. Raises LocalError if the process ends first, or time runs out."""
    deadline = time.monotonic() + seconds
    while not condition():
        code = process.exit_code
        if code is not None:
            process.wait(1)
            raise LocalError(
                f"{process.name} ended with code {code} before {what}: {process.why()}. Its log: {process.log}"
            )
        if time.monotonic() > deadline:
            raise LocalError(
                f"{process.name} has taken over {seconds:.0f} s and {what} not yet: {process.why()}. Its log: {process.log}"
            )
        time.sleep(0.05)


def wait_until_ready(process: Process, seconds: float = 60.0) -> int:
    """Wait until a server says that it is ready, and return its port. Raises LocalError."""
    wait_until(lambda: "ready" in process.events, process, seconds, "it is ready")
    return process.port
