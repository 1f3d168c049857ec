"""HTTP that ends: a session that takes nothing unwanted from the environment, and a deadline for a whole request.

requests limits each read, so an answer that drips a byte now and then would never end. A thread that waits for its socket cannot be
stopped, but the socket can be shut down: `RequestSocket` holds the socket of the request that its thread makes, and one thread shuts
down those that are past their deadline.

The token is an auth object, because requests replaces a header with a password from .netrc. Cookies are not kept: threads share the
session. There are no redirects: neither X's API nor Google's make any.
"""

import heapq
import http.client
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.cookiejar import DefaultCookiePolicy
from itertools import count
from typing import Any

import requests
from requests.auth import AuthBase
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .version import AGENT


class Bearer(AuthBase):
    """Sets X's bearer token on a request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def proxies(url: str) -> dict[str, str]:
    """Return the proxies that the environment has for this host."""
    return dict(get_environ_proxies(url))


def prepare(session: requests.Session, url: str = "") -> requests.Session:
    """Set a session up, and return it: for one API at `url`, or for hosts whose `proxies` are passed with each request."""
    session.trust_env = False  # no .netrc; what else requests takes from the environment follows
    session.proxies = proxies(url) if url else {}
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.max_redirects = 0
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = AGENT
    mount(session)
    return session


def mount(session: requests.Session, connections: int = 10) -> None:
    """Make a session's requests obey `RequestSocket`. Its pool keeps so many connections open."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, Adapter(pool_maxsize=connections))


_current = threading.local()  # .request: the RequestSocket of this thread


class RequestSocket:
    """The socket of the request that a thread makes. Any thread may shut it down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Any = None  # has the socket while the request is sent
        self._socket: socket.socket | None = None  # of the answer: its connection may let go of it
        self._has_deadline = False
        self.is_shut_down = False

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Shut the requests of this block down after so many seconds, unless `lift_deadline` is called before."""
        _current.request = self
        self._has_deadline = True
        _watch.add(time.monotonic() + seconds, self)
        try:
            yield
        finally:
            self._has_deadline = False
            _current.request = None

    def lift_deadline(self) -> None:
        """Let the rest of the answer, which is a stream, take as long as it likes."""
        self._has_deadline = False

    def shorten(self, seconds: float) -> None:
        """Make each further read end after so many seconds without a byte. What has arrived can still be read."""
        with self._lock, suppress(OSError):
            if self._socket is not None:
                self._socket.settimeout(seconds)

    def shut_down(self) -> None:
        with self._lock:
            self.is_shut_down = True
            self._shut_down()

    def on_deadline(self) -> None:
        if self._has_deadline:
            self.shut_down()

    def use(self, connection: Any, used: socket.socket | None = None) -> None:
        """Note what the request is sent with, and then the socket that its answer is read from."""
        with self._lock:
            self._connection, self._socket = connection, used
            if self.is_shut_down:
                self._shut_down()

    def _shut_down(self) -> None:
        used = self._socket or getattr(self._connection, "sock", None)
        if used is not None:
            with suppress(OSError):  # closed already
                # the plain socket's: an SSLSocket's would take the TLS layer away under a reader
                socket.socket.shutdown(used, socket.SHUT_RDWR)


class _Watch:
    """Calls each request's `on_deadline` in time. Its thread starts with the first request, so after gunicorn's fork."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, RequestSocket]] = []
        self._numbers = count()
        self._thread: threading.Thread | None = None

    def add(self, deadline: float, request: RequestSocket) -> None:
        with self._changed:
            heapq.heappush(self._due, (deadline, next(self._numbers), request))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif self._due[0][2] is request:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due or self._due[0][0] > time.monotonic():
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                _, _, request = heapq.heappop(self._due)
            request.on_deadline()


_watch = _Watch()


class _Response(http.client.HTTPResponse):
    """Skips every interim answer, such as 103 Early Hints; Python's own skips 100 alone."""

    def _read_status(self) -> Any:
        while True:
            status = super()._read_status()  # type: ignore[misc]
            if not 100 < status[1] < 200 or status[1] == http.HTTPStatus.SWITCHING_PROTOCOLS:
                return status
            http.client.parse_headers(self.fp)


class _WatchedConnection:
    """Tells this thread's RequestSocket of the connection."""

    sock: Any

    def request(self, *args: Any, **kwargs: Any) -> None:
        _use(self)
        super().request(*args, **kwargs)  # type: ignore[misc]

    def getresponse(self) -> Any:
        _use(self, self.sock)
        return super().getresponse()  # type: ignore[misc]


def _use(connection: Any, used: Any = None) -> None:
    request: RequestSocket | None = getattr(_current, "request", None)
    if request is not None:
        request.use(connection, used)


class _Connection(_WatchedConnection, HTTPConnection):
    response_class = _Response


class _TlsConnection(_WatchedConnection, HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


class Adapter(requests.adapters.HTTPAdapter):
    """Makes connections that a RequestSocket can shut down."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager
