"""One connection to X a call, by tweepy. tweepy's own loop reconnects hot, retries fatal answers for ever and swallows
exceptions; here every hook that would let it go round ends the loop, and the caller decides what follows.
"""

import time
from collections.abc import Callable
from typing import Any

import orjson
import requests
import tweepy

from . import message
from .policy import Ended

# https://docs.x.com/x-api/posts/filtered-stream: an unknown name is dropped silently, and the post is billed all the same
TWEET_FIELDS = [
    "attachments", "author_id", "community_id", "context_annotations", "conversation_id", "created_at", "display_text_range",
    "edit_controls", "edit_history_tweet_ids", "entities", "geo", "id", "in_reply_to_user_id", "lang", "note_tweet",
    "possibly_sensitive", "public_metrics", "referenced_tweets", "reply_settings", "source", "text", "withheld",
]  # fmt: skip
USER_FIELDS = [
    "created_at",
    "description",
    "id",
    "location",
    "name",
    "protected",
    "public_metrics",
    "username",
    "verified",
]
PLACE_FIELDS = ["contained_within", "country", "country_code", "full_name", "geo", "id", "name", "place_type"]
EXPANSIONS = ["referenced_tweets.id", "geo.place_id", "edit_history_tweet_ids"]
# each distinct author of the day is billed as a user read, $0.010: EXPAND_AUTHORS switches these off
AUTHOR_EXPANSIONS = ["author_id", "referenced_tweets.id.author_id"]

TWEEPYS_HOST = "https://api.twitter.com"  # fixed in tweepy 4.17; X documents https://api.x.com only
_CALL_SECONDS = (5.0, 20.0)  # connect, read: for calls that bring no timeout of their own (the rules')
_CHUNK = 65_536  # bytes read at once; X's stream is chunked, so a large chunk delays nothing


class _Host(requests.adapters.HTTPAdapter):
    """Sends tweepy's requests to the configured host, and never without a deadline."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.url = f"{self._url}{(request.url or '').removeprefix(TWEEPYS_HOST)}"
        kwargs["timeout"] = kwargs.get("timeout") or _CALL_SECONDS
        return super().send(request, *args, **kwargs)


class Connection(tweepy.StreamingClient):  # type: ignore[misc]
    """`hold` keeps one connection and hands each line to `take(raw, post_id)`; whatever that raises comes out of `hold`."""

    def __init__(self, token: str, url: str, take: Callable[[bytes, str], None]) -> None:
        super().__init__(token, chunk_size=_CHUNK)
        self.user_agent = "twitter-data-stream"
        self.session.mount(TWEEPYS_HOST, _Host(url))
        self.session.hooks["response"].append(self._on_response)
        self._take = take
        self._ended = Ended("network")
        self._exception: Exception | None = None
        self._connected_at: float | None = None
        self._connected: Callable[[], None] = lambda: None

    def hold(self, *, expand_authors: bool, connected: Callable[[], None]) -> Ended:
        """Blocks until the connection has ended."""
        self._ended, self._exception, self._connected_at, self._connected = Ended("network"), None, None, connected
        self.filter(
            tweet_fields=TWEET_FIELDS,
            user_fields=USER_FIELDS if expand_authors else None,
            place_fields=PLACE_FIELDS,
            expansions=EXPANSIONS + (AUTHOR_EXPANSIONS if expand_authors else []),
        )
        if self._exception is not None:
            raise self._exception
        held = time.monotonic() - self._connected_at if self._connected_at is not None else 0.0
        return Ended(
            self._ended.how, held, self._ended.status, self._ended.problem, self._ended.reset_in, self._ended.reason
        )

    def on_connect(self) -> None:
        self._connected_at = time.monotonic()
        self._connected()

    def on_data(self, raw_data: bytes) -> None:
        line = message.look(raw_data)
        if line.problem is not None:
            # X means to close; where it does not, waiting for it would be for ever
            self._ended = Ended("told", reason=line.problem)
            self.disconnect()
            return
        self._take(raw_data, line.id)

    def on_keep_alive(self) -> None:
        pass

    def on_closed(self, response: requests.Response) -> None:
        if self._ended.how != "told":
            self._ended = Ended("closed", reason="X closed the connection")
        self.disconnect()

    def on_connection_error(self) -> None:
        self._ended = Ended("network", reason="refused, reset, or silent for 21 s")
        self.disconnect()

    def on_request_error(self, status_code: int) -> None:
        self.disconnect()

    def on_exception(self, exception: Exception) -> None:
        self._exception = exception

    def on_disconnect(self) -> None:
        pass

    def _on_response(self, response: requests.Response, *args: Any, **kwargs: Any) -> None:
        """tweepy's hooks see neither headers nor bodies; this one sees every answer before its body is read."""
        if response.status_code == 200 or "/rules" in (response.url or ""):
            return
        try:
            problem = orjson.loads(response.content)
        except (orjson.JSONDecodeError, requests.RequestException):
            problem = {}
        reset = response.headers.get("x-rate-limit-reset", "")
        self._ended = Ended(
            "http",
            status=response.status_code,
            problem=problem if isinstance(problem, dict) else {},
            reset_in=max(0.0, int(reset) - time.time()) if reset.isdigit() else None,
            reason=f"HTTP {response.status_code}",
        )
