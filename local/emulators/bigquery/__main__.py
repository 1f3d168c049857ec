"""Starts bqemulator without internet, without its copy of the whole table at each insert, and with BigQuery's refusals.

It changes twelve things of bqemulator 1.4.0: SnapshotManager.capture does nothing (time travel, which nobody uses here, made a
one-row insert into 100,000 rows take 0.7 s); the spatial extension is loaded from its PyPI package; insertAll and DML pass our
checks first; a column may be added to a table that is in use (catalog.py); a time zone may be a parameter (time_zones.py);
quantiles are an array (quantiles.py); a translation is remembered (translations.py); a view computes only the columns that
are asked for (view_columns.py); a value is looked for in a list (membership.py), and a list taken
apart (unnesting.py), without a join; what a notebook asks
beyond queries is answered (notebooks.py); an uploaded load job has its own name (loads.py).
"""

import argparse
import logging
import socket
import sys
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import orjson
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import log
from . import faults
from .faults import Faults
from .insert_errors import Field, Table, insert_errors
from .notebooks import Notebooks, permit_uploads
from .streaming_buffer import StreamingBuffer, WouldTouchFreshRows

_MEMORY = "800MB"  # beyond, DuckDB uses files beside the tables: a laptop has other things to do
BUFFER_SECONDS = 5_400.0  # 90 minutes: the longest that BigQuery keeps rows from DML


class Checks:
    """In front of the emulator: answers insertAll's row errors, remembers what was streamed, and hands out a token."""

    def __init__(self, app: ASGIApp, context: Any, buffer: StreamingBuffer, told: Faults) -> None:
        self._app = app
        self._context = context
        self._buffer = buffer
        self._faults = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and path == "/token":  # the token_uri of the throw-away credentials
            answer = JSONResponse({"access_token": "local", "expires_in": 3600, "token_type": "Bearer"})
            await answer(scope, receive, send)
        elif scope["type"] == "http" and path == "/stand-in/faults":
            await self._be_told(scope, receive, send)
        elif scope["type"] == "http" and path.endswith("/insertAll"):
            await self._insert_all(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _insert_all(self, scope: Scope, receive: Receive, send: Send) -> None:
        from bqemulator.storage.sql_identifiers import quoted_table_ref

        body = await Request(scope, receive).body()
        project, _, dataset, _, table = scope["path"].split("/")[-6:-1]
        meta = self._context.catalog.get_table(project, dataset, table)
        if meta is None:
            await self._app(scope, _replay(body), send)
            return
        request = orjson.loads(body)
        fault = self._faults.next(table)
        if fault and (instead := await faults.answer_instead(fault)):
            await Response(instead[1], instead[0], media_type="application/json")(scope, receive, send)
            return
        if fault == "lost":
            send = _cut_off(send)
        rows, skip = request.get("rows") or [], bool(request.get("skipInvalidRows"))
        ignore = bool(request.get("ignoreUnknownValues"))
        errors = insert_errors(
            _table(meta, self._faults.dropped),
            rows,
            datetime.now(UTC),
            skip_invalid_rows=skip,
            ignore_unknown_values=ignore,
        )
        if fault == "partial" and not errors:
            errors = faults.failing(len(rows))
        bad = {error["index"] for error in errors}
        answer = JSONResponse({"kind": "bigquery#tableDataInsertAllResponse", "insertErrors": errors})
        if errors and len(bad) == len(rows):
            await answer(scope, receive, send)
            return
        if bad:
            body = orjson.dumps(request | {"rows": [row for index, row in enumerate(rows) if index not in bad]})
        connection, name = self._context.engine.connection, quoted_table_ref(project, dataset, table)
        first = self._buffer.highest(connection, name) + 1
        await self._app(scope, _replay(body), _withhold if bad else send)
        self._buffer.inserted(name, first, self._buffer.highest(connection, name))
        if bad:
            await answer(scope, receive, send)

    async def _be_told(self, scope: Scope, receive: Receive, send: Send) -> None:
        text = (await Request(scope, receive).body()).decode()
        try:
            if text.strip():
                self._faults.tell(text)
            else:
                self._faults.forget()
        except ValueError as error:
            await Response(str(error), 400)(scope, receive, send)
            return
        await Response(status_code=200)(scope, receive, send)


def _cut_off(send: Send) -> Send:
    """The answer's head, and then nothing: the client hears of a broken connection."""

    async def cut(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise ConnectionResetError("told to: the answer is lost")
        await send(message)

    return cut


async def _withhold(message: Message) -> None:
    """The emulator's answer about the good rows alone is not BigQuery's about all of them."""
    if message["type"] == "http.response.start" and message["status"] != 200:
        raise RuntimeError(f"the emulator refused rows that fit the table's schema: {message['status']}")


def _replay(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _table(meta: Any, dropped: set[str]) -> Table:
    fields = tuple(
        Field(f.name, f.type.upper(), (f.mode or "NULLABLE").upper())
        for f in meta.schema_.fields
        if f.name not in dropped
    )
    partition = meta.time_partitioning.field if meta.time_partitioning else None
    return Table(f"{meta.project_id}:{meta.dataset_id}.{meta.table_id}", fields, partition)


def _adapt(buffer: StreamingBuffer) -> None:
    """The changes; each names what it replaces, so that another version of bqemulator fails here and not later."""
    from bqemulator import server
    from bqemulator.catalog.duckdb_repository import DuckDBCatalogRepository
    from bqemulator.domain.errors import InvalidQueryError
    from bqemulator.sql.rewriter.row_access_filter import _Rewriter
    from bqemulator.sql.translator import SQLTranslator
    from bqemulator.storage.engine import DuckDBEngine
    from bqemulator.versioning.snapshots import SnapshotManager

    from . import catalog, loads, quantiles, time_zones, translations, view_columns

    quantiles.be_arrays()
    permit_uploads()
    told = Faults()
    loads.adapt(told)
    create_app = server.create_app

    def create_checked_app(context: Any) -> ASGIApp:
        return Checks(Notebooks(create_app(context), context), context, buffer, told)

    def load_spatial(engine: Any) -> None:
        version = duckdb.__version__
        folder = resources.files("duckdb_extension_spatial") / "extensions" / f"v{version}"
        path = str(folder / "spatial.duckdb_extension").replace("'", "''")
        engine.connection.execute(f"LOAD '{path}'")
        engine.connection.execute(time_zones.MACRO)
        engine.connection.execute(f"SET memory_limit = '{_MEMORY}'")

    def execute(engine: Any, sql: str, parameters: list[Any] | None = None) -> Any:
        try:
            return buffer.execute(engine.connection, sql, parameters)
        except WouldTouchFreshRows as refusal:
            raise InvalidQueryError(str(refusal)) from None

    for owner, name, replacement in (
        (server, "create_app", create_checked_app),
        (DuckDBCatalogRepository, "update_table", catalog.update_table),
        (SnapshotManager, "capture", lambda *args, **kwargs: None),
        (DuckDBEngine, "_load_spatial", load_spatial),
        (SQLTranslator, "translate", translations.remembering(SQLTranslator.translate)),
        (DuckDBEngine, "execute", execute),
        (_Rewriter, "_expand_view", view_columns.expanding_less(_Rewriter._expand_view)),
    ):
        getattr(owner, name)  # an AttributeError here says that bqemulator has changed
        setattr(owner, name, replacement)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m local.bigquery", description="BigQuery on this machine, until Ctrl-C."
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the tables")
    parser.add_argument("--port", type=int, default=9050, help="REST port (%(default)s; 0 takes a free one)")
    parser.add_argument(
        "--buffer-seconds",
        type=float,
        default=BUFFER_SECONDS,
        help="how long streamed rows are safe from DML (%(default)s)",
    )
    arguments = parser.parse_args()

    if why := _port_in_use(arguments.port):
        log.event("stopped", "bigquery", "CRITICAL", message=why)
        return 2

    # before its own logging is set up, bqemulator greets on stdout, where our JSON lines go
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    from . import membership, time_zones, unnesting  # noqa: F401 - they register themselves, before the server's modules make their translators

    # isort: split
    from bqemulator.config import LogLevel, PersistenceMode, Settings
    from bqemulator.server import EmulatorServer

    class Server(EmulatorServer):  # type: ignore[misc]
        async def start(self) -> None:
            await super().start()
            log.event("ready", "bigquery", port=self.rest_port, grpc_port=self.grpc_port)

    _adapt(StreamingBuffer(arguments.buffer_seconds))
    settings = Settings(
        rest_port=arguments.port,
        grpc_port=0,
        data_dir=arguments.data,
        persistence_mode=PersistenceMode.PERSISTENT,
        enable_format_extensions=False,  # it would look for DuckDB's avro extension on the internet
        log_level=LogLevel.ERROR,
    )
    try:
        Server(settings).run_forever()
    except (OSError, duckdb.Error) as error:
        log.event("stopped", "bigquery", "CRITICAL", message=f"{type(error).__name__}: {error}")
        return 1
    return 0


def _port_in_use(port: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return f"Port {port} cannot be used: {error.strerror}. Another program has it; choose another with --port, or 0 for any."
    return None


if __name__ == "__main__":
    sys.exit(main())
