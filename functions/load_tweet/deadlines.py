"""A deadline for a whole request: requests has one for each read only, and bytes that trickle in keep a read alive for ever.

A thread that waits for its socket cannot be stopped; its socket can be closed. So each insert names its time, and one thread
closes the connections of those that are past it.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_LOOK_SECONDS = 0.25


class Deadlines:
    """Keeps each thread's deadline and the connection that it uses."""

    def __init__(self) -> None:
        self._running: dict[int, tuple[float, Any]] = {}  # thread: (deadline, connection)
        threading.Thread(target=self._look, name="watch", daemon=True).start()

    @contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """Cut this thread's requests off at the deadline (monotonic) while the context lasts."""
        self._running[threading.get_ident()] = (deadline, None)
        try:
            yield
        finally:
            self._running.pop(threading.get_ident(), None)

    def adapter(self, connections: int) -> HTTPAdapter:
        """Return an adapter for a requests session whose connections obey the deadlines."""
        watch = self

        class Plain(HTTPConnection):
            def request(self, *args: Any, **kwargs: Any) -> None:
                watch._uses(self)
                super().request(*args, **kwargs)

        class Tls(HTTPSConnection):
            def request(self, *args: Any, **kwargs: Any) -> None:
                watch._uses(self)
                super().request(*args, **kwargs)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = Tls

        adapter = HTTPAdapter(pool_maxsize=connections)
        adapter.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
        return adapter

    def _uses(self, connection: Any) -> None:
        thread = threading.get_ident()
        if thread in self._running:
            self._running[thread] = (self._running[thread][0], connection)

    def _look(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            now = time.monotonic()
            for deadline, connection in list(self._running.values()):
                found = getattr(connection, "sock", None)
                if now > deadline and found is not None:
                    with suppress(OSError):
                        found.shutdown(socket.SHUT_RDWR)
