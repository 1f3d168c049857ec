"""What authors write about where they are."""

import pytest

from reports import regions

WRITTEN = {
    "New York": "US", "NYC": "US", "LA ✨": "US", "Los Angeles, CA": "US", "Atlanta, GA": "US", "Paris, Texas": "US",
    "Toronto, ON": "CA", "Ontario": "CA", "Montréal": "CA",
    "London, UK": "GB", "England": "GB", "Manchester": "GB",
    "São Paulo, Brasil": "BR", "🇧🇷 rio": "BR", "Campinas, SP": "BR",
    "Deutschland": "DE", "Bayern": "DE", "Köln": "DE", "İstanbul": "TR", "Türkiye": "TR",
    "東京": "JP", "日本": "JP", "القاهرة": "EG", "भारत": "IN", "서울": "KR",
    "Bogotá, Colombia": "CO", "Córdoba": "AR", "Santiago": "CL", "Bali": "ID", "Nigeria|Lagos": "NG", "Georgia": "GE",
    "Nice, France": "FR", "Jakarta - Indonesia": "ID",
}  # fmt: skip
NOWHERE = [
    "", "  ", "🌍", "she/her", "somewhere over the rainbow", "in your heart", "Earth", "CA", "everywhere", "Nice", "🇽🇽", "=1+1",
    "x" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize(("text", "code"), WRITTEN.items(), ids=WRITTEN.keys())
def test_a_place_is_found(text: str, code: str) -> None:
    assert regions.country(text) == code


TOGETHER = {
    "Atlanta, Georgia": "US", "Tbilisi, Georgia": "GE", "Georgia": "GE", "Palestine": "PS", "Gaza, Palestine": "PS",
    "Perth, WA": "AU", "Seattle, WA": "US", "Jakarta, ID": "ID", "Boise, ID": "US", "Macedonia": "MK",
    "Berlin, DE": "DE", "Wilmington, DE": "US", "Toronto, CA": "CA", "San Diego, CA": "US", "Toronto, ON": "CA",
    "Cambridge, MA": "US", "Casablanca, MA": "MA", "London, ON": "CA", "Batumi / Georgia": "GE",
}  # fmt: skip


@pytest.mark.parametrize(("text", "code"), TOGETHER.items(), ids=TOGETHER.keys())
def test_a_city_says_which_state_or_country_is_meant(text: str, code: str) -> None:
    assert regions.country(text) == code


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
        {"region": "Germany", "posts": 6, "share": 6 / 22, "tagged_with_a_place": 1, "by_the_authors_words": 5},
        {"region": "Brazil", "posts": 2, "share": 2 / 22, "tagged_with_a_place": 2, "by_the_authors_words": 0},
        {"region": "unknown", "posts": 14, "share": 14 / 22, "tagged_with_a_place": 0, "by_the_authors_words": 0},
    ]
