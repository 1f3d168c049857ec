"""HTTP to X and to the storage that it names: no password from .netrc, proxies by the real host, no redirects.

requests replaces a token with a password from .netrc unless an auth object sets it; a signed address needs neither.
"""

import os
import tomllib
from pathlib import Path

import requests
from requests.auth import AuthBase
from requests.utils import get_environ_proxies


def _version() -> str:
    """Return the version, which deploy.sh writes beside the code that it uploads, and pyproject.toml has in a checkout."""
    uploaded = Path(__file__).with_name("VERSION")
    if uploaded.exists():
        return uploaded.read_text(encoding="utf-8").strip()
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(project)["project"]["version"])


AGENT = f"twitter-data-stream/{_version()}"


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
