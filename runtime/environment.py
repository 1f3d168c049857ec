"""Reads one setting each from the environment. Each function raises ConfigurationError, which names the variable and what to set."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from .errors import ConfigurationError

Environment = Mapping[str, str]
_AGE = re.compile(r"([1-9][0-9]{0,3})([hd])")
_AGE_UNITS = {"h": "hours", "d": "days"}


def project(environ: Environment) -> str:
    """Return Google Cloud's project, to which everything else belongs."""
    value = environ.get("GOOGLE_CLOUD_PROJECT", "")
    if not value:
        raise ConfigurationError(
            "GOOGLE_CLOUD_PROJECT is not set, so neither tables nor topics can be named. Set it to your Google Cloud project's id."
        )
    return value


def dataset(environ: Environment) -> str:
    """Return the dataset that holds the tables."""
    return environ.get("BIGQUERY_DATASET") or "twitter"


def boolean(environ: Environment, name: str, *, default: bool) -> bool:
    value = environ.get(name, "").strip().lower()
    if value in ("", "true", "false"):
        return value == "true" if value else default
    raise ConfigurationError(
        f"{name} is '{value}', and only true or false can be meant. Set {name}=true or {name}=false."
    )


def choice(environ: Environment, name: str, choices: Sequence[str]) -> str:
    """Return one of the choices, the first where the variable is empty."""
    value = environ.get(name, "").strip().lower() or choices[0]
    if value in choices:
        return value
    raise ConfigurationError(f"{name} is '{environ[name]}', but it must be one of {', '.join(choices)}.")


def count(environ: Environment, name: str, default: int) -> int:
    """Return a number of posts; separators between thousands may stand in it."""
    value = environ.get(name, "").strip().replace("_", "").replace(",", "")
    if not value:
        return default
    if value.isascii() and value.isdigit():
        return int(value)
    raise ConfigurationError(f"{name} is '{value}', but it must be a number of posts. 0 means no limit.")


def ages(environ: Environment, name: str) -> tuple[timedelta, ...]:
    """Return ages such as 1d,7d or 36h, the youngest first; none where the variable is empty."""
    parts = [part.strip() for part in environ.get(name, "").split(",") if part.strip()]
    matches = [_AGE.fullmatch(part) for part in parts]
    if not all(matches):
        raise ConfigurationError(
            f"{name} is '{environ[name]}', but it must be ages such as 1d,7d or 36h. Leave it empty for none."
        )
    return tuple(sorted({timedelta(**{_AGE_UNITS[match[2]]: int(match[1])}) for match in matches if match}))


def share(environ: Environment, name: str) -> float:
    """Return a part of a whole: above 0, and at most 1, which is the default."""
    value = environ.get(name, "").strip() or "1"
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1:
        raise ConfigurationError(f"{name} is '{value}', but it must be above 0 and at most 1. 0.1 is a tenth.")
    return number


def x_api_url(environ: Environment) -> str:
    """Return the address of X's API, without a slash at its end."""
    url = (environ.get("X_API_URL") or "https://api.x.com").rstrip("/")
    if not is_safe(url):
        raise ConfigurationError(
            f"X_API_URL is '{url}', which would send the token unencrypted. Set it to https://api.x.com."
        )
    return url


def is_safe(url: str) -> bool:
    """Return whether requests to the address are encrypted or stay on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1") and "@" not in parts.netloc
    )
