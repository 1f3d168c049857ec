"""HTTP to X: the session, and the deadline that every request has in all.

requests limits each read, so an answer that drips a byte now and then would never end. `Wire` holds the socket of one request and
shuts it down: at the deadline, or when the process wants to end.

The token is an auth object, because requests replaces a header with a password from .netrc. Proxies are chosen by the real host,
which tweepy does not know. Cookies are not kept: threads share the session.
"""

import http.client
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.auth import AuthBase
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .. import version
from ..errors import Unavailable
from ..ports import Reply, Token
from ..threads import in_thread

AGENT = f"twitter-data-stream/{version.number()}"
_READ_SECONDS = (5.0, 20.0)  # connect, and each read
_SECONDS = 25.0  # a whole request
_SLACK = 5.0  # for a lookup of the name, which nothing can shut down


class Bearer(AuthBase):
    """Sets X's bearer token on each request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


_here = threading.local()  # .wire: of the request that this thread makes


class Wire:
    """The socket of one request; `cut` may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer: threading.Timer | None = None
        self.is_cut = False

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Make the request of this block end after so many seconds, unless `without_end` is called before."""
        _here.wire = self
        self._timer = threading.Timer(seconds, self.cut)
        self._timer.daemon = True
        self._timer.start()
        try:
            yield
        finally:
            self.without_end()
            _here.wire = None

    def without_end(self) -> None:
        """Lift the deadline for the rest of the answer, which is a stream."""
        if self._timer is not None:
            self._timer.cancel()

    def use(self, used: socket.socket | None) -> None:
        with self._lock:
            self._socket = used
            if self.is_cut:
                self._shut()

    def shorten(self, seconds: float) -> None:
        """Make each further read end after so many seconds without a byte. What has arrived can still be read."""
        with self._lock, suppress(OSError):
            if self._socket is not None:
                self._socket.settimeout(seconds)

    def cut(self) -> None:
        with self._lock:
            self.is_cut = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # closed already
                # the plain socket's: an SSLSocket's would take the TLS layer away under a reader
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Response(http.client.HTTPResponse):
    """Skips every interim answer, such as 103 Early Hints; Python's own skips 100 alone."""

    def _read_status(self) -> Any:
        while True:
            status = super()._read_status()  # type: ignore[misc]
            if not 100 < status[1] < 200 or status[1] == http.HTTPStatus.SWITCHING_PROTOCOLS:
                return status
            http.client.parse_headers(self.fp)


class _Plain(HTTPConnection):
    response_class = _Response

    def getresponse(self) -> Any:
        _use(self.sock)
        return super().getresponse()


class _Secure(HTTPSConnection):
    response_class = _Response

    def getresponse(self) -> Any:
        _use(self.sock)
        return super().getresponse()


def _use(used: Any) -> None:
    wire: Wire | None = getattr(_here, "wire", None)
    if wire is not None:
        wire.use(used)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class Adapter(requests.adapters.HTTPAdapter):
    """Makes connections that a Wire can cut."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        return manager


def prepare(session: requests.Session, url: str) -> requests.Session:
    """Set a session up for the API at `url`, and return it."""
    session.trust_env = False  # no .netrc; what else requests takes from the environment follows
    session.proxies = dict(get_environ_proxies(url))
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = AGENT
    for scheme in ("https://", "http://"):
        session.mount(scheme, Adapter())
    return session


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def elsewhere(url: str, location: str) -> str:
    """Return the host that a redirect leads to, for a message; X's API makes no redirects."""
    return urlsplit(location).netloc or urlsplit(url).netloc


class Http:
    """Requests to X's API, but for the stream."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = prepare(requests.Session(), url)

    async def call(self, method: str, path: str, parameters: Mapping[str, Any], body: Any, token: Token) -> Reply:
        """Make one request, with a deadline in all. Raises Unavailable."""
        try:
            return await in_thread(self._call, method, path, parameters, body, token, seconds=_SECONDS + _SLACK)
        except TimeoutError:
            raise Unavailable(f"{path}: there was no whole answer within {_SECONDS:.0f} s") from None

    def _call(self, method: str, path: str, parameters: Mapping[str, Any], body: Any, token: Token) -> Reply:
        data = orjson.dumps(body) if body is not None else None
        headers = {"Content-Type": "application/json"} if body is not None else {}
        wire = Wire()
        try:
            with wire.within(_SECONDS):
                response = self._session.request(
                    method, f"{self._url}{path}", params=dict(parameters), data=data, headers=headers, timeout=_READ_SECONDS,
                    auth=Bearer(token.value), allow_redirects=False,
                )  # fmt: skip
                content = response.content
        except requests.exceptions.InvalidHeader:
            raise Unavailable(f"{path}: the token cannot be sent") from None  # the error's text would hold the token
        except (requests.RequestException, ValueError) as error:
            if wire.is_cut:
                raise Unavailable(f"{path}: there was no whole answer within {_SECONDS:.0f} s") from None
            raise Unavailable(f"{path}: {type(error).__name__}: {error}"[:300]) from None
        if 300 <= response.status_code < 400:
            host = elsewhere(self._url, response.headers.get("Location", ""))
            raise Unavailable(
                f"{path}: the answer is a redirect to {host} ({response.status_code}), and X makes none. Is X_API_URL right?"
            )
        try:
            found = orjson.loads(content or b"{}")
        except orjson.JSONDecodeError:
            found = None
        return Reply(response.status_code, lower(response.headers), found if isinstance(found, dict) else None)
