"""Reads X's bearer token from where it is. Blocks; raises what bearer_token.py names."""

import requests
from google.api_core.exceptions import GoogleAPIError, RetryError, ServerError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import secretmanager

from .bearer_token import SecretSource, SecretUnavailable, Token, from_environment, require_token
from .errors import ConfigurationError

SECONDS = 10.0  # for an answer


def read(where: SecretSource) -> Token:
    """Return the latest version, so that a rotated secret needs no new deployment.

    Blocks for ten seconds at the most, but for the look-up of a name. Raises SecretUnavailable and ConfigurationError; their texts never
    hold the token.
    """
    if where.token:
        return from_environment(where)
    name = f"{where.secret}/versions/latest"
    try:
        response = _client(where.endpoint).access_secret_version(name=name, timeout=SECONDS, retry=None)
        value: str = response.payload.data.decode().strip()
    except (requests.RequestException, RetryError, ServerError) as error:
        raise SecretUnavailable(
            f"Secret Manager did not answer for {name}: {type(error).__name__}. Is it reachable from here?"
        ) from None
    except (GoogleAPIError, GoogleAuthError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The secret {name} cannot be read: {type(error).__name__}. Does it exist, and may this service account read it "
            "(roles/secretmanager.secretAccessor)?"
        ) from None
    return Token(require_token(value, f"The secret {name}"), response.name.rpartition("/")[2] or "latest")


def _client(endpoint: str) -> secretmanager.SecretManagerServiceClient:
    if endpoint:  # the local emulator: plain HTTP, no credentials
        return secretmanager.SecretManagerServiceClient(
            transport="rest", credentials=AnonymousCredentials(), client_options={"api_endpoint": endpoint}
        )
    return secretmanager.SecretManagerServiceClient(transport="rest")
