"""X's endpoints but for the stream itself: rules, search, counts, usage, connections. Each call has a deadline of ours.

https://docs.x.com/x-api; the token is app-only. tweepy offers some of them, and hides the headers that X's limits are in.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import requests

from . import log
from .fields import PLACE_FIELDS, TWEET_FIELDS, USER_FIELDS, expansions
from .sessions import Bearer, prepare, seconds_until

_CALL_SECONDS = (5.0, 20.0)  # connect, read
_RULES_A_PAGE = 1_000


class Unavailable(Exception):
    """X did not answer as it should; it may later. `reset_in` is in seconds, where X said when."""

    def __init__(self, text: str, reset_in: float | None = None) -> None:
        super().__init__(text)
        self.reset_in = reset_in


class Denied(Unavailable):
    """X refuses because of the token, the credits or a cap: not because of what was asked."""

    def __init__(self, said: str, status: int) -> None:
        super().__init__(said)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer below 500 that is no rate limit: to be looked at by the caller."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)
    remaining: int | None = None  # calls left of X's limit
    reset_in: float = 0.0  # seconds

    @property
    def said(self) -> str:
        """X's own words about what is wrong."""
        errors = self.body.get("errors")
        first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
        words = self.body.get("detail") or first.get("message") or first.get("detail") or self.body.get("title")
        return f"{self.status}: {str(words or 'no reason given')[:300]}"


class X:
    """One app's view of X's API. Each method raises Unavailable."""

    def __init__(self, token: str, url: str) -> None:
        self._url = url
        self._resets: dict[str, float] = {}  # of endpoints that have no call left: when they will
        self._session = prepare(requests.Session(), token, url)

    def renew(self, token: str) -> None:
        """Use another token from now on."""
        self._session.auth = Bearer(token)

    def rules(self) -> Answer:
        """All rules, in `body['data']`."""
        found: list[dict[str, str]] = []
        parameters: dict[str, Any] = {"max_results": _RULES_A_PAGE}
        while True:
            answer = self._call("GET", "/2/tweets/search/stream/rules", parameters)
            found += answer.body.get("data") or []
            following = (answer.body.get("meta") or {}).get("next_token")
            if answer.status != 200 or not following:
                return Answer(answer.status, answer.body | {"data": found})
            parameters["pagination_token"] = following

    def add_rules(self, rules: list[dict[str, str]], *, dry_run: bool = False) -> Answer:
        """`rules` have value and tag. What X refuses is in `body['errors']`, with a status of 2xx."""
        return self._call("POST", "/2/tweets/search/stream/rules", _dry(dry_run), {"add": rules})

    def delete_rules(self, ids: list[str]) -> Answer:
        return self._call("POST", "/2/tweets/search/stream/rules", {}, {"delete": {"ids": ids}})

    def connections(self) -> Answer:
        """Who holds the stream now, in `body['data']`."""
        return self._call("GET", "/2/connections", {"status": "active", "endpoints": "filtered_stream"})

    def clear_connections(self) -> Answer:
        """Throw out whoever holds the stream: a connection that is gone and still counted."""
        return self._call("DELETE", "/2/connections/filtered_stream", {})

    def usage(self) -> Answer:
        """Posts that X has counted for billing: `body['data']['project_usage']`, a string."""
        return self._call("GET", "/2/usage/tweets", {})

    def search(
        self, query: str, since_id: str, until_id: str, *, authors: bool, referenced: bool, size: Callable[[], int]
    ) -> Iterator[Answer]:
        """Pages of recent search, newest first, each of as many posts as `size` says then; stops where one repeats what was."""
        parameters: dict[str, Any] = {
            "query": query,
            "since_id": since_id,
            "until_id": until_id,
            "tweet.fields": ",".join(TWEET_FIELDS),
            "place.fields": ",".join(PLACE_FIELDS),
            "expansions": ",".join(expansions(authors=authors, referenced=referenced)),
        }
        if authors:
            parameters["user.fields"] = ",".join(USER_FIELDS)
        seen: set[str] = set()
        while True:
            answer = self._patiently("/2/tweets/search/recent", parameters | {"max_results": size()})
            yield answer
            ids = {str(post.get("id")) for post in answer.body.get("data") or []}
            following = (answer.body.get("meta") or {}).get("next_token")
            # a page may be empty, with more behind it; one that repeats itself would go on for ever (twarc #541)
            if answer.status != 200 or not following or following in seen or (ids and not ids - seen):
                return
            seen |= ids | {following}
            parameters["next_token"] = following

    def count(self, query: str, since_id: str, until_id: str, granularity: str) -> Iterator[Answer]:
        """Yield pages of X's counts for a query, retweets included, by minute or hour. X bills each page as a request."""
        parameters: dict[str, Any] = {
            "query": query,
            "since_id": since_id,
            "until_id": until_id,
            "granularity": granularity,
        }
        while True:
            answer = self._patiently("/2/tweets/counts/recent", parameters)
            yield answer
            following = (answer.body.get("meta") or {}).get("next_token")
            if answer.status != 200 or not following:
                return
            parameters["next_token"] = following

    def _patiently(self, path: str, parameters: dict[str, Any]) -> Answer:
        """For whoever can wait until X's limit allows another call."""
        wait = self._resets.pop(path, 0.0) - time.time()
        if wait > 0:
            log.event("waiting", seconds=round(wait, 1), why=f"X allows no more calls of {path} until then")
            time.sleep(wait)
        answer = self._call("GET", path, parameters)
        if answer.remaining == 0:
            self._resets[path] = time.time() + answer.reset_in + 1.0
        return answer

    def _call(self, method: str, path: str, parameters: dict[str, Any], body: Any = None) -> Answer:
        data = orjson.dumps(body) if body is not None else None
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            response = self._session.request(
                method, f"{self._url}{path}", params=parameters, data=data, headers=headers, timeout=_CALL_SECONDS,
                allow_redirects=False,
            )  # fmt: skip
            content = response.content
        except requests.exceptions.InvalidHeader:
            raise Unavailable(f"{path}: the token cannot be sent") from None  # the error's text would hold the token
        except requests.RequestException as error:
            raise Unavailable(f"{path}: {type(error).__name__}: {error}"[:300]) from None
        reset = response.headers.get("x-rate-limit-reset", "")
        remaining = response.headers.get("x-rate-limit-remaining", "")
        reset_in = seconds_until(int(reset), response) if reset.isdigit() else 0.0
        try:
            found = orjson.loads(content or b"{}")
        except orjson.JSONDecodeError:
            found = None
        answer = Answer(
            response.status_code,
            found if isinstance(found, dict) else {},
            int(remaining) if remaining.isdigit() else None,
            reset_in,
        )
        if 300 <= response.status_code < 400:
            raise Unavailable(
                f"{path}: the answer is a redirect ({response.status_code}), and X makes none. Is X_API_URL right?"
            )
        title = answer.body.get("title")
        if response.status_code >= 500 or (response.status_code == 429 and title != "UsageCapExceeded"):
            limited = response.status_code == 429 or answer.remaining == 0  # only then the reset is to be waited for
            raise Unavailable(f"{path}: {answer.said}", (reset_in or None) if limited else None)
        if response.status_code < 300 and not isinstance(found, dict):
            raise Unavailable(f"{path}: X's answer is not JSON, or cut off")
        return answer


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dry_run": "true"} if dry_run else {}
