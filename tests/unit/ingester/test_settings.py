"""The environment: defaults, and mistakes in it."""

from datetime import timedelta

import pytest

from ingester import settings
from runtime.errors import ConfigurationError

ENVIRONMENT = {"GOOGLE_CLOUD_PROJECT": "p", "X_BEARER_TOKEN": "t"}


def test_the_defaults() -> None:
    read = settings.read(ENVIRONMENT)
    assert (read.topic_path, read.dead_topic_path) == ("projects/p/topics/tweets", "projects/p/topics/tweets-dead")
    assert (read.x_api_url, read.expand_authors) == ("https://api.x.com", True)
    assert "'t'" not in repr(read)
    assert (read.refresh_after, read.refresh_share, read.refresh_max_per_day) == ((), 1.0, 100)


def test_ages_are_read_youngest_first_and_once() -> None:
    read = settings.read(ENVIRONMENT | {"REFRESH_AFTER": "7d, 36h,7d", "REFRESH_SHARE": "0.1"})
    assert read.refresh_after == (timedelta(hours=36), timedelta(days=7))
    assert read.refresh_share == 0.1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"GOOGLE_CLOUD_PROJECT": ""}, "GOOGLE_CLOUD_PROJECT is not set"),
        ({"X_BEARER_TOKEN": " "}, "There is no bearer token"),
        ({"X_API_URL": "http://example.com"}, "would send the token unencrypted"),
        ({"EXPAND_AUTHORS": "no"}, "EXPAND_AUTHORS is 'no'"),
        ({"REFRESH_AFTER": "1d;7d"}, "REFRESH_AFTER is '1d;7d', but it must be ages"),
        ({"REFRESH_AFTER": "0d"}, "must be ages such as 1d,7d or 36h"),
        ({"REFRESH_SHARE": "0"}, "above 0 and at most 1"),
        ({"REFRESH_SHARE": "half"}, "above 0 and at most 1"),
        ({"REFRESH_SHARE": "nan"}, "above 0 and at most 1"),
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
