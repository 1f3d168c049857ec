"""X's bearer token: from the environment on a person's own machine, from Secret Manager in the cloud, at each run anew."""

import re

import requests
from google.api_core.exceptions import GoogleAPIError, RetryError, ServerError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import secretmanager

from .errors import BadMoment, ConfigurationError
from .settings import Settings

_SECONDS = 10.0
_TOKEN = re.compile(r"[A-Za-z0-9%._~+/=-]+")  # RFC 6750's b64token, and the % of X's


def read(settings: Settings) -> str:
    """Return the latest version. Raises BadMoment or ConfigurationError; their texts never contain the token."""
    if settings.x_bearer_token:
        return _checked(settings.x_bearer_token, "X_BEARER_TOKEN")
    name = f"{settings.x_bearer_token_secret}/versions/latest"
    try:
        response = _client(settings.secret_manager_endpoint).access_secret_version(
            name=name, timeout=_SECONDS, retry=None
        )
        token: str = response.payload.data.decode().strip()
    except (requests.RequestException, ServerError, RetryError) as error:
        raise BadMoment(f"Secret Manager did not answer: {type(error).__name__}") from None
    except (GoogleAPIError, GoogleAuthError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The secret {name} cannot be read: {type(error).__name__}. Does it exist, and may this service account read it "
            "(roles/secretmanager.secretAccessor)?"
        ) from None
    return _checked(token, f"The secret {name}")


def _checked(value: str, where: str) -> str:
    """Refuse what is no token: an HTTP library would put it into an error's text, and so into a log."""
    if not _TOKEN.fullmatch(value):
        raise ConfigurationError(
            f"{where} is no bearer token: it is empty, or holds a character that no token has. Copy the App's Bearer Token from X's "
            "developer console once more."
        )
    return value


def _client(endpoint: str) -> secretmanager.SecretManagerServiceClient:
    if endpoint:  # the local emulator: plain HTTP, no credentials
        return secretmanager.SecretManagerServiceClient(
            transport="rest", credentials=AnonymousCredentials(), client_options={"api_endpoint": endpoint}
        )
    return secretmanager.SecretManagerServiceClient(transport="rest")
