"""Starts bqemulator with what this project needs changed, and without internet.

The changes to bqemulator 1.4.0:

- SnapshotManager.capture does nothing. Time travel, which nobody uses here, made a one-row insert into 100,000 rows take 0.7 s.
- The spatial extension is loaded from its PyPI package, not downloaded.
- insertAll and DML pass our checks first (checks.py, streaming_buffer.py).
- Idle connections stay open. uvicorn closes them after 5 s, and while a statement blocks its loop it would close one on which the next
  request has already arrived.
- SQL reads and writes no files but those of load jobs, and no web page is served (doors.py).
- A column may be added to a table that is in use (catalog.py).
- A time zone may be a parameter (time_zones.py), quantiles are an array (quantiles.py), and NORMALIZE takes itself as an
  argument (normalizing.py).
- Translations are kept from run to run (translations.py), and a view computes only the columns that a query uses (view_columns.py).
- Looking for a value in a list (membership.py) and unnesting a list (unnesting.py) need no join.
- What notebooks ask for beyond queries is answered (notebooks.py).
- Load jobs of JSON lines keep their names, and load all files or none (loads.py).
"""

import argparse
import glob
import logging
import os
import socket
import sys
from contextlib import suppress
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import structlog
from starlette.types import ASGIApp

from .. import log
from ..doors import Door
from .checks import Checks
from .faults import Faults
from .notebooks import Notebooks, permit_uploads
from .streaming_buffer import StreamingBuffer, WouldTouchFreshRows

_IDLE_SECONDS = 3_600
_LEAST_MEMORY = 800_000_000
_MEMORY_DIVISOR = 4  # a laptop has other things to do; beyond this share of it DuckDB uses files beside the tables
# What Google's clients send, who upload files of any type; and text, which is a test's faults.
_CONTENT_TYPES = frozenset(
    {
        "application/json",
        "application/octet-stream",
        "multipart/related",
        "text/plain",
        "*/*",
    }
)
BUFFER_SECONDS = 5_400.0  # 90 minutes: the longest that BigQuery keeps rows from DML


def _adapt(buffer: StreamingBuffer, memory: str, folders: list[Path]) -> None:
    """Apply the changes. SQL reads and writes files in `folders` only.

    Each change names what it replaces, so another version of bqemulator fails here and not later.
    """
    from bqemulator import server
    from bqemulator.catalog.duckdb_repository import DuckDBCatalogRepository
    from bqemulator.domain.errors import InvalidQueryError
    from bqemulator.jobs import executor
    from bqemulator.sql.rewriter.row_access_filter import _Rewriter
    from bqemulator.sql.translator import SQLTranslator
    from bqemulator.storage.engine import DuckDBEngine
    from bqemulator.versioning.snapshots import SnapshotManager

    from . import catalog, comments, loads, normalizing, quantiles, time_zones, translations, view_columns

    translation_cache = translations.Translations()
    quantiles.annotate_as_arrays()
    normalizing.replace_innermost_first()
    permit_uploads()
    faults = Faults()
    loads.adapt(faults)
    create_app = server.create_app

    def create_checked_app(context: Any) -> ASGIApp:
        return Door(Checks(Notebooks(create_app(context), context), context, buffer, faults), _CONTENT_TYPES)

    def load_spatial(engine: Any) -> None:
        version = duckdb.__version__
        folder = resources.files("duckdb_extension_spatial") / "extensions" / f"v{version}"
        path = str(folder / "spatial.duckdb_extension").replace("'", "''")
        engine.connection.execute(f"LOAD '{path}'")
        engine.connection.execute(time_zones.MACRO)
        engine.connection.execute("SET memory_limit = ?", [memory])

    start = DuckDBEngine.start

    async def start_locked(engine: Any) -> None:
        await start(engine)
        # a query is anybody's text: without this it could run COPY ... TO '~/.bashrc' and read_text('/etc/passwd')
        allowed = [f"{path}/" for folder in folders for path in (folder.resolve(), glob.escape(str(folder.resolve())))]
        engine.connection.execute("SET allowed_directories = ?", [allowed])
        engine.connection.execute("SET enable_external_access = false")
        engine.connection.execute("SET lock_configuration = true")

    def execute(engine: Any, sql: str, parameters: list[Any] | None = None) -> Any:
        try:
            return buffer.execute(engine.connection, sql, parameters)
        except WouldTouchFreshRows as refusal:
            raise InvalidQueryError(str(refusal)) from None

    translate = comments.translating_without_comments(SQLTranslator.translate)
    for owner, name, replacement in (
        (server, "create_app", create_checked_app),
        (server.uvicorn, "Config", partial(server.uvicorn.Config, timeout_keep_alive=_IDLE_SECONDS)),
        (DuckDBCatalogRepository, "update_table", catalog.update_table),
        (SnapshotManager, "capture", lambda *args, **kwargs: None),
        (DuckDBEngine, "_load_spatial", load_spatial),
        (DuckDBEngine, "start", start_locked),
        (
            SQLTranslator,
            "translate",
            translations.cached_translate(translate, translation_cache),
        ),
        (
            executor,
            "rewrite_table_refs",
            translations.cached_rewrite(executor.rewrite_table_refs, translation_cache),
        ),
        (DuckDBEngine, "execute", execute),
        (_Rewriter, "_expand_view", view_columns.expand_used_columns(_Rewriter._expand_view)),
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
    parser.add_argument(
        "--memory",
        metavar="SIZE",
        help="memory for queries, such as 8GB (a quarter of the machine's, 800 MB at the least)",
    )
    parser.add_argument(
        "--readable",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="a folder whose files load jobs may read (repeatable; none)",
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

    uploads = arguments.data / "uploads"
    folders = [uploads, *arguments.readable]
    _adapt(StreamingBuffer(arguments.buffer_seconds), arguments.memory or f"{_memory()}B", folders)
    settings = Settings(
        rest_port=arguments.port,
        grpc_port=0,
        data_dir=arguments.data,
        upload_staging_dir=uploads,
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


def _memory() -> int:
    """Return bytes for queries: a share of the machine's memory, or of the container's where that has less."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no such file, or "max"
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return max(memory // _MEMORY_DIVISOR, _LEAST_MEMORY)


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
