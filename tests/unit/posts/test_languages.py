"""LANGUAGES: what it may say, and X's two spellings of one language."""

import pytest

from posts import languages
from runtime.errors import ConfigurationError
from warehouse import settings


def read(value: str) -> frozenset[str]:
    return settings.read({"GOOGLE_CLOUD_PROJECT": "p", "LANGUAGES": value}).languages


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ("", set()),
        ("all", set()),
        ("ALL", set()),
        ("en", {"en"}),
        (" EN , de,", {"en", "de"}),
        ("und", {"und"}),
        ("id", {"in"}),
        ("in", {"in"}),
        ("he", {"iw"}),
        ("iw", {"iw"}),
        ("hi-Latn", {"hi-latn"}),
        ("zh-TW", {"zh"}),
    ],
)
def test_the_codes_of_the_setting(value: str, codes: set[str]) -> None:
    assert read(value) == codes


@pytest.mark.parametrize(
    ("value", "named", "instead"),
    [
        ("en # only English", "en # only English", "LANGUAGES=en,de"),
        ("en;de", "en;de", "LANGUAGES=en,de"),
        ('"en"', '"en"', "without quotes"),
        ("english", "english", "LANGUAGES=en,"),
        ("Hebrew", "Hebrew", "LANGUAGES=he,"),
        ("de,en-US", "en-US", "LANGUAGES=en,"),
        ("en de", "en de", "with commas"),
        ("en,all", "all", "or all"),
        ("xx", "xx", "LANGUAGES=en,de"),
    ],
)
def test_what_could_match_nothing_is_refused(value: str, named: str, instead: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        read(value)
    assert f"LANGUAGES has '{named}'" in str(error.value)
    assert instead in str(error.value)


@pytest.mark.parametrize(
    ("code", "operator"), [("in", "id"), ("iw", "he"), ("en", "en"), ("hi-latn", "hi-Latn"), ("qme", None)]
)
def test_rules_have_their_own_spelling(code: str, operator: str | None) -> None:
    assert languages.operator(code) == operator


def test_every_code_is_compared_as_itself() -> None:
    assert {code: languages.language_code(code) for code in languages.NAMES} == {code: code for code in languages.NAMES}


def test_a_code_has_its_english_name() -> None:
    assert [languages.name(code) for code in ("in", "id", "xx", None)] == [
        "Indonesian",
        "Indonesian",
        "xx",
        "not recognized",
    ]
