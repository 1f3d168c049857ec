"""A proxy that opens the TLS of gcloud and bq with a certificate of its own, records each request and answers it.

python -m tests.support.fakes.google.proxy --port 9000 --folder F --pubsub http://127.0.0.1:8085 --bigquery http://127.0.0.1:9050
"""

import argparse
import gzip
import json
import re
import ssl
import sys
import threading
import traceback
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

from local.emulators import log

from . import messages
from .apis import answer
from .faults import Faults
from .things import Reply, Things, problem

_NAMES = ["*.googleapis.com", "googleapis.com", "*.google.com", "*.run.app", "localhost", "127.0.0.1"]
_REGION = re.compile(r"^[a-z]+-[a-z]+[0-9]+-")


@dataclass
class Request:
    """`api` is the host's name without region and domain; `body` the JSON, or {} with what was sent in `raw`."""

    method: str
    api: str
    path: str
    query: dict[str, str]
    body: Any
    raw: bytes
    host: str
    headers: dict[str, str] = field(default_factory=dict)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_CONNECT(self) -> None:
        self.send_response(200, "Connection established")
        self.end_headers()
        try:
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        except OSError as error:
            sys.stderr.write(f"TLS to {self.path}: {error}\n")
            self.close_connection = True
            return
        self.rfile, self.wfile = self.connection.makefile("rb", -1), self.connection.makefile("wb", 0)
        self.inside = self.path
        self.close_connection = False

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def _handle(self) -> None:
        request = self._read()
        method = messages.find(request.api, request.method, request.path)
        misfits: list[str] = []
        try:
            with self.server.lock:
                result = (
                    _refusal(method, request)
                    or _fault(self.server.things, request)
                    or answer(self.server.things, request)
                )
            if method is not None and result.raw is None and result.status < 300:
                misfits = method[0].misfits(method[1].response, result.body)
        except Exception:  # noqa: BLE001 - a bug of the stand-in's: the test shall see it
            traceback.print_exc()
            result = Reply(500, {"error": {"code": 500, "message": traceback.format_exc()[-500:]}})
        self.server.record(request, result.status, misfits)
        data = result.raw if result.raw is not None else json.dumps(result.body).encode()
        self.send_response(result.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in result.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _handle  # noqa: N815

    def _read(self) -> Request:
        parts = urllib.parse.urlsplit(self.path)
        host = (getattr(self, "inside", "") or parts.netloc or self.headers.get("host", "")).split(":")[0]
        path = re.sub("//+", "/", urllib.parse.unquote(parts.path))
        raw = self._body()
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = {}
        query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        return Request(self.command, _api(host, path), path, query, body, raw, host, dict(self.headers.items()))

    def _body(self) -> bytes:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline().strip() or b"0", 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        return gzip.decompress(raw) if self.headers.get("content-encoding") == "gzip" else raw


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, folder: Path, things: Things) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*_NAMES).configure_cert(self.tls)
        self.things = things
        self.lock = threading.RLock()
        self._log = folder / "requests.jsonl"
        self._writing = threading.Lock()

    def record(self, request: Request, status: int, misfits: list[str]) -> None:
        """Write one line of JSON. Of bodies that are no JSON it has only the size. `misfits` are in our reply: a bug of the stand-in."""
        line = {
            "api": request.api,
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "host": request.host,
            "body": request.body if request.body else (len(request.raw) or None),
            "status": status,
            "misfits": misfits,
        }
        with self._writing, self._log.open("a") as file:
            file.write(json.dumps(line) + "\n")


def _refusal(method: tuple[messages.Api, messages.Method] | None, request: Request) -> Reply | None:
    """Refuse what the API's messages do not have, in the words that Google uses."""
    if method is None or not method[1].request or not request.body:
        return None
    misfits = method[0].misfits(method[1].request, request.body)
    return problem(400, "INVALID_ARGUMENT", f"Invalid JSON payload received. {' '.join(misfits)}") if misfits else None


def _fault(things: Things, request: Request) -> Reply | None:
    fault = things.faults.refusal(request.method, request.api, request.path)
    return problem(fault["status"], fault["reason"], fault["message"]) if fault else None


def _api(host: str, path: str) -> str:
    """Return the API of a host: us-central1-run.googleapis.com is run. Other hosts keep their whole name, so that a surprise shows."""
    if not host.endswith((".googleapis.com", ".google.com")):
        return host
    name = _REGION.sub("", host.split(".", maxsplit=1)[0])
    if name == "www":
        found = re.match(r"/(?:upload/|batch/|discovery/v1/apis/)?(\w+)", path)
        return found[1] if found else name
    return "storage" if name.endswith("storage") else name


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.support.fakes.google.proxy", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="for ca.pem, requests.jsonl and uploads/")
    parser.add_argument("--pubsub", required=True, help="Google's emulator")
    parser.add_argument("--bigquery", required=True, help="an engine")
    parser.add_argument(
        "--function", default="http://127.0.0.1:8080", help="where the deployed function is to be called"
    )
    arguments = parser.parse_args()
    uploads = arguments.folder / "uploads"
    uploads.mkdir(exist_ok=True)
    things = Things(arguments.pubsub, arguments.bigquery, arguments.function, uploads, Faults(arguments.folder))
    server = Server(arguments.port, arguments.folder, things)
    log.event("ready", "proxy", port=server.server_port)
    server.serve_forever()
