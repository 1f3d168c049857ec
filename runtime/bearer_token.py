"""X's bearer token, and where it is: in the environment on a person's own machine, in Secret Manager in the cloud. Pure."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .errors import ConfigurationError

_TOKEN = re.compile(r"[A-Za-z0-9%._~+/=-]+")  # RFC 6750's b64token, and the % of X's


class Token(NamedTuple):
    """X's bearer token. `version` names the secret's version, or is a hash of the token: it differs when the token does."""

    value: str
    version: str

    def __repr__(self) -> str:
        return f"Token(version={self.version!r})"


class SecretUnavailable(Exception):
    """Secret Manager did not give the token; it may later."""


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where the token is: the token itself (X_BEARER_TOKEN), or the name of its secret (X_BEARER_TOKEN_SECRET)."""

    token: str = field(repr=False, default="")
    secret: str = ""
    endpoint: str = ""  # SECRET_MANAGER_ENDPOINT, of a local emulator

    def __bool__(self) -> bool:
        return bool(self.token or self.secret)


def source(environ: Mapping[str, str], *, required: bool) -> SecretSource:
    """Read where the token is. Raises ConfigurationError if it is required and nowhere."""
    where = SecretSource(
        environ.get("X_BEARER_TOKEN", "").strip(),
        environ.get("X_BEARER_TOKEN_SECRET", "").strip(),
        environ.get("SECRET_MANAGER_ENDPOINT", ""),
    )
    if required and not where:
        raise ConfigurationError(
            "There is no bearer token for X. Set X_BEARER_TOKEN_SECRET to a secret's name (projects/P/secrets/x-bearer-token), "
            "or X_BEARER_TOKEN to the token itself for a run on your own machine."
        )
    return where


def require_token(value: str, where: str) -> str:
    """Refuse what is no token: an HTTP library would put it into an error's text, and so into a log."""
    if not value:
        raise ConfigurationError(f"{where} is empty. Add X's bearer token: of a secret, a version that holds it.")
    if not _TOKEN.fullmatch(value):
        raise ConfigurationError(
            f"{where} is no bearer token: it holds a space, a line break or another character that no token has. Was more than "
            "the token copied, or a quote with it? Copy the App's Bearer Token from X's developer console once more."
        )
    return value


def from_environment(where: SecretSource) -> Token:
    """Return the token that the environment holds. Raises ConfigurationError."""
    value = require_token(where.token, "X_BEARER_TOKEN")
    return Token(value, hashlib.sha256(f"version\0{value}".encode()).hexdigest()[:12])
