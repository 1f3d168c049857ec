"""HTTP to X: one kind of session for the stream and for every other call.

The token is an auth object, because requests replaces a header with a password from .netrc. Proxies are chosen by the real host, which
tweepy does not know. Redirects are not followed: X's API makes none, and one to another host could take the token along.
"""

import os
import time
from email.utils import parsedate_to_datetime

import requests
from requests.auth import AuthBase
from requests.utils import get_environ_proxies

AGENT = "twitter-data-stream"


class Bearer(AuthBase):
    """Sets X's bearer token on each request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def prepare(session: requests.Session, token: str, url: str) -> requests.Session:
    """Set a session up for the API at `url`, and return it."""
    session.auth = Bearer(token)
    session.trust_env = False  # no .netrc; what else requests takes from the environment follows
    session.proxies = dict(get_environ_proxies(url))
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.max_redirects = 0
    session.headers["User-Agent"] = AGENT
    return session


def seconds_until(moment: int, answer: requests.Response) -> float:
    """Return the seconds until a time that X names in an answer, by that answer's own Date: this machine's clock may be wrong."""
    try:
        now = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        now = time.time()
    return max(0.0, moment - now)
