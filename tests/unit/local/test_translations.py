"""Translations are shared by processes through a file, and a file that cannot be used harms nothing."""

from pathlib import Path
from typing import Any

import pytest
from bqemulator.domain.result import Err, Ok

from local.emulators.bigquery import translations
from local.emulators.bigquery.translations import Translations


def test_another_process_finds_what_this_one_has_translated(tmp_path: Path) -> None:
    first, second = (Translations(tmp_path / "translations.sqlite") for _ in range(2))
    assert second.get("SELECT 1", "schema") is None
    first.put("SELECT 2", "SELECT 1", "schema")
    assert second.get("SELECT 1", "schema") == "SELECT 2"
    assert second.get("SELECT 1", "another schema") is None


def test_other_packages_translate_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Translations(tmp_path / "translations.sqlite").put("SELECT 2", "SELECT 1")
    monkeypatch.setattr(translations, "_translator", lambda: "a newer version")
    assert Translations(tmp_path / "translations.sqlite").get("SELECT 1") is None


@pytest.mark.parametrize("content", [b"no database", None], ids=["damaged", "a folder"])
def test_a_file_that_cannot_be_used_costs_time_alone(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "translations.sqlite"
    file.mkdir() if content is None else file.write_bytes(content)
    known = Translations(file)
    known.put("SELECT 2", "SELECT 1")
    assert known.get("SELECT 1") == "SELECT 2"


def test_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translations, "_MOST_ON_DISK", 10)
    known = Translations(tmp_path / "translations.sqlite")
    for number in range(30):
        known.put(str(number), number)
    new = Translations(tmp_path / "translations.sqlite")
    assert [new.get(number) for number in (0, 19, 20, 29)] == [None, None, "20", "29"]


def test_what_fails_is_tried_again(tmp_path: Path) -> None:
    answers: list[Any] = [Err("no such column"), Ok("SELECT 2")]
    translate = translations.cached_translate(
        lambda *_, **__: answers.pop(0), Translations(tmp_path / "translations.sqlite")
    )
    assert isinstance(translate(None, "SELECT 1"), Err)
    assert translate(None, "SELECT 1") == translate(None, "SELECT 1") == Ok("SELECT 2")
