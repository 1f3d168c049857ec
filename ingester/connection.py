"""One connection to X a call, by tweepy. tweepy's own loop reconnects hot, retries fatal answers for ever and swallows
exceptions; here every hook that would let it go round ends the loop, and the caller decides what follows.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
import requests
import tweepy
import urllib3

from . import log, message
from .fields import PLACE_FIELDS, TWEET_FIELDS, USER_FIELDS, expansions
from .policy import Ended
from .sessions import AGENT, Bearer, prepare, seconds_until
from .times import Times

TWEEPYS_HOST = "https://api.twitter.com"  # fixed in tweepy 4.17; X documents https://api.x.com only
_PAGES = ("text/html", "application/xhtml+xml")
_CONNECT_SECONDS = 10.0
_CHUNK = 65_536  # bytes read at once; X's stream is chunked, so a large chunk delays nothing
_RATE_OF = 100  # posts over which the rate is taken
_BLOCKED = 1.0  # seconds in which a post was not taken: what X sends meanwhile waits in buffers, or is dropped
_TICK = 0.5  # seconds between two looks at the clock
_PAUSED = 2.0  # seconds in which nobody looked: this process was frozen, or the machine slept
_WRONG_CLOCK = 20.0  # seconds: a third of a gap's edge
_RARE = 30.0  # a pause of so many usual pauses has one chance in ten to the thirteenth, if posts come by themselves


class _Host(requests.adapters.HTTPAdapter):
    """Sends tweepy's requests to the configured host, with our own limit on silence in place of tweepy's 21 s."""

    def __init__(self, url: str, silence: float) -> None:
        super().__init__()
        self._url = url
        self._timeout = (_CONNECT_SECONDS, silence)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.url = f"{self._url}{(request.url or '').removeprefix(TWEEPYS_HOST)}"
        return super().send(request, *args, **kwargs | {"timeout": self._timeout})


class Connection(tweepy.StreamingClient):  # type: ignore[misc]
    """`hold` keeps one connection and hands each line to `take(raw, line)`; whatever that raises comes out of `hold`."""

    def __init__(self, token: str, url: str, take: Callable[[bytes, message.Line], None], times: Times) -> None:
        super().__init__(token, chunk_size=_CHUNK)
        self.user_agent = AGENT
        prepare(self.session, token, url)
        self.session.mount(TWEEPYS_HOST, _Host(url, times.silence))
        self.session.hooks["response"].append(self._on_response)
        self._take = take
        self._times = times
        self._ended = Ended("network")
        self._exception: Exception | None = None
        self._connected_at: float | None = None
        self._connected: Callable[[], None] = lambda: None
        self._posts: deque[float] = deque(maxlen=_RATE_OF)  # when they came, on this connection and the ones before
        self._unruled = False
        self._patience = 1.0  # grows while reconnecting did not help against a stall
        self._behind: float | None = None  # since when we may have been too slow for X
        self._free = 0.0  # when the last post that had to wait was taken
        self.ahead = timedelta()  # of X's, by this machine's clock, when X answered last
        self._ticked = time.time()
        threading.Thread(target=self._tick, name="clock", daemon=True).start()
        self.last_byte = 0.0  # wall clock: when X last gave a sign of life
        self.last_post = 0.0

    @property
    def heard(self) -> float:
        """Until when all that X sent has been taken: a line read from a full buffer is older than the moment of its reading."""
        self._look_at_the_clock()
        return self.last_byte if self._behind is None else min(self._behind, self.last_byte)

    def renew(self, token: str) -> None:
        """Use another token from the next connection on."""
        self.bearer_token = token
        self.session.auth = Bearer(token)

    def unruled(self) -> None:
        """X has no rules, and so no posts for us: end at its next keep-alive. For another thread than the one that holds."""
        self._unruled = True

    def hold(self, *, authors: bool, referenced: bool, connected: Callable[[], None]) -> Ended:
        """Blocks until the connection has ended."""
        self._ended, self._exception, self._connected_at, self._connected = Ended("network"), None, None, connected
        self.filter(
            tweet_fields=TWEET_FIELDS,
            user_fields=USER_FIELDS if authors else None,
            place_fields=PLACE_FIELDS,
            expansions=expansions(authors=authors, referenced=referenced),
        )
        if self._exception is not None:
            self._raise(self._exception)
        held = time.monotonic() - self._connected_at if self._connected_at is not None else 0.0
        ended = self._ended
        return Ended(ended.how, held, ended.status, ended.problem, ended.reset_in, ended.reason)

    def on_connect(self) -> None:
        self._connected_at = time.monotonic()
        self.last_byte = time.time()
        self._behind = None
        self._unruled = False
        self._connected()

    def on_data(self, raw_data: bytes) -> None:
        self.last_byte = time.time()
        line = message.look(raw_data)
        if line.problem is not None:
            # X means to close; where it does not, waiting for it would be for ever
            self._end("told", line.problem)
            return
        if line.id:
            self._posts.append(time.monotonic())
            self.last_post = self.last_byte
            self._patience = 1.0
        self._take(raw_data, line)
        self._note_delay()

    def on_keep_alive(self) -> None:
        self.last_byte = time.time()
        self._note_delay()
        if self._unruled:
            self._end("unruled", "X has no rules any more: somebody took them away")
        elif (quiet := self._quiet()) is not None:
            self._patience *= 2.0
            self._end("stalled", f"keep-alives, and no post for {quiet:.0f} s")

    def on_closed(self, response: requests.Response) -> None:
        if self._ended.how == "network":  # tweepy says so where it was us, too
            self._end("closed", "X closed the connection")

    def on_connection_error(self) -> None:
        silent = self._connected_at is not None and time.time() - self.last_byte >= self._times.silence * 0.95
        if silent:
            self._end("silent", f"no byte for {self._times.silence:.0f} s")
        else:
            self._end("network", "refused, or cut")

    def on_request_error(self, status_code: int) -> None:
        self.disconnect()

    def on_exception(self, exception: Exception) -> None:
        self._exception = exception

    def on_disconnect(self) -> None:
        pass

    def _end(self, how: str, reason: str) -> None:
        self._ended = Ended(how, reason=reason)
        self.disconnect()

    def _tick(self) -> None:
        while True:
            time.sleep(_TICK)
            self._look_at_the_clock()

    def _look_at_the_clock(self) -> None:
        """Whoever sleeps through a disconnect reads what is in the buffers afterwards, and takes it for news."""
        now, before = time.time(), self._ticked
        self._ticked = now
        if now - before > _PAUSED and self.last_byte:
            log.event(
                "paused",
                "WARNING",
                seconds=round(now - before, 1),
                message="This process did not run for a while, or its clock was set forward",
            )
            self._behind = before if self._behind is None else min(self._behind, before)
            self._free = now

    def _compare_clocks(self, date: str) -> None:
        """By the Date of X's answer, which is exact to the second; a clock that is a little wrong is right enough."""
        try:
            ahead = datetime.now(UTC) - parsedate_to_datetime(date)
        except (TypeError, ValueError):
            return  # an answer without a Date says nothing of clocks
        wrong = abs(ahead.total_seconds()) > _WRONG_CLOCK
        if wrong != bool(self.ahead):
            log.event(
                "clock_wrong" if wrong else "clock_right", "WARNING", seconds=round(ahead.total_seconds()),
                message="This machine's clock is not X's: gaps are kept in X's time",
            )  # fmt: skip
        self.ahead = ahead if wrong else timedelta()

    def _note_delay(self) -> None:
        now = time.time()
        if now - self.last_byte > _BLOCKED:
            self._behind = self.last_byte if self._behind is None else self._behind
            self._free = now
        elif self._behind is not None and now - self._free > self._times.silence:
            self._behind = None  # the buffers have long been read, and X is still there

    def _raise(self, exception: Exception) -> None:
        """What a connection can come to is an ending like any other; all else is ours, and comes out."""
        if isinstance(exception, requests.RequestException | urllib3.exceptions.HTTPError):
            self._ended = Ended("network", reason=f"unreadable: {type(exception).__name__}")
            return
        raise exception

    def _quiet(self) -> float | None:
        """Seconds without a post, if that is far longer than the posts before let one expect."""
        if len(self._posts) < 2 or self._connected_at is None:
            return None
        usual = (self._posts[-1] - self._posts[0]) / (len(self._posts) - 1)
        quiet = time.monotonic() - max(self._posts[-1], self._connected_at)
        return quiet if quiet > max(self._times.stall_least, _RARE * usual) * self._patience else None

    def _on_response(self, response: requests.Response, *args: Any, **kwargs: Any) -> None:
        """tweepy's hooks see neither headers nor bodies; this one sees every answer before its body is read."""
        self._compare_clocks(response.headers.get("Date", ""))
        if response.status_code == 200:
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if kind not in _PAGES:
                return
            response.status_code = 502  # a proxy's or a portal's page: tweepy would take its lines for posts
        try:
            problem = orjson.loads(response.content)
        except (orjson.JSONDecodeError, requests.RequestException):
            problem = {}
        self._ended = Ended(
            "http",
            status=response.status_code,
            problem=problem if isinstance(problem, dict) else {},
            reset_in=_reset_in(response),
            reason=f"HTTP {response.status_code}",
        )


def _reset_in(response: requests.Response) -> float | None:
    """Seconds that X asks to wait: Retry-After, or, where no call is left, until the limit's reset."""
    after = response.headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    reset = response.headers.get("x-rate-limit-reset", "")
    if reset.isdigit() and response.headers.get("x-rate-limit-remaining", "0") == "0":
        return seconds_until(int(reset), response) + 1.0
    return None
