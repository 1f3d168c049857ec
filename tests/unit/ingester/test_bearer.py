"""X's bearer token: what cannot be one, and its version."""

import pytest

from ingester import bearer, settings
from ingester.errors import ConfigurationError


@pytest.mark.parametrize("value", ["key\ntoken", "it’s", "two words", '"quoted"', "токен"])
def test_what_cannot_be_a_token_is_refused_before_it_gets_into_an_error_of_anybodys(value: str) -> None:
    environment = settings.read({"GOOGLE_CLOUD_PROJECT": "p", "X_BEARER_TOKEN": value})
    with pytest.raises(ConfigurationError) as error:
        bearer.read(environment)
    assert value not in str(error.value)
    assert "X_BEARER_TOKEN is no bearer token" in str(error.value)


def test_another_token_has_another_version_which_does_not_give_it_away() -> None:
    first, second = (
        bearer.read(settings.read({"GOOGLE_CLOUD_PROJECT": "p", "X_BEARER_TOKEN": one}))
        for one in ("AAAA%3D", "AAAB%3D")
    )
    assert first.version != second.version
    assert "AAAA" not in first.version + repr(first)
