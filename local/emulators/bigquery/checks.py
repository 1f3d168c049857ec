"""In front of the emulator: BigQuery's row errors, and the faults that a test asks for."""

from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import faults
from .faults import Faults
from .insert_errors import Field, Table, insert_errors
from .streaming_buffer import StreamingBuffer

# https://cloud.google.com/bigquery/quotas#streaming_inserts; refused with 400: https://github.com/googleapis/google-cloud-go/issues/2855
_MOST_BYTES = 10_485_760
_TOO_LARGE_TEXT = f"Request payload size exceeds the limit: {_MOST_BYTES} bytes."
_too_large = JSONResponse(
    {
        "error": {
            "code": 400,
            "message": _TOO_LARGE_TEXT,
            "errors": [{"message": _TOO_LARGE_TEXT, "reason": "badRequest"}],
        }
    },
    400,
)


class Checks:
    """In front of the emulator: answers insertAll's row errors, and remembers what was streamed."""

    def __init__(self, app: ASGIApp, context: Any, buffer: StreamingBuffer, faults: Faults) -> None:
        self._app = app
        self._context = context
        self._buffer = buffer
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and path == "/stand-in/faults":
            await self._set_faults(scope, receive, send)
        elif scope["type"] == "http" and path.endswith("/insertAll"):
            await self._insert_all(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _insert_all(self, scope: Scope, receive: Receive, send: Send) -> None:
        from bqemulator.storage.sql_identifiers import quoted_table_ref  # noqa: PLC0415 - it would greet on stdout

        body = await Request(scope, receive).body()
        if len(body) > _MOST_BYTES:
            await _too_large(scope, receive, send)
            return
        project, _, dataset, _, table = scope["path"].split("/")[-6:-1]
        meta = self._context.catalog.get_table(project, dataset, table)
        if meta is None:
            await self._app(scope, _replay(body), send)
            return
        request = orjson.loads(body)
        fault = self._faults.next(table)
        if fault and (instead := await faults.replace_reply(fault)):
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
            inexact=self._faults.inexact,
        )
        if fault == "partial" and not errors:
            errors = faults.failing(len(rows))
        bad = {error["index"] for error in errors}
        response = JSONResponse({"kind": "bigquery#tableDataInsertAllResponse", "insertErrors": errors})
        if errors and len(bad) == len(rows):
            await response(scope, receive, send)
            return
        if bad:
            body = orjson.dumps(request | {"rows": [row for index, row in enumerate(rows) if index not in bad]})
        connection, name = self._context.engine.connection, quoted_table_ref(project, dataset, table)
        first = self._buffer.highest(connection, name) + 1
        await self._app(scope, _replay(body), _withhold if bad else send)
        self._buffer.inserted(name, first, self._buffer.highest(connection, name))
        if bad:
            await response(scope, receive, send)

    async def _set_faults(self, scope: Scope, receive: Receive, send: Send) -> None:
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
    """Return a `send` that breaks the connection after the head of the response."""

    async def cut(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise ConnectionResetError("told to: the answer is lost")
        await send(message)

    return cut


async def _withhold(message: Message) -> None:
    """Discard the emulator's response, which covers the good rows only, whereas BigQuery's covers all. Raise if it refused them."""
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
