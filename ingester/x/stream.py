"""One connection to X's stream by tweepy, in a thread. It carries bytes to the consumer and decides nothing.

tweepy's own loop reconnects hot, retries fatal answers for ever and swallows exceptions. Here it never goes round: each `hold` may make
one request, and whatever would make it go on ends it. The caller decides what follows.
"""

import asyncio
import http.client
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson
import requests
import tweepy
import urllib3

from runtime.bearer_token import Token
from runtime.errors import ExpectedError
from runtime.http import Adapter, Bearer, RequestSocket, prepare
from runtime.version import AGENT

from ..ports import Clock
from ..threads import in_thread
from ..timeouts import Timeouts
from .consumer import StreamConsumer
from .disconnect import Disconnect, DisconnectKind
from .fields import PLACE_FIELDS, USER_FIELDS, TweetFields, expansions
from .http import lowercase_names, redirect_host
from .rate_limit import ServerClock, retry_after

TWEEPYS_HOST = "https://api.twitter.com"  # fixed in tweepy 4.17; X documents https://api.x.com only
_PAGES = ("text/html", "application/xhtml+xml")
_CONNECT_SECONDS = 10.0
_RESPONSE_SECONDS = 30.0  # from the request to the stream's first byte, or to the end of another answer
_CHUNK = 65_536  # bytes read at once
# At our own limit, what X has written is read to its end: until nothing comes for a moment, or for a second at the most.
# The moment is shorter than the pause between two posts at X's top rate, 250 a second.
_QUIET_SECONDS = 0.002
_LAST_READ_SECONDS = 1.0
_LAST_POST_SECONDS = 1.0  # for the post that is being handled when the connection is closed
_LINE = 3  # one line may take so many times the longest silence
_NO_STREAM = 502  # the status that a page of a proxy or portal is given


class Stream:
    """X's stream, one connection at a time."""

    def __init__(
        self,
        url: str,
        times: Timeouts,
        clock: Clock,
        server_clock: ServerClock,
        *,
        authors: bool,
        referenced: bool,
        fields: TweetFields | None = None,
    ) -> None:
        self._url = url
        self._times = times
        self._clock = clock
        self._server_clock = server_clock
        self._parameters = {
            "user_fields": USER_FIELDS if authors else None,
            "place_fields": PLACE_FIELDS,
            "expansions": expansions(authors=authors, referenced=referenced),
        }
        self._fields = fields or TweetFields()
        self._connection: _Connection | None = None

    async def hold(self, token: Token, consumer: StreamConsumer, connected: Callable[[], None]) -> Disconnect:
        """Make one connection and return when it has ended. Raises PublishFailed, and what nobody foresaw."""
        loop, sent_at = asyncio.get_running_loop(), self._clock.monotonic()

        def arrived() -> None:
            self._server_clock.compare(connection.headers, sent_at, connection.answered_at)
            connected()

        self._connection = connection = _Connection(
            self._url,
            token,
            self._times,
            consumer=consumer,
            clock=self._clock,
            connected=lambda: loop.call_soon_threadsafe(arrived),
        )
        parameters = self._parameters | {"tweet_fields": self._fields.names}
        reading = asyncio.ensure_future(in_thread(connection.run, parameters, seconds=None))
        try:
            ended = await asyncio.shield(reading)
        finally:
            connection.close(Disconnect(DisconnectKind.NETWORK, reason="closed by us"))
            await asyncio.wait([reading], timeout=_LAST_POST_SECONDS)
        if ended.kind != DisconnectKind.HTTP:
            return ended
        self._server_clock.compare(connection.headers, sent_at, connection.answered_at)
        wait = retry_after(connection.headers, self._server_clock.at(connection.answered_at).timestamp())
        return replace(ended, reset_in=wait)

    def close(self, ended: Disconnect) -> None:
        """End the connection that is held, as having ended so."""
        if self._connection is not None:
            self._connection.close(ended)


class _Only(requests.ConnectionError):
    """Raised when tweepy tries to make a second request."""


class _Host(Adapter):
    """Sends tweepy's request to the configured host: once, with our limits on silence in place of tweepy's 21 s.

    A redirect within the host is followed once. Any other is an answer like an error: it could take the token along.
    """

    def __init__(self, url: str, silence: float, connection: "_Connection") -> None:
        super().__init__()
        self._url = url
        self._timeout = (_CONNECT_SECONDS, silence)
        self.owner = connection
        self._is_sent = False

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if self._is_sent:
            raise _Only
        self._is_sent = True
        request.url = f"{self._url}{(request.url or '').removeprefix(TWEEPYS_HOST)}"
        try:
            response = super().send(request, *args, **kwargs | {"timeout": self._timeout})
            location = response.headers.get("Location", "")
            if 300 <= response.status_code < 400 and location:
                target = requests.compat.urljoin(request.url, location)
                if target.startswith(f"{self._url}/"):
                    response.close()
                    request.url = target
                    response = super().send(request, *args, **kwargs | {"timeout": self._timeout})
        except (requests.RequestException, OSError, urllib3.exceptions.HTTPError) as error:
            self.owner.note(error)
            raise
        self.owner.answered(response)
        return response


class _Connection(tweepy.StreamingClient):  # type: ignore[misc]
    """tweepy's client for one connection."""

    def __init__(
        self,
        url: str,
        token: Token,
        times: Timeouts,
        *,
        consumer: StreamConsumer,
        clock: Clock,
        connected: Callable[[], object],
    ) -> None:
        super().__init__(token.value, chunk_size=_CHUNK, max_retries=0)
        self.user_agent = AGENT
        self.verify = prepare(self.session, url).verify  # tweepy passes its own with the request
        self.session.auth = Bearer(token.value)
        self.session.max_redirects = 0
        self.session.mount(TWEEPYS_HOST, _Host(url, times.silence, self))
        self._url = url
        self._times = times
        self._consumer = consumer
        self._clock = clock
        self._connected = connected
        self._socket = RequestSocket()
        self._ended: Disconnect | None = None
        self._exception: Exception | None = None
        self._began: float | None = None
        self._first = True  # no byte yet
        self._read_until: float | None = None  # when the reading ends, once our limit is reached; monotonic
        self.headers: dict[str, str] = {}
        self.answered_at = 0.0  # monotonic

    def run(self, parameters: dict[str, Any]) -> Disconnect:
        """Read until the connection has ended."""
        with self._socket.within(_RESPONSE_SECONDS):
            self.filter(**parameters)
        if isinstance(self._exception, ExpectedError):
            raise self._exception
        if self._exception is not None and self._ended is None:
            if not isinstance(self._exception, requests.RequestException | urllib3.exceptions.HTTPError | OSError):
                raise self._exception
            self.note(self._exception)
        ended = self._ended or Disconnect(DisconnectKind.NETWORK, reason="refused, or cut")
        if self._began is None or self._first:
            return ended
        return replace(ended, seconds=self._clock.monotonic() - self._began, posts=self._consumer.posts_here)

    def close(self, ended: Disconnect) -> None:
        """End the reading. May be called from another thread."""
        if self._ended is None:
            self._ended = ended
        self.disconnect()
        self._socket.shut_down()

    def note(self, error: Exception) -> None:
        """Keep why a request or a read failed, which tweepy does not tell."""
        if self._ended is not None:
            return
        cause = _cause(error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            self._ended = Disconnect(
                DisconnectKind.CERTIFICATE, reason=f"the certificate is not valid: {cause.verify_message}"
            )
        elif isinstance(error, requests.Timeout | urllib3.exceptions.ReadTimeoutError | TimeoutError):
            is_streaming = self._began is not None
            why = f"no byte for {self._times.silence:.0f} s" if is_streaming else "no answer in time"
            self._ended = Disconnect(DisconnectKind.SILENT if is_streaming else DisconnectKind.NETWORK, reason=why)
        elif self._socket.is_shut_down:
            self._ended = Disconnect(DisconnectKind.NETWORK, reason=f"no whole answer within {_RESPONSE_SECONDS:.0f} s")
        elif isinstance(cause, ValueError | http.client.IncompleteRead):  # the length of a piece that never came
            self._ended = Disconnect(DisconnectKind.NETWORK, reason="cut in the middle of an answer")
        else:
            self._ended = Disconnect(
                DisconnectKind.NETWORK, reason=f"refused, or cut ({type(cause).__name__}: {cause})"[:300]
            )

    def answered(self, response: requests.Response) -> None:
        """tweepy's hooks see neither headers nor bodies; this one sees every answer before its body is read."""
        self.headers, self.answered_at = lowercase_names(response.headers), self._clock.monotonic()
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status_code == 200 and kind not in _PAGES:
            response.__class__ = _Lines
            return
        reason = f"HTTP {response.status_code}"
        if response.status_code == 200:
            response.status_code = _NO_STREAM  # a proxy's or portal's page: tweepy would take its lines for posts
            reason = f"HTTP {_NO_STREAM}: a web page in place of the stream"
        elif 300 <= response.status_code < 400:
            host = redirect_host(self._url, self.headers.get("location", ""))
            reason = f"HTTP {response.status_code}: a redirect to {host}, which is not followed with the token. Is X_API_URL right?"
            response.status_code = _NO_STREAM  # requests would follow the redirect
        try:
            problem = orjson.loads(response.content)
        except (orjson.JSONDecodeError, requests.RequestException):
            problem = {}
        self._ended = Disconnect(
            DisconnectKind.HTTP,
            status=response.status_code,
            problem=problem if isinstance(problem, dict) else {},
            reason=reason,
        )

    def on_connect(self) -> None:
        self._began = self._clock.monotonic()
        self._consumer.begin()

    def on_data(self, raw_data: bytes) -> None:
        if self._first and not self._is_stream(raw_data):
            return
        if (ended := self._consumer.take_line(raw_data)) is None:
            return
        if ended.kind == DisconnectKind.LIMIT:
            self._read_rest_and_end(ended)
        else:
            self._end(ended)

    def _read_rest_and_end(self, ended: Disconnect) -> None:
        """Go on with what X has written already, because it has billed it. The connection then ends as `ended`."""
        if self._read_until is None:
            self._read_until = time.monotonic() + _LAST_READ_SECONDS
            self._ended = self._ended or ended

    def on_keep_alive(self) -> None:
        self.on_data(b"")

    def on_closed(self, response: requests.Response) -> None:
        if self._first:
            self._end(
                Disconnect(DisconnectKind.HTTP, status=_NO_STREAM, reason=f"HTTP {_NO_STREAM}: closed without a byte")
            )
        self._end(Disconnect(DisconnectKind.CLOSED, reason="X closed the connection"))

    def on_connection_error(self) -> None:
        self.disconnect()

    def on_request_error(self, status_code: int) -> None:
        self.disconnect()

    def on_exception(self, exception: Exception) -> None:
        self._exception = exception

    def on_disconnect(self) -> None:
        pass

    def _is_stream(self, raw: bytes) -> bool:
        if raw.lstrip().startswith(b"<"):
            self._end(
                Disconnect(
                    DisconnectKind.HTTP,
                    status=_NO_STREAM,
                    reason=f"HTTP {_NO_STREAM}: a web page in place of the stream",
                )
            )
            return False
        self._first = False
        self._socket.lift_deadline()
        self._connected()
        return True

    def _end(self, ended: Disconnect) -> None:
        if self._ended is None:
            self._ended = ended
        self.disconnect()

    def reading(self, response: requests.Response) -> Iterator[bytes]:
        """Yield what has come as soon as it has, whatever the framing. Ends where one line takes too long."""
        raw = response.raw
        patience = _LINE * self._times.silence
        try:
            pieces = raw.stream(_CHUNK, decode_content=True) if raw.chunked else iter(lambda: raw.read1(_CHUNK), b"")
            for piece in pieces:
                yield piece
                if self._read_until is not None:
                    remaining, is_whole = self._read_until - time.monotonic(), piece.endswith(b"\n")
                    if remaining <= 0 and is_whole:
                        break
                    self._socket.shorten(_QUIET_SECONDS if is_whole else max(remaining, _QUIET_SECONDS))
                if self._clock.monotonic() - self._consumer.last_byte > patience:
                    raise TimeoutError
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self.note(error)
            raise requests.ConnectionError(error) from error


class _Lines(requests.Response):
    """Reads by its connection's `reading`."""

    def iter_content(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        return self.connection.owner.reading(self)  # type: ignore[no-any-return, attr-defined]


def _cause(error: BaseException) -> BaseException:
    """Return the innermost reason: requests and urllib3 wrap it in several layers."""
    seen = 0
    while seen < 10:
        inner = getattr(error, "reason", None) or error.__cause__ or error.__context__
        if isinstance(inner, BaseException):
            error = inner
        elif error.args and isinstance(error.args[0], BaseException):
            error = error.args[0]
        elif len(error.args) > 1 and isinstance(error.args[1], BaseException):
            error = error.args[1]
        else:
            break
        seen += 1
    return error
