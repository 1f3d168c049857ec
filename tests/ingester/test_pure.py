"""The envelope, the rules file and the settings."""

import json
from pathlib import Path

import fastavro
import pytest

from ingester import rules, settings, token
from ingester.errors import ConfigurationError
from ingester.message import Line, NotText, look, wrap
from tests.conftest import ROOT

SCHEMA = fastavro.parse_schema(json.loads((ROOT / "infra" / "pubsub" / "tweet.avsc").read_text()))
ENVIRONMENT = {"GOOGLE_CLOUD_PROJECT": "p", "X_BEARER_TOKEN": "t"}


@pytest.mark.parametrize(
    "raw",
    ['{"data":{"id":"1","text":"👩‍🎤 مرحبا \\u0027"}}', '{"a": 1 }', "no json", '{"x":"\u2028"}'],
    ids=["emoji and RTL", "spaces", "no json", "line separator"],
)
def test_the_payload_is_the_bytes_of_x_and_fits_the_topics_schema(raw: str) -> None:
    record = json.loads(wrap(raw.encode(), "1", 5, "stream").data)
    assert record == {"id": "1", "payload": raw, "received_at": 5, "source": "stream"}
    assert fastavro.validate(record, SCHEMA, strict=False)


def test_bytes_that_are_no_text_are_told() -> None:
    with pytest.raises(NotText):
        wrap(b"\xff", "", 5, "stream")


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ('{"data":{"id":"7"}}', Line("7")),
        ('{"data":{"id":7}}', Line("7")),
        ('{"data":{"id":"7"},"errors":[{"title":"Not Found Error"}]}', Line("7")),
        ('{"errors":[{"title":"operational-disconnect","disconnect_type":"SlowReader"}]}', Line("", "SlowReader")),
        (
            '{"title":"ConnectionException","connection_issue":"TooManyConnections","type":"x"}',
            Line("", "TooManyConnections"),
        ),
        ('{"errors":[]}', Line("", "errors without a title")),
        ('{"info":{"message":"new kind"}}', Line("")),
        ("{", Line("")),
        ("[]", Line("")),
    ],
)
def test_a_line_is_looked_at_just_enough(raw: str, line: Line) -> None:
    assert look(raw.encode()) == line


def test_the_shipped_rules_read_and_fit_into_x() -> None:
    (rule,) = rules.read()
    assert rule.tag == "artist-music"
    assert len(rule.value) <= 1_024
    assert rule.value.count("(") == rule.value.count(")") == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- value: [", "line 1: this is not YAML"),
        ("", "holds no rules"),
        ("value: x", "holds no rules. It should be a list"),
        ("- tag: x", "rule 1: there is no value"),
        ("- value: x\n- value: ''", "rule 2: there is no value"),
        ("- value: x\n  tags: y", "rule 1: 'tags' is not known"),
        (f"- value: {'x' * 1_025}", "1025 characters, and X takes 1024"),
    ],
)
def test_a_bad_rules_file_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r".*") as caught:
        rules.read(file)
    assert words in str(caught.value)


def test_a_missing_rules_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no rules file"):
        rules.read(tmp_path / "none.yaml")


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


@pytest.mark.parametrize("value", ["key\ntoken", "it’s", "two words", '"quoted"', "токен"])
def test_what_cannot_be_a_token_is_refused_before_it_gets_into_an_error_of_anybodys(value: str) -> None:
    environment = settings.read({"GOOGLE_CLOUD_PROJECT": "p", "X_BEARER_TOKEN": value})
    with pytest.raises(ConfigurationError) as error:
        token.read(environment)
    assert value not in str(error.value)
    assert "X_BEARER_TOKEN is no bearer token" in str(error.value)


def test_another_token_has_another_version_which_does_not_give_it_away() -> None:
    first, second = (
        token.read(settings.read({"GOOGLE_CLOUD_PROJECT": "p", "X_BEARER_TOKEN": one}))
        for one in ("AAAA%3D", "AAAB%3D")
    )
    assert first.version != second.version
    assert "AAAA" not in first.version + repr(first)


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


def test_a_folder_is_no_rules_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        rules.read(tmp_path)
