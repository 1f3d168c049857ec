"""Places from what authors write in their profiles."""

from pathlib import Path

import pytest

from reports import regions
from tests.support import ROOT

WRITTEN = {
    "New York": "US",
    "NYC": "US",
    "LA ✨": "US",
    "Los Angeles, CA": "US",
    "Atlanta, GA": "US",
    "Paris, Texas": "US",
    "Toronto, ON": "CA",
    "Ontario": "CA",
    "Montréal": "CA",
    "London, UK": "GB",
    "England": "GB",
    "Manchester": "GB",
    "São Paulo, Brasil": "BR",
    "🇧🇷 rio": "BR",
    "Campinas, SP": "BR",
    "Deutschland": "DE",
    "Bayern": "DE",
    "Köln": "DE",
    "İstanbul": "TR",
    "Türkiye": "TR",
    "東京": "JP",
    "日本": "JP",
    "القاهرة": "EG",
    "भारत": "IN",
    "서울": "KR",
    "Bogotá, Colombia": "CO",
    "Córdoba": "AR",
    "Santiago": "CL",
    "Bali": "ID",
    "Nigeria|Lagos": "NG",
    "Georgia": "GE",
    "Nice, France": "FR",
    "Jakarta - Indonesia": "ID",
}
NOWHERE = [
    "",
    "  ",
    "🌍",
    "she/her",
    "somewhere over the rainbow",
    "in your heart",
    "Earth",
    "CA",
    "everywhere",
    "Nice",
    "🇽🇽",
    "=1+1",
    "x" * 5_000,
]


@pytest.mark.parametrize(("text", "code"), WRITTEN.items(), ids=WRITTEN.keys())
def test_a_place_is_found(text: str, code: str) -> None:
    assert regions.country(text) == code


# location, country or -: checked by hand
LOCATIONS = dict(
    line.split("\t") for line in Path(__file__).with_name("locations.tsv").read_text(encoding="utf-8").splitlines()
)
WRONG = {"Monterrey, NL": "CA", "ประเทศไทย": None}  # as docs/reports.md says


def test_locations_as_people_write_them() -> None:
    found = {text: regions.country(text) for text in LOCATIONS}
    assert {text: code for text, code in found.items() if (code or "-") != LOCATIONS[text]} == WRONG


def test_the_share_that_is_right_is_what_the_document_says() -> None:
    right = f"{len(LOCATIONS) - len(WRONG)} of {len(LOCATIONS)}"
    assert right in (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", NOWHERE, ids=lambda text: repr(text[:20]))
def test_what_is_no_place_is_unknown(text: str) -> None:
    assert regions.country(text) is None


def test_countries_are_counted_by_how_they_are_known_and_unknown_comes_last() -> None:
    def row(
        posts: int, code: str | None = None, place: str | None = None, says: str | None = None
    ) -> dict[str, object]:
        return {"country_code": code, "tweet_location": place, "user_location": says, "posts": posts}

    found = regions.by_country(
        [row(6), row(5, says="Berlin"), row(1, "DE", "Berlin, Deutschland"), row(8, says="she/her"), row(2, "BR")]
    )
    assert found == [
        {
            "region": "Germany",
            "code": "DE",
            "posts": 6,
            "share": 6 / 22,
            "tagged_with_a_place": 1,
            "by_the_authors_words": 5,
        },
        {
            "region": "Brazil",
            "code": "BR",
            "posts": 2,
            "share": 2 / 22,
            "tagged_with_a_place": 2,
            "by_the_authors_words": 0,
        },
        {
            "region": "unknown",
            "code": None,
            "posts": 14,
            "share": 14 / 22,
            "tagged_with_a_place": 0,
            "by_the_authors_words": 0,
        },
    ]
