"""The token in use, and where another one is looked for."""

import asyncio
from typing import Protocol

from runtime import bearer_token, log, secret
from runtime.bearer_token import SecretSource, SecretUnavailable, Token

from ..threads import in_thread


class TokenSource(Protocol):
    async def read(self) -> Token:
        """Return the latest version. Raises SecretUnavailable, ConfigurationError."""


class Secret:
    """Where the token is: the environment, or Secret Manager."""

    def __init__(self, source: SecretSource) -> None:
        self._source = source

    async def read(self) -> Token:
        """Return the latest version. Raises SecretUnavailable, ConfigurationError."""
        if self._source.token:
            return bearer_token.from_environment(self._source)
        try:
            return await in_thread(secret.read, self._source, seconds=2 * secret.SECONDS)
        except TimeoutError:
            raise SecretUnavailable("Secret Manager did not answer in time. Is it reachable from here?") from None


class Tokens:
    """The token in use. Whoever is refused asks here for another one; several at once cause one look at the secret."""

    def __init__(self, source: TokenSource, token: Token) -> None:
        self._source = source
        self._lock = asyncio.Lock()
        self.current = token

    async def renew(self, refused: Token) -> bool:
        """Return whether there is another token than the one that X refused. Raises SecretUnavailable, ConfigurationError."""
        async with self._lock:
            if self.current != refused:
                return True  # another caller has renewed it: the refused token was an older one
            fresh = await self._source.read()
            if fresh.value == refused.value:
                return False
            log.event("token_renewed", message=f"The token was rotated: version {fresh.version} is used from now on")
            self.current = fresh
            return True
