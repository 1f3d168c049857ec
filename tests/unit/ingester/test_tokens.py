"""X's bearer token: its version, and what cannot be one."""

import asyncio
from dataclasses import dataclass, field

import pytest

from ingester import settings
from ingester.x import tokens
from runtime.bearer_token import SecretUnavailable, Token
from runtime.errors import ConfigurationError


@pytest.mark.parametrize("value", ["key\ntoken", "it’s", "two words", '"quoted"', "токен"])
def test_what_cannot_be_a_token_is_refused_before_it_gets_into_an_error_of_anybodys(value: str) -> None:
    environment = settings.read({"GOOGLE_CLOUD_PROJECT": "p", "X_BEARER_TOKEN": value})
    with pytest.raises(ConfigurationError) as error:
        asyncio.run(tokens.Secret(environment.secret).read())
    assert value not in str(error.value)
    assert "X_BEARER_TOKEN is no bearer token" in str(error.value)


def test_another_token_has_another_version_which_does_not_give_it_away() -> None:
    first, second = (
        asyncio.run(tokens.Secret(settings.read({"GOOGLE_CLOUD_PROJECT": "p", "X_BEARER_TOKEN": one}).secret).read())
        for one in ("AAAA%3D", "AAAB%3D")
    )
    assert first.version != second.version
    assert "AAAA" not in first.version + repr(first)


OLD, NEW = Token("old", "1"), Token("new", "2")


@dataclass
class Vault:
    """Returns `holds`, or is out of reach while that is None."""

    holds: Token | None
    reads: list[Token | None] = field(default_factory=list)

    async def read(self) -> Token:
        self.reads.append(self.holds)
        await asyncio.sleep(0)
        if self.holds is None:
            raise SecretUnavailable("out of reach")
        return self.holds


def test_a_refusal_that_is_older_than_the_token_in_use_costs_no_look_at_the_secret() -> None:
    """The backfill renewed the token while the stream's own refusal was on its way, which is no reason to stop."""

    async def both() -> tuple[bool, bool]:
        used = tokens.Tokens(vault, OLD)
        first, second = await asyncio.gather(used.renew(OLD), used.renew(OLD))
        assert used.current == NEW
        return first, second

    vault = Vault(NEW)
    assert asyncio.run(both()) == (True, True)
    assert vault.reads == [NEW]


def test_the_same_token_again_is_no_renewal() -> None:
    assert asyncio.run(tokens.Tokens(Vault(OLD), OLD).renew(OLD)) is False


def test_a_secret_that_is_out_of_reach_is_no_answer() -> None:
    with pytest.raises(SecretUnavailable):
        asyncio.run(tokens.Tokens(Vault(None), OLD).renew(OLD))
