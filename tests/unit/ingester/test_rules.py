"""The rules file: what ships, and mistakes in it."""

import re
from pathlib import Path

import pytest

from ingester import rules
from ingester.errors import ConfigurationError


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
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        rules.read(file)


def test_a_missing_rules_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no rules file"):
        rules.read(tmp_path / "none.yaml")


def test_a_folder_is_no_rules_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        rules.read(tmp_path)
