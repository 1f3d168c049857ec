"""BigQuery's insertAll on a socket, with scripted answers that the emulator cannot give."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Rows = list[dict[str, Any]]
# an answer to insertAll: (status, body), or a function of (table, rows) that gives one; None resets the connection, and
# status 0 does so when the rows are stored
Reply = tuple[int, dict[str, Any]] | None
Behaviour = Callable[[str, Rows], Reply]


def ok(table: str, rows: Rows) -> Reply:
    return 200, {"insertErrors": []}


def status(code: int, reason: str = "backendError") -> Behaviour:
    return lambda table, rows: (code, {"error": {"code": code, "message": reason, "errors": [{"reason": reason}]}})


def reset(table: str, rows: Rows) -> Reply:
    return None


def slow(seconds: float) -> Behaviour:
    def answer(table: str, rows: Rows) -> Reply:
        time.sleep(seconds)
        return ok(table, rows)

    return answer


def trickle(seconds: float) -> Behaviour:
    """Send a byte now and then, so that no single read takes long. Status 1 stands for it."""
    return lambda table, rows: (1, {"seconds": seconds})


STORED_AND_RESET: Reply = (0, {})


def stopped(table: str, rows: Rows) -> Reply:
    """Store no row, and blame none."""
    return 200, {"insertErrors": [{"index": i, "errors": [{"reason": "stopped"}]} for i in range(len(rows))]}


def refuse(is_bad: Callable[[dict[str, Any]], bool]) -> Behaviour:
    """Refuse as BigQuery does: one bad row and none is stored; the others come back as stopped."""

    def answer(table: str, rows: Rows) -> Reply:
        bad = [is_bad(row) for row in rows]
        if not any(bad):
            return ok(table, rows)
        invalid = [{"reason": "invalid", "location": "text", "message": "no good"}]
        errors = [{"index": i, "errors": invalid if b else [{"reason": "stopped"}]} for i, b in enumerate(bad)]
        return 200, {"insertErrors": errors}

    return answer


@dataclass
class FakeBigQuery:
    """Each insert uses up one of `behaviours`; then `usual` applies. `stored` has the rows that were answered as stored."""

    url: str = ""
    usual: Behaviour = ok
    behaviours: list[Behaviour] = field(default_factory=list)
    stored: dict[str, Rows] = field(default_factory=dict)
    inserts: list[tuple[str, int]] = field(default_factory=list)  # (table, rows)
    tables: dict[str, Rows] | None = None  # what `tables.get` tells of each table's columns; None: 503
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, table: str, rows: Rows) -> Reply:
        with self.lock:
            self.inserts.append((table, len(rows)))
            behaviour = self.behaviours.pop(0) if self.behaviours else self.usual
        answer = behaviour(table, rows)
        if answer and answer[0] in (0, 200):
            with self.lock:
                if not answer[1].get("insertErrors"):
                    self.stored.setdefault(table, []).extend(rows)
        return answer

    def ids(self, table: str) -> list[str]:
        return sorted(row["id"] for row in self.stored.get(table, []))


@contextmanager
def serve() -> Iterator[FakeBigQuery]:
    fake = FakeBigQuery()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            rows = [row["json"] for row in json.loads(body)["rows"]]
            answer = fake.answer(self.path.split("/")[-2], rows)
            if answer and answer[0] == 1:
                self._trickle(answer[1]["seconds"])
            elif answer is None or answer[0] == 0:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
            else:
                self._send(*answer)

        def do_GET(self) -> None:
            """A table's description; the client asks before it writes."""
            name = self.path.partition("?")[0].split("/")[-1]
            if fake.tables is None:
                self._send(503, {"error": {"code": 503, "message": "backendError"}})
            elif name not in fake.tables:
                self._send(404, {"error": {"code": 404, "message": f"Not found: Table {name}"}})
            else:
                reference = {"projectId": "local", "datasetId": "twitter", "tableId": name}
                self._send(200, {"tableReference": reference, "schema": {"fields": fake.tables[name]}})

        def _trickle(self, seconds: float) -> None:
            self.close_connection = True
            with suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                for number in range(int(seconds * 2)):
                    self.wfile.write(f"X-{number}: y\r\n".encode())
                    time.sleep(0.5)

        def _send(self, code: int, content: dict[str, Any]) -> None:
            data = json.dumps(content).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def handle(self) -> None:
            try:
                super().handle()
            except (ConnectionError, ValueError, OSError):
                self.close_connection = True  # a client that gave up is part of what is tested

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A reset connection is what was asked for."""

        def shutdown_request(self, request: Any) -> None:
            try:
                super().shutdown_request(request)
            except OSError:
                return

    server = Server(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
