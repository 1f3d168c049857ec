"""The bearer token: from the environment on a person's own machine, from Secret Manager in the cloud."""

import asyncio
import re

import requests
from google.api_core.exceptions import GoogleAPIError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import secretmanager

from .. import log, version
from ..errors import ConfigurationError, SecretAway
from ..ports import Secret as AnySecret
from ..ports import Token
from ..settings import Settings
from ..threads import in_thread

_SECONDS = 10.0
_TOKEN = re.compile(r"[A-Za-z0-9%._~+/=-]+")  # RFC 6750's b64token, and the % of X's


class Secret:
    """Where the token is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def read(self) -> Token:
        """Return the latest version, so that a rotated secret needs no new deployment. Raises SecretAway, ConfigurationError."""
        settings = self._settings
        if settings.x_bearer_token:
            return _checked(settings.x_bearer_token, "X_BEARER_TOKEN", version.of(["version", settings.x_bearer_token]))
        name = f"{settings.x_bearer_token_secret}/versions/latest"
        try:
            value, named = await in_thread(_access, settings.secret_manager_endpoint, name, seconds=2 * _SECONDS)
        except (GoogleAPIError, GoogleAuthError, requests.RequestException, TimeoutError, UnicodeDecodeError) as error:
            raise SecretAway(
                f"The secret {name} cannot be read: {type(error).__name__}. Does it exist, may this service account read it "
                "(roles/secretmanager.secretAccessor), and does Secret Manager answer?"
            ) from None
        if not value:
            raise ConfigurationError(f"The secret {name} is empty. Add a version that holds X's bearer token.")
        return _checked(value, f"The secret {name}", named)


class Tokens:
    """The token in use. Whoever is refused asks here for another one; several at once cause one look at the secret."""

    def __init__(self, secret: AnySecret, token: Token) -> None:
        self._secret = secret
        self._lock = asyncio.Lock()
        self.current = token

    async def renew(self, refused: Token) -> bool:
        """Return whether there is another token than the one that X refused. Raises SecretAway, ConfigurationError."""
        async with self._lock:
            if self.current != refused:
                return True  # another caller has renewed it: the refused token was an older one
            fresh = await self._secret.read()
            if fresh.value == refused.value:
                return False
            log.event("token_renewed", message=f"The token was rotated: version {fresh.version} is used from now on")
            self.current = fresh
            return True


def _access(endpoint: str, name: str) -> tuple[str, str]:
    response = _client(endpoint).access_secret_version(name=name, timeout=_SECONDS, retry=None)
    return response.payload.data.decode().strip(), response.name.rpartition("/")[2] or "latest"


def _checked(value: str, where: str, named: str) -> Token:
    """Refuse what is no token: an HTTP library would put it into an error's text, and so into a log."""
    if not _TOKEN.fullmatch(value):
        raise ConfigurationError(
            f"{where} is no bearer token: it holds a space, a line break or another character that no token has. Was more than "
            "the token copied, or a quote with it? Copy the App's Bearer Token from X's developer console once more."
        )
    return Token(value, named)


def _client(endpoint: str) -> secretmanager.SecretManagerServiceClient:
    if endpoint:  # the local emulator: plain HTTP, no credentials
        return secretmanager.SecretManagerServiceClient(
            transport="rest", credentials=AnonymousCredentials(), client_options={"api_endpoint": endpoint}
        )
    return secretmanager.SecretManagerServiceClient(transport="rest")
