"""insertAll on a socket, so cheap that it is not what is measured: it waits, answers, and parses the rows afterwards.

    python -m benchmarks.bigquery --port 9050 --milliseconds 40

It also answers a table's `get` with the same wait, and is the metadata server that gives Google's clients a token on Cloud Run.
`GET /stored` returns what it holds, by table; `POST /forget` empties it.
"""

import argparse
import asyncio
import re
from collections import Counter
from functools import partial
from pathlib import Path
from typing import cast

import orjson
import uvloop

from local.emulators import log

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_INFRA = Path(__file__).parents[1] / "infra" / "bigquery"
_TOKEN = orjson.dumps({"access_token": "x", "expires_in": 3600, "token_type": "Bearer"})
_METADATA = {"token": _TOKEN, "project-id": b"local", "universe-domain": b"googleapis.com"}
_ACCOUNT = orjson.dumps({"email": "local@local.iam.gserviceaccount.com", "scopes": [], "aliases": ["default"]})
_INSERTED = orjson.dumps({"kind": "bigquery#tableDataInsertAllResponse"})


class Store:
    """Bodies of inserts as they came, parsed only on request, outside of what is measured."""

    def __init__(self) -> None:
        self.inserts: list[tuple[str, bytes]] = []  # (table, body)

    def stored(self) -> dict[str, dict[str, object]]:
        """Return by table: inserts, rows, and how many rows each id has."""
        tables: dict[str, dict[str, object]] = {}
        for table in sorted({table for table, _ in self.inserts}):
            bodies = [orjson.loads(body) for name, body in self.inserts if name == table]
            ids = Counter(str(row["json"].get("id")) for body in bodies for row in body["rows"])
            tables[table] = {"inserts": len(bodies), "rows": ids.total(), "ids": ids}
        return tables


class Connection(asyncio.Protocol):
    """One client's connection; requests come one after the other."""

    def __init__(self, store: Store, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._buffer = bytearray()
        self._needed = 0  # bytes of the request in the buffer; 0: its head is not complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            if not self._needed:
                end = self._buffer.find(b"\r\n\r\n")
                if end < 0:
                    return
                length = _LENGTH.search(self._buffer, 0, end)
                self._head = end + 4
                self._needed = self._head + (int(length[1]) if length else 0)
            if len(self._buffer) < self._needed:
                return
            first_line = bytes(self._buffer[: self._buffer.find(b"\r\n")]).decode()
            body = bytes(self._buffer[self._head : self._needed])
            del self._buffer[: self._needed]
            self._needed = 0
            method, path, _ = first_line.split(" ", 2)
            self._respond(method, path, body)

    def _respond(self, method: str, path: str, body: bytes) -> None:
        path = path.partition("?")[0]
        if path.endswith("/insertAll"):
            self._later(partial(self._insert, path.split("/")[-2], body))
        elif path.startswith("/computeMetadata/") or path == "/":
            self._send(_METADATA.get(path.rpartition("/")[2], _ACCOUNT))
        elif path == "/stored":
            self._send(orjson.dumps(self._store.stored()))
        elif path == "/forget":
            self._store.inserts.clear()
            self._send(b"{}")
        elif method == "GET":
            self._later(partial(self._send, _table(*path.split("/")[4::2])))
        else:
            self._send(b"{}", b"404 Not Found")

    def _insert(self, table: str, body: bytes) -> None:
        self._store.inserts.append((table, body))
        self._send(_INSERTED)

    def _later(self, send: partial[None]) -> None:
        asyncio.get_running_loop().call_later(self._seconds, send)

    def _send(self, body: bytes, status: bytes = b"200 OK") -> None:
        kind = b"application/json" if body.startswith(b"{") else b"text/plain"
        if not self._transport.is_closing():
            head = b"HTTP/1.1 %b\r\nMetadata-Flavor: Google\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
            self._transport.write(head % (status, kind, len(body)) + body)


def _table(project: str, dataset: str, table: str) -> bytes:
    """Return the answer to `tables.get`, with our own schema if the table is one of ours."""
    fields = _INFRA / f"{table}.json"
    schema = orjson.loads(fields.read_bytes()) if fields.exists() else []
    reference = {"projectId": project, "datasetId": dataset, "tableId": table}
    return orjson.dumps({"kind": "bigquery#table", "tableReference": reference, "schema": {"fields": schema}})


async def _serve(port: int, seconds: float) -> None:
    store = Store()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(store, seconds), "127.0.0.1", port)
    log.event("ready", "bigquery", port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bigquery", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--milliseconds", type=float, default=40.0, help="from the end of a request to its answer")
    arguments = parser.parse_args()
    uvloop.run(_serve(arguments.port, arguments.milliseconds / 1000))
