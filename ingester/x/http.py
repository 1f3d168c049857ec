"""Requests to X's API, but for the stream."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests

from runtime.bearer_token import Token
from runtime.http import Bearer, RequestSocket, prepare

from ..errors import Unavailable
from ..ports import Reply
from ..threads import in_thread

_READ_SECONDS = (5.0, 20.0)  # connect, and each read
_SECONDS = 25.0  # a whole request
_SLACK = 5.0  # for a lookup of the name, which nothing can shut down


def lowercase_names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def redirect_host(url: str, location: str) -> str:
    """Return the host that a redirect leads to, for a message; X's API makes no redirects."""
    return urlsplit(location).netloc or urlsplit(url).netloc


class Http:
    """One session, used by threads."""

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
        sent = RequestSocket()
        try:
            with sent.within(_SECONDS):
                response = self._session.request(
                    method,
                    f"{self._url}{path}",
                    params=dict(parameters),
                    data=data,
                    headers=headers,
                    timeout=_READ_SECONDS,
                    auth=Bearer(token.value),
                    allow_redirects=False,
                )
                content = response.content
        except requests.exceptions.InvalidHeader:
            raise Unavailable(f"{path}: the token cannot be sent") from None  # the error's text would hold the token
        except (requests.RequestException, ValueError) as error:
            if sent.is_shut_down:
                raise Unavailable(f"{path}: there was no whole answer within {_SECONDS:.0f} s") from None
            raise Unavailable(f"{path}: {type(error).__name__}: {error}"[:300]) from None
        if 300 <= response.status_code < 400:
            host = redirect_host(self._url, response.headers.get("Location", ""))
            raise Unavailable(
                f"{path}: the answer is a redirect to {host} ({response.status_code}), and X makes none. Is X_API_URL right?"
            )
        try:
            value = orjson.loads(content or b"{}")
        except orjson.JSONDecodeError:
            value = None
        return Reply(
            response.status_code, lowercase_names(response.headers), value if isinstance(value, dict) else None
        )
