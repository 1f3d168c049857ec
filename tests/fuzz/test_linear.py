"""The work that a post may cost grows with its length, and not with the square: for all code that reads a post's text.

Each reader gets the same hostile text at two lengths. What is compared is CPU time of this thread, side by side and three times, so that
neither the machine nor other programs decide: eight times the text may cost at most 24 times the work; a square would cost 64 times.
"""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from re import _parser as sre  # type: ignore[attr-defined]
from typing import Any

import pytest

from posts import text as texts
from posts.filter import _pattern
from posts.keywords import parse_keywords
from posts.message import Delivery
from posts.rows import make_rows
from posts.sentiment import lexicon
from posts.sentiment.vectors import Multilingual
from reports import reading, regions, sanitize, words
from warehouse.settings import read

from .hard import HARD

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SETTINGS = read({"GOOGLE_CLOUD_PROJECT": "local"})
ENTRIES = [
    "R & B",
    "AC/DC",
    "C++",
    "Guns N' Roses & P!nk",
    "$uicideboy$",
    "climate chang*",
    "#climate*",
    "hip hop",
    "音楽",
    "-a/b c & d",
]
KEYWORDS = parse_keywords("\n".join(ENTRIES))
_SHORT, _TIMES, _MOST = 4_000, 8, 24
_LEAST_SECONDS = 0.002  # what takes less is too short to be compared

PIECES = HARD | {
    "r and spaces": "r" + " " * 500,
    "r, spaces, ampersand, spaces": "r" + " " * 200 + "&amp;" + " " * 200,
    "ampersands and spaces": "&amp;" + " " * 300,
    "r, spaces, ampersand": "r  &amp;  ",
    "slashes": "a / ",
    "plus signs": "C+",
    "loose punctuation": "' - . , ",
    "separators": "|\n",
    "tabs": "\t",
    "formulas": "\n=",
    "em spaces": "\u2003",
    "marks on one letter": "\u0301",
    "marks of two classes": "\u0323\u0301",
    "Greek": "ά\u0301",
    "kana marks": "\u3099",
    "a and spaces": "a   ",
    "phrases": "hip - ",
    "elisions": "l'",
    "dashes": " - ",
    "opening brackets": "(",
    "flags": "🇩🇪",
}


def _row_of(text: str) -> None:
    data = {"id": "2123840964664492033", "text": text, "lang": "en"}
    record = {
        "id": "1",
        "payload": json.dumps({"data": data}),
        "received_at": 1_764_000_000_000_000,
        "source": "stream",
    }
    assert make_rows(Delivery(json.dumps(record).encode(), "1"), SETTINGS.filter(KEYWORDS), NOW).outcome != "rejected"


_SEARCH = reading.parse('"a b c" OR klima* -"d e"')
READERS: dict[str, Callable[[str], Any]] = {
    "a row with all kinds of keywords": _row_of,
    "fold": texts.fold,
    "sentiment, English": lambda text: lexicon.score(text, "en"),
    "sentiment, many languages": lambda text: Multilingual().scores([(text, "de")]),
    "words": lambda text: list(words.tokens(text, "fr")),
    "a phrase in its context": lambda text: reading.in_context([{"text": text, "found": 1}], _SEARCH),
    "a cell of a sheet": sanitize.for_sheet,
    "a terminal": sanitize.for_terminal,
    "an author's place": regions.country,
}


def _seconds(read: Callable[[str], Any], text: str, enough: float = 0.0) -> float:
    """Return the least of three measurements; of fewer, where one is at most `enough`."""
    best = float("inf")
    for _ in range(3):
        began = time.thread_time()
        read(text)
        best = min(best, time.thread_time() - began)
        if best <= enough:
            break
    return best


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
def test_eight_times_the_text_is_about_eight_times_the_work(reader: Callable[[str], Any]) -> None:
    slow = []
    for name, piece in PIECES.items():
        short = piece * (_SHORT // len(piece))
        reader(short)
        before = max(_seconds(reader, short), _LEAST_SECONDS)
        after = _seconds(reader, short * _TIMES, enough=before * _MOST)
        if after > before * _MOST:
            slow.append(f"{name}: {after / before:.0f} times")
    assert slow == []


def test_a_keyword_with_signs_becomes_a_pattern_without_repetition() -> None:
    """So that no text can make it backtrack."""
    signs = [keyword for keyword in (*KEYWORDS.keep, *KEYWORDS.drop) if keyword.kind == "signs"]
    assert len(signs) == 6
    for keyword in signs:
        parsed = str(sre.parse(_pattern(keyword.form).pattern, re.UNICODE))
        assert "REPEAT" not in parsed, keyword.entry
