"""HTTP to X and to the storage that it names: no password from .netrc, proxies by the real host, no redirects.

requests replaces a token with a password from .netrc unless an auth object sets it; a signed address needs neither.
"""

import os

import requests
from requests.auth import AuthBase
from requests.utils import get_environ_proxies

AGENT = "twitter-data-stream/0.1.0"  # a test holds it to the file VERSION


class Bearer(AuthBase):
    """Sets X's bearer token on a request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def session() -> requests.Session:
    """Return a session that takes nothing from the environment but certificates; pass `proxies(url)` with each request."""
    made = requests.Session()
    made.trust_env = False
    made.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    made.max_redirects = 0
    made.headers["User-Agent"] = AGENT
    return made


def proxies(url: str) -> dict[str, str]:
    return dict(get_environ_proxies(url))
