"""The environment: defaults, and mistakes in it."""

import pytest

from ingester import settings
from runtime.errors import ConfigurationError

ENVIRONMENT = {"GOOGLE_CLOUD_PROJECT": "p", "X_BEARER_TOKEN": "t"}


def test_the_defaults() -> None:
    read = settings.read(ENVIRONMENT)
    assert (read.topic_path, read.dead_topic_path) == ("projects/p/topics/tweets", "projects/p/topics/tweets-dead")
    assert (read.x_api_url, read.expand_authors) == ("https://api.x.com", True)
    assert "'t'" not in repr(read)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"GOOGLE_CLOUD_PROJECT": ""}, "GOOGLE_CLOUD_PROJECT is not set"),
        ({"X_BEARER_TOKEN": " "}, "There is no bearer token"),
        ({"X_API_URL": "http://example.com"}, "would send the token unencrypted"),
        ({"EXPAND_AUTHORS": "no"}, "EXPAND_AUTHORS is 'no'"),
    ],
)
def test_a_bad_environment_names_the_variable(change: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        settings.read(ENVIRONMENT | change)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1.evil.com", "http://localhost@evil.com", "http://api.x.com", "ftp://api.x.com", "http://[::1"],
)
def test_the_token_is_sent_encrypted_or_to_this_machine_only(url: str) -> None:
    with pytest.raises(ConfigurationError, match="unencrypted"):
        settings.read(ENVIRONMENT | {"X_API_URL": url})


@pytest.mark.parametrize("limit", ["²", "٣", "-1", "1e3", "many"])
def test_a_limit_is_a_number(limit: str) -> None:
    with pytest.raises(ConfigurationError, match="MAX_POSTS_PER_DAY"):
        settings.read(ENVIRONMENT | {"MAX_POSTS_PER_DAY": limit})
