"""X's endpoints but for the stream itself: rules, search, counts, usage, connections.

https://docs.x.com/x-api; the token is app-only. tweepy offers some of them, and hides the headers that X's limits are in.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime import log
from runtime.bearer_token import SecretUnavailable, Token
from runtime.errors import ConfigurationError

from ..errors import Unavailable
from ..ports import Clock, Http
from ..timeouts import Timeouts
from .fields import PLACE_FIELDS, USER_FIELDS, TweetFields, expansions
from .rate_limit import ServerClock, retry_after
from .search_endpoints import RECENT, SearchEndpoint
from .tokens import Tokens

_RULES_A_PAGE = 1_000
_PAGES = 10_000  # of one question: more than a week of search has at 100 posts a page and 450 calls in 15 minutes
_STALE = 10  # pages in a row without news: X does send an empty one with more behind it

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer below 500 that is no rate limit: to be looked at by the caller."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)
    remaining: int | None = None  # calls left of X's limit
    reset_in: float = 0.0  # seconds that X asks to wait

    @property
    def error_text(self) -> str:
        """Return X's own words about what is wrong."""
        errors = self.body.get("errors")
        first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
        words = self.body.get("detail") or first.get("message") or first.get("detail") or self.body.get("title")
        return f"{self.status}: {str(words or 'no reason given')[:300]}"


class X:
    """One app's view of X's API. Each method raises Unavailable."""

    def __init__(
        self,
        http: Http,
        tokens: Tokens,
        clock: Clock,
        times: Timeouts,
        server_clock: ServerClock,
        *,
        fields: TweetFields | None = None,
    ) -> None:
        self._http = http
        self._fields = fields or TweetFields()
        self._clock = clock
        self._times = times
        self._server_clock = server_clock
        self._resets: dict[str, float] = {}  # of endpoints that have no call left: when they will, monotonic
        self.tokens = tokens  # renewed here if X refuses one

    async def rules(self) -> Response:
        """Return all rules, in `body['data']`."""
        path, listed = "/2/tweets/search/stream/rules", []
        response = Response(200)
        async for response in self._pages(
            lambda token: self._call("GET", path, {"max_results": _RULES_A_PAGE} | _page("pagination_token", token))
        ):
            listed += _listed(response.body)
        unique = {str(rule.get("id")): rule for rule in listed if isinstance(rule, dict)}
        return Response(response.status, response.body | {"data": list(unique.values())})

    async def add_rules(self, rules: list[dict[str, str]], *, dry_run: bool = False) -> Response:
        """Add rules, each with `value` and `tag`. Rules that X refuses are in `body['errors']`, although the status is 2xx."""
        dry = {"dry_run": "true"} if dry_run else {}
        return await self._call("POST", "/2/tweets/search/stream/rules", dry, {"add": rules})

    async def delete_rules(self, ids: list[str]) -> Response:
        return await self._call("POST", "/2/tweets/search/stream/rules", {}, {"delete": {"ids": ids}})

    async def connections(self) -> Response:
        """Return who holds the stream now, in `body['data']`."""
        return await self._call("GET", "/2/connections", {"status": "active", "endpoints": "filtered_stream"})

    async def clear_connections(self) -> Response:
        """Clear a connection that is gone and that X still counts."""
        return await self._call("DELETE", "/2/connections/filtered_stream", {})

    async def usage(self) -> Response:
        """Return the posts that X has counted for billing: `body['data']['project_usage']`, a string."""
        return await self._call("GET", "/2/usage/tweets", {})

    async def credits(self) -> Response:
        """Return what is left of the account's credits: `body['data']['total_balance']`, in dollars."""
        return await self._call("GET", "/2/usage/credits", {})

    async def posts(self, ids: Sequence[str]) -> Response:
        """Return up to 100 posts in `body['data']`, without authors and what they refer to; those that X does not show are in `errors`."""

        async def fields() -> Object:
            return {"tweet.fields": ",".join(self._fields.names)}

        response = await self._request_with_retry("/2/tweets", {"ids": ",".join(ids)}, fields)
        if response.status == 400 and self._fields.leave_out_refused(response.body):
            return await self.posts(ids)
        return response

    def search(
        self,
        query: str,
        since_id: str,
        until_id: str,
        *,
        authors: bool,
        referenced: bool,
        size: Callable[[], Awaitable[int]],
        endpoint: SearchEndpoint = RECENT,
    ) -> AsyncIterator[Response]:
        """Yield pages of a search, newest first, each of as many posts as `size` says right before it is asked for."""
        parameters: Object = {
            "query": query,
            "since_id": since_id,
            "until_id": until_id,
            "place.fields": ",".join(PLACE_FIELDS),
            "expansions": ",".join(expansions(authors=authors, referenced=referenced)),
        }
        if authors:
            parameters["user.fields"] = ",".join(USER_FIELDS)

        async def with_size() -> Object:
            return {"max_results": await size(), "tweet.fields": ",".join(self._fields.names)}

        async def page(token: str | None) -> Response:
            response = await self._request_with_retry(
                path, parameters | _page("next_token", token), with_size, pause=endpoint.pause
            )
            if response.status == 400 and self._fields.leave_out_refused(response.body):
                return await page(token)
            return response

        path = f"/2/tweets/search/{endpoint.name}"
        return self._pages(page)

    def count(
        self,
        query: str,
        since_id: str,
        until_id: str,
        granularity: str,
        spend: Callable[[], Awaitable[object]],
        *,
        endpoint: SearchEndpoint = RECENT,
    ) -> AsyncIterator[Response]:
        """Yield pages of X's counts for a query, retweets included, by minute, hour or day. X bills each page as a request.

        `spend` is awaited before each.
        """
        parameters = {"query": query, "since_id": since_id, "until_id": until_id, "granularity": granularity}
        path = f"/2/tweets/counts/{endpoint.name}"

        async def spend_first() -> Object:
            await spend()
            return {}

        return self._pages(
            lambda token: self._request_with_retry(
                path, parameters | _page("next_token", token), spend_first, pause=endpoint.pause
            )
        )

    async def _pages(self, ask: Callable[[str | None], Awaitable[Response]]) -> AsyncIterator[Response]:
        """Yield each page. Ends where there is no next one, where one repeats what was (twarc #541), and where nothing new comes."""
        seen: set[str] = set()
        tokens: set[str] = set()
        token, stale = None, 0
        for _ in range(_PAGES):
            response = await ask(token)
            names = {_name(item) for item in _listed(response.body)}
            if response.status == 200 and names and not names - seen:
                return  # a repeated page: its total has been counted already
            yield response
            if response.status != 200:
                return
            meta = response.body.get("meta")
            token = meta.get("next_token") if isinstance(meta, dict) else None
            stale = 0 if names - seen else stale + 1
            if not token:
                return
            if token in tokens or stale > _STALE:
                log.event(
                    "pages_endless", "WARNING", message="X names a next page again and again, and nothing new is on it"
                )
                return
            seen |= names
            tokens.add(token)

    async def _request_with_retry(
        self,
        path: str,
        parameters: Mapping[str, Any],
        prepare: Callable[[], Awaitable[Object]],
        *,
        pause: float = 0.0,
    ) -> Response:
        """Make a call, once X's limit allows another. `pause` is the least time between two of this path, in seconds.

        `prepare` is awaited right before the call, and returns its last parameters.
        """
        wait = self._resets.pop(path, 0.0) - self._clock.monotonic()
        if wait > pause:
            log.event("waiting", seconds=round(wait, 1), why=f"X allows no more calls of {path} until then")
        await asyncio.sleep(max(0.0, wait))
        parameters = {**parameters, **await prepare()}
        if pause:
            self._resets[path] = self._clock.monotonic() + pause * self._times.pace
        response = await self._call("GET", path, parameters)
        if response.remaining == 0:
            self._resets[path] = self._clock.monotonic() + (response.reset_in or self._times.min_retry_after)
        return response

    async def _call(self, method: str, path: str, parameters: Mapping[str, Any], body: Any = None) -> Response:
        """Make one request, and once more where the token was refused and there is another."""
        token = self.tokens.current
        response = await self._ask(method, path, parameters, body, token)
        if response.status == 401 and await self._renewed(token):
            response = await self._ask(method, path, parameters, body, self.tokens.current)
        return response

    async def _renewed(self, refused: Token) -> bool:
        try:
            return await self.tokens.renew(refused)
        except (SecretUnavailable, ConfigurationError) as error:
            log.event("token_unread", "WARNING", message=str(error))
            return False

    async def _ask(self, method: str, path: str, parameters: Mapping[str, Any], body: Any, token: Token) -> Response:
        sent_at = self._clock.monotonic()
        reply = await self._http.call(method, path, parameters, body, token)
        self._server_clock.compare(reply.headers, sent_at)
        wait = retry_after(reply.headers, self._server_clock.now().timestamp())
        if wait is not None:  # X's window is shorter, so a longer wait is a mistake
            wait = min(max(wait, self._times.min_retry_after), self._times.max_retry_after)
        remaining = reply.headers.get("x-rate-limit-remaining", "")
        response = Response(
            reply.status, reply.body or {}, int(remaining) if remaining.isdecimal() else None, wait or 0.0
        )
        limited = reply.status == 429 and response.body.get("title") != "UsageCapExceeded"
        if reply.status >= 500 or limited:
            raise Unavailable(f"{path}: {response.error_text}", wait)
        if reply.status < 300 and reply.body is None:
            raise Unavailable(f"{path}: X's answer is not JSON, or cut off")
        return response


def read_usage(body: Object) -> tuple[int, int] | None:
    """Return X's count of billed posts and the day of a month on which it begins anew; None where X sends something else."""
    data = body.get("data")
    if not isinstance(data, dict):
        return None
    usage, day = (whole_number(data.get(name)) for name in ("project_usage", "cap_reset_day"))
    if usage is None or not 1 <= (day or 1) <= 31:
        return None
    return usage, day or 1


def whole_number(value: Any) -> int | None:
    """Return a whole number of at most 18 digits; X sends numbers as strings now and then."""
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def _page(name: str, token: str | None) -> dict[str, str]:
    return {} if token is None else {name: token}


def _listed(body: Object) -> list[Any]:
    data = body.get("data")
    return data if isinstance(data, list) else []


def _name(item: Any) -> str:
    """Return what tells one entry of a page from another: a post's or rule's id, or the start of a span of counts."""
    return str(item.get("id") or item.get("start")) if isinstance(item, dict) else str(item)
