"""VADER's compound score of a text (Hutto and Gilbert 2014): its lexicon knows English words, and emoji.

It reads the text as its author wrote it, without names and addresses: `@Love` and `@evil` say nothing about how the author
feels.
"""

import importlib.metadata
import re
from collections.abc import Sequence
from functools import cache, lru_cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from posts.text import for_scoring

_LONGEST = 2_000  # characters looked at: VADER's time grows with the square of the number of words
_WORDS = 250  # the first of them
_EMOJI = 25  # VADER reads each as up to six words
_REMEMBERED = 2_048  # texts: retweets repeat theirs, and VADER is a third of the work of a message
_LETTERS = re.compile(r"[^\W\d_]+")
_NUMBERED = re.compile(r"\d+\)")


class English:
    """Scores English with the lexicon alone."""

    model = f"vader-{importlib.metadata.version('vaderSentiment')}"
    languages = frozenset({"en"})
    milliseconds = 0.1

    def scores(self, posts: Sequence[tuple[str, str | None]]) -> list[float | None]:
        return [score(text, lang) for text, lang in posts]


def score(text: str, lang: str | None) -> float | None:
    """Return VADER's compound score, -1 to 1; None for other languages than English and for empty text."""
    if lang != "en" or not text.strip():
        return None
    return compound(prepare(text))


def prepare(text: str) -> str:
    """Return a text as lexicon and sentence vectors read it: no names, links and escapes, and no more than takes a millisecond or two."""
    text = for_scoring(text)
    if len(text) <= 300 and len(text.encode("utf-8", "replace")) - len(text) <= 2 * _EMOJI:
        return text  # an emoji has two bytes more than its one character, at the least
    words = text[:_LONGEST].split()
    unscored = _EMOJI
    kept: list[str] = []
    for word in words[:_WORDS]:
        emoji = 0 if word.isascii() else sum(character in _analyser().emojis for character in word)
        if emoji > unscored:
            kept.append(word[:unscored])
            break
        unscored -= emoji
        kept.append(word)
    return " ".join(kept)


@lru_cache(maxsize=_REMEMBERED)
def compound(prepared: str) -> float:
    """Return VADER's score of a prepared English text."""
    return float(_analyser().polarity_scores(prepared)["compound"])


def compound_of_emoji(prepared: str) -> float:
    """Return VADER's score of the emoji and smileys: words of other languages may be spelled like English ones (German `die`)."""
    return compound(" ".join(map(_without_letters, prepared.split())))


def _without_letters(word: str) -> str:
    """Keep a smiley whole, letters included (`:D`), and of all else the signs. `8)` numbers a list more often than it smiles."""
    form = word.lower()
    if form == "xd" or (not form.isalnum() and form in _analyser().lexicon and not _NUMBERED.fullmatch(form)):
        return word
    return _NUMBERED.sub(" ", _LETTERS.sub(" ", word))


@cache
def _analyser() -> SentimentIntensityAnalyzer:
    """Reads its lexicon once (about 0.1 s), at the first post."""
    return SentimentIntensityAnalyzer()
