"""X's batch compliance: a job is created, takes ids one a line, and some time later says which of them may not be kept.

https://docs.x.com/x-api/compliance/batch-compliance: one job at a time; the upload's address is good for 15 minutes, the
download's for a week. Both are signed, so neither is ever written down: no text of an error here holds an address.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson
import requests

from posts.limits import parse_json
from runtime import secret
from runtime.bearer_token import SecretSource, SecretUnavailable
from runtime.environment import is_safe
from runtime.errors import ConfigurationError
from runtime.http import Bearer, RequestSocket, prepare, proxies

from .errors import BadMoment

_CALL_SECONDS = (5.0, 20.0)  # connect, read
_FILE_SECONDS = (5.0, 60.0)
_WHOLE_CALL = 25.0  # seconds
_WHOLE_FILE = 300.0  # the function has 540
_UPLOAD_WAITS = (1.0, 4.0)  # seconds
_JOB_IS_RUNNING = re.compile(r"at a time|already|running|concurrent|in progress", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Job:
    """As X describes it; `status` is created, in_progress, complete, failed or expired."""

    id: str
    status: str
    name: str
    upload_url: str = field(repr=False)
    download_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ComplianceResult:
    """One post that may not be kept as it is: `scrub_geo` takes its location, any other reason the post."""

    id: str
    reason: str


class Running(BadMoment):
    """X already has a job and refuses a second one."""


class X:
    """Each method raises BadMoment, or ConfigurationError where waiting does not help."""

    def __init__(self, token: Callable[[], str], url: str, upload_waits: Sequence[float] = _UPLOAD_WAITS) -> None:
        """`token` is called at the first request, so commands that need no X work without one."""
        self._upload_waits = upload_waits
        self._token = cache(token)
        self._url = url
        self._session = prepare(requests.Session())

    def create(self, name: str) -> Job:
        """Create a job. Raises Running too, if X already has one."""
        _, body = self._call("POST", "/2/compliance/jobs", {"type": "tweets", "name": name, "resumable": False})
        return _job(body.get("data"))

    def job(self, job_id: str) -> Job | None:
        """Return a job; None if X no longer knows it."""
        status, body = self._call("GET", f"/2/compliance/jobs/{job_id}")
        return None if status == 404 else _job(body.get("data"))

    def jobs(self) -> list[Job]:
        _, body = self._call("GET", "/2/compliance/jobs?type=tweets")
        return [_job(item) for item in body.get("data") or []]

    def upload(self, job: Job, ids: list[str]) -> None:
        data = "\n".join(ids).encode()
        for wait in (
            *self._upload_waits,
            None,
        ):  # the address is good for 15 minutes, and the next run comes after that
            try:
                with RequestSocket().within(_WHOLE_FILE):
                    response = self._session.put(
                        _require_https(job.upload_url),
                        data=data,
                        headers={"Content-Type": "text/plain"},
                        timeout=_FILE_SECONDS,
                        proxies=proxies(job.upload_url),
                        allow_redirects=False,
                    )
                why = f"HTTP {response.status_code}"
                if response.status_code < 300:
                    return
            except requests.RequestException as error:
                why = type(error).__name__
            if wait is None:
                raise BadMoment(f"The ids of job {job.id} could not be uploaded: {why}")
            time.sleep(wait)

    def results(self, job: Job) -> Iterator[ComplianceResult]:
        """Yield the posts of a job that may not be kept."""
        try:
            address = _require_https(job.download_url)
            with (
                RequestSocket().within(_WHOLE_FILE),
                self._session.get(
                    address, stream=True, timeout=_FILE_SECONDS, proxies=proxies(address), allow_redirects=False
                ) as response,
            ):
                if response.status_code >= 300:
                    raise BadMoment(f"The answers of job {job.id} could not be read: HTTP {response.status_code}")
                for line in response.iter_lines(chunk_size=65_536):
                    if line.strip():
                        yield _read_result(line, job.id)
        except requests.RequestException as error:
            raise BadMoment(f"The answers of job {job.id} could not be read: {type(error).__name__}") from None

    def _call(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        try:
            with RequestSocket().within(_WHOLE_CALL):
                response = self._session.request(
                    method,
                    f"{self._url}{path}",
                    json=body,
                    auth=Bearer(self._token()),
                    timeout=_CALL_SECONDS,
                    proxies=proxies(self._url),
                    allow_redirects=False,
                )
            value = orjson.loads(response.content or b"{}")
        except requests.RequestException as error:
            raise BadMoment(f"X did not answer: {type(error).__name__}") from None
        except orjson.JSONDecodeError:
            raise BadMoment(f"X's answer is not JSON, or cut off (HTTP {response.status_code})") from None
        reply = value if isinstance(value, dict) else {}
        status = response.status_code
        if status >= 500 or status == 429 or 300 <= status < 400:
            raise BadMoment(f"X did not answer as it should: {status}: {_error_text(reply)}")
        if method == "POST" and 400 <= status < 500 and _JOB_IS_RUNNING.search(_error_text(reply)):
            raise Running(f"X takes no new compliance job now: {_error_text(reply)}")
        if status >= 400 and status != 404:
            raise ConfigurationError(
                f"X refuses to say what was deleted: {status}: {_error_text(reply)}. Is the token right (401), are there credits "
                "(402), and does this app's plan have batch compliance (403)? X's developer console shows all three."
            )
        return status, reply


def read_token(source: SecretSource) -> str:
    """Return the token as it is now. Raises BadMoment, ConfigurationError."""
    try:
        return secret.read(source).value
    except SecretUnavailable as error:
        raise BadMoment(str(error)) from None


def _job(data: Any) -> Job:
    if not isinstance(data, dict) or not data.get("id"):
        raise BadMoment("X's answer names no compliance job")
    return Job(
        str(data["id"]),
        str(data.get("status", "")),
        str(data.get("name", "")),
        str(data.get("upload_url", "")),
        str(data.get("download_url", "")),
    )


def _read_result(line: bytes, job_id: str) -> ComplianceResult:
    """Read one line of an answer. Raises for an unreadable one, because it may name a post that must go."""
    try:
        value = parse_json(line)
        return ComplianceResult(str(value["id"]), str(value.get("reason") or value.get("action") or "deleted"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadMoment(f"The answers of job {job_id} hold a line that is no answer, or were cut off") from None


def _require_https(url: str) -> str:
    """Refuse addresses that would send ids unencrypted."""
    if not is_safe(url):
        raise BadMoment("X names an address that is not encrypted, or none")
    return url


def _error_text(body: dict[str, Any]) -> str:
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    words = body.get("detail") or first.get("message") or first.get("detail") or body.get("title")
    return str(words or "no reason given")[:300]
