"""How a text sounds, -1 (negative) to 1 (positive): VADER's compound score (Hutto and Gilbert 2014).

VADER knows English only; for any other language the answer is None, not a guess. It reads the text as its author wrote
it, without names and addresses: `@Love` and `@evil` say nothing about how the author feels.
"""

from functools import cache, lru_cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from .text import for_scoring

_LONGEST = 2_000  # characters looked at: VADER's time grows with the square of the number of words
_WORDS = 250  # the first of them
_EMOJI = 25  # VADER reads each as up to six words
_REMEMBERED = 2_048  # texts: retweets repeat theirs, and VADER is a third of the work of a message


def score(text: str, lang: str | None) -> float | None:
    """Return VADER's compound score, -1 to 1; None for other languages than English and for empty text."""
    if lang != "en" or not text.strip():
        return None
    return _compound(_short(for_scoring(text)))


def _short(text: str) -> str:
    """Cut a text to what VADER reads in a millisecond or two."""
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
def _compound(text: str) -> float:
    return float(_analyser().polarity_scores(text)["compound"])


@cache
def _analyser() -> SentimentIntensityAnalyzer:
    """Reads its lexicon once (about 0.1 s), at the first post."""
    return SentimentIntensityAnalyzer()
