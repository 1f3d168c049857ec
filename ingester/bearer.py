"""The bearer token: from the environment on a person's own machine, from Secret Manager in the cloud."""

import re
from typing import NamedTuple

from google.api_core.exceptions import GoogleAPIError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import secretmanager

from . import version
from .errors import ConfigurationError
from .settings import Settings

_SECONDS = 10.0
_TOKEN = re.compile(r"[A-Za-z0-9%._~+/=-]+")  # RFC 6750's b64token, and the % of X's


class Token(NamedTuple):
    """`version` names the secret's version, or is a hash of the token: another one says that the token is another."""

    value: str
    version: str

    def __repr__(self) -> str:
        return f"Token(version={self.version!r})"


def read(settings: Settings) -> Token:
    """The latest version, read at each call, so that a rotated secret needs no new deployment. Raises ConfigurationError."""
    if settings.x_bearer_token:
        return _checked(settings.x_bearer_token, "X_BEARER_TOKEN", version.of(["version", settings.x_bearer_token]))
    name = f"{settings.x_bearer_token_secret}/versions/latest"
    try:
        response = _client(settings.secret_manager_endpoint).access_secret_version(
            name=name, timeout=_SECONDS, retry=None
        )
        token: str = response.payload.data.decode().strip()
    except (GoogleAPIError, GoogleAuthError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The secret {name} cannot be read: {type(error).__name__}. Does it exist, and may this service account read it "
            "(roles/secretmanager.secretAccessor)?"
        ) from None
    if not token:
        raise ConfigurationError(f"The secret {name} is empty. Add a version that holds X's bearer token.")
    return _checked(token, f"The secret {name}", response.name.rpartition("/")[2] or "latest")


def _checked(value: str, where: str, named: str) -> Token:
    """Anything but a token would end up in an error's text, and so in a log."""
    if not _TOKEN.fullmatch(value):
        raise ConfigurationError(
            f"{where} is no bearer token: it holds a space, a line break or another character that no token has. Was more than "
            "the token copied, or a quote with it? Copy the App's Bearer Token from X's developer console once more."
        )
    return Token(value, named)


def _client(endpoint: str) -> secretmanager.SecretManagerServiceClient:
    if endpoint:  # the local stand-in: plain HTTP, no credentials
        return secretmanager.SecretManagerServiceClient(
            transport="rest", credentials=AnonymousCredentials(), client_options={"api_endpoint": endpoint}
        )
    return secretmanager.SecretManagerServiceClient(transport="rest")
