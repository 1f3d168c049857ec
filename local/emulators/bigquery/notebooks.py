"""What a notebook asks of BigQuery beyond queries, and bqemulator 1.4.0 leaves out or answers differently.

- A query with a destination creates the table.
- A table has its number of rows, a view its columns.
- A job names no anonymous destination. Google's client would read it through the Storage API, which has no other address than
  Google's, and to_dataframe() would fail.
- bq asks for a description of the API, which does not exist here; the answer says so.
"""

import re
from typing import Any

import orjson
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TABLE = re.compile(r"/bigquery/v2/projects/([^/]+)/datasets/([^/]+)/tables/([^/]+)")
_JOBS = re.compile(r"/bigquery/v2/projects/([^/]+)/jobs")
_JOB = re.compile(r"/bigquery/v2/projects/[^/]+/jobs(/[^/]+)?")
_ANONYMOUS = "_bqemu_anonymous"
_EMPTY, _APPEND = "WRITE_EMPTY", "WRITE_APPEND"
_KEPT = ("queryParameters", "parameterMode", "defaultDataset")  # of a query, in the statement that stores its rows
_NO_BQ = (
    "The stand-in for BigQuery serves Google's client libraries, and not bq, which needs a description of the whole API. Ask with Python "
    "(docs/local-bigquery.md) or with scripts/reports."
)


def permit_uploads() -> None:
    """Take the uploads of load_table_from_json and load_table_from_dataframe, whose type is */*."""
    from bqemulator.api.routes import upload

    upload._PERMITTED_MEDIA_CONTENT_TYPES = (*upload._PERMITTED_MEDIA_CONTENT_TYPES, "*/*")


class Notebooks:
    """ASGI middleware in front of the emulator."""

    def __init__(self, app: ASGIApp, context: Any) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope.get("path", ""), scope.get("method", "")
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif path.startswith("/discovery/"):
            await _problem(501, "notImplemented", _NO_BQ)(scope, receive, send)
        elif method == "GET" and (table := _TABLE.fullmatch(path)):
            await self._table(table.groups(), scope, receive, send)
        elif method == "POST" and (jobs := _JOBS.fullmatch(path)):
            await self._job(jobs[1], scope, receive, send)
        elif method == "GET" and _JOB.fullmatch(path):
            status, headers, body = await _collect(self._app, scope, receive)
            await _send(send, status, headers, _without_anonymous(body))
        else:
            await self._app(scope, receive, send)

    async def _table(self, name: tuple[str, ...], scope: Scope, receive: Receive, send: Send) -> None:
        status, headers, body = await _collect(self._app, scope, receive)
        if status == 200 and _ANONYMOUS not in name:
            value = orjson.loads(body)
            if value.get("type") == "VIEW" and not value.get("schema", {}).get("fields"):
                reply = await self._query(name[0], scope, {"query": f"SELECT * FROM `{'.'.join(name)}` LIMIT 0"})
                value["schema"] = reply.get("schema", {"fields": []})
            elif value.get("type") == "TABLE":
                value["numRows"] = str(self._count(name))
            body = orjson.dumps(value)
        await _send(send, status, headers, body)

    def _count(self, name: tuple[str, ...]) -> int:
        from bqemulator.storage.sql_identifiers import quoted_table_ref

        rows = (
            self._context.engine.connection.cursor()
            .execute(f"SELECT COUNT(*) FROM {quoted_table_ref(*name)}")
            .fetchone()
        )
        return int(rows[0])

    async def _job(self, project: str, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        query = orjson.loads(body or b"{}").get("configuration", {}).get("query", {})
        where = query.get("destinationTable")
        if where and where.get("datasetId") != _ANONYMOUS and not _is_dry(body):
            await _send(send, *await self._into(where, project, orjson.loads(body), scope))
            return
        status, headers, reply = await _collect(self._app, scope, _replay(body))
        await _send(send, status, headers, _without_anonymous(reply))

    async def _into(
        self, where: dict[str, Any], project: str, job: dict[str, Any], scope: Scope
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Create the destination, then let the job ask for its rows.

        An error becomes the job's, as in BigQuery: a client would take an HTTP error to mean that the job exists already.
        """
        name = (where.get("projectId", project), where["datasetId"], where["tableId"])
        query = job["configuration"]["query"]
        if problem := await self._store(project, name, query, scope):
            failed = {
                **job,
                "kind": "bigquery#job",
                "status": {"state": "DONE", "errorResult": problem, "errors": [problem]},
            }
            return 200, [(b"content-type", b"application/json")], orjson.dumps(failed)
        remaining = {key: value for key, value in query.items() if key not in ("queryParameters", "destinationTable")}
        rewritten = job | {"configuration": {"query": remaining | {"query": f"SELECT * FROM `{'.'.join(name)}`"}}}
        status, headers, reply = await _collect(self._app, scope, _replay(orjson.dumps(rewritten)))
        return status, headers, _with_destination(reply, where, project)

    async def _store(
        self, project: str, name: tuple[str, ...], query: dict[str, Any], scope: Scope
    ) -> dict[str, Any] | None:
        """Create the destination from the query. Returns what went wrong, if anything."""
        table, exists = ".".join(name), self._context.catalog.get_table(*name) is not None
        how = query.get("writeDisposition", _EMPTY)
        if not exists and query.get("createDisposition") == "CREATE_NEVER":
            return {"reason": "notFound", "message": f"Not found: Table {table}, and the job may not make it"}
        if exists and how == _EMPTY and self._count(name):
            return {
                "reason": "duplicate",
                "message": f"Already Exists: Table {table}, and the job may write to an empty one only",
            }
        begin = f"INSERT INTO `{table}`" if exists and how == _APPEND else f"CREATE OR REPLACE TABLE `{table}` AS"
        options: dict[str, Any] = {key: query[key] for key in _KEPT if key in query}
        reply = await self._query(
            project, scope, {"query": f"{begin}\n{query['query'].rstrip().rstrip(';')}", **options}
        )
        if "error" in reply:
            problem: dict[str, Any] = (reply["error"].get("errors") or [{}])[0]
            return {"reason": problem.get("reason", "invalidQuery"), "message": reply["error"]["message"]}
        return next(iter(reply.get("errors") or []), None)

    async def _query(self, project: str, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        """Ask the emulator, as a client would."""
        headers = [
            (b"content-type", b"application/json"),
            *((k, v) for k, v in scope["headers"] if k in (b"authorization", b"host")),
        ]
        path = f"/bigquery/v2/projects/{project}/queries"
        inner = {
            **scope,
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": headers,
        }
        body = orjson.dumps({"useLegacySql": False, **request})
        _, _, content = await _collect(self._app, inner, _replay(body))
        reply: dict[str, Any] = orjson.loads(content)
        return reply


def _without_anonymous(body: bytes) -> bytes:
    try:
        job = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    for item in job.get("jobs", [job]):
        query = item.get("configuration", {}).get("query", {})
        if query.get("destinationTable", {}).get("datasetId") == _ANONYMOUS:
            del query["destinationTable"]
    return orjson.dumps(job)


def _with_destination(body: bytes, where: dict[str, Any], project: str) -> bytes:
    job = orjson.loads(body)
    if "configuration" in job:
        job["configuration"]["query"]["destinationTable"] = {"projectId": project, **where}
    return orjson.dumps(job)


def _is_dry(body: bytes) -> bool:
    return bool(orjson.loads(body).get("configuration", {}).get("dryRun"))


def _problem(status: int, reason: str, message: str) -> JSONResponse:
    error = {"reason": reason, "message": message}
    return JSONResponse({"error": {"code": status, "message": message, "errors": [error]}}, status)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


async def _collect(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return the app's whole answer: status, headers, body."""
    status, headers, parts = 500, [], []

    async def take(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message["headers"])
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, take)
    return status, headers, b"".join(parts)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*kept, (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})
