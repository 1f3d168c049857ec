"""How a text sounds, -1 (negative) to 1 (positive): VADER's compound score (Hutto and Gilbert 2014).

VADER knows English only; for any other language the answer is None, not a guess.
"""

from functools import cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

_LONGEST = 2_000  # characters looked at: VADER's time grows with the square of the number of words


def score(text: str, lang: str | None) -> float | None:
    """None where the language is not English or there is no text."""
    if lang != "en" or not text.strip():
        return None
    return float(_analyser().polarity_scores(text[:_LONGEST])["compound"])


@cache
def _analyser() -> SentimentIntensityAnalyzer:
    """Reads its lexicon once (about 0.1 s), at the first post."""
    return SentimentIntensityAnalyzer()
