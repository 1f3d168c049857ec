"""How a text sounds, -1 (negative) to 1 (positive): VADER's compound score (Hutto and Gilbert 2014).

VADER knows English only; for any other language the answer is None, not a guess.
"""

from functools import cache, lru_cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

_LONGEST = 2_000  # characters looked at: VADER's time grows with the square of the number of words
_REMEMBERED = 2_048  # texts: retweets repeat theirs, and VADER is a third of the work of a message


def score(text: str, lang: str | None) -> float | None:
    """None where the language is not English or there is no text."""
    if lang != "en" or not text.strip():
        return None
    return _compound(text[:_LONGEST])


@lru_cache(maxsize=_REMEMBERED)
def _compound(text: str) -> float:
    return float(_analyser().polarity_scores(text)["compound"])


@cache
def _analyser() -> SentimentIntensityAnalyzer:
    """Reads its lexicon once (about 0.1 s), at the first post."""
    return SentimentIntensityAnalyzer()
