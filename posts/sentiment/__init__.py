"""How a text sounds, from -1 (negative) to 1 (positive). A score says little about one post; means over many say more.

`SENTIMENT` chooses the scorer. docs/explanation/sentiment.md has what each reaches on real posts, and what the number cannot say.

    multilingual   sentence vectors with a linear head, mixed with VADER's lexicon: 15 languages
    english        VADER's lexicon alone: English
    off            no score
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

CHOICES = ("multilingual", "english", "off")


class Scorer(Protocol):
    """Scores texts with their languages, as BCP 47 codes. None where a language is not known, or where there is nothing to score.

    `model` names what made the scores, for the column sentiment_model. `milliseconds` is about the CPU time of a text in a large group
    (docs/explanation/sentiment.md).
    """

    model: str
    languages: frozenset[str]
    milliseconds: float

    def scores(self, posts: Sequence[tuple[str, str | None]]) -> list[float | None]: ...


class _Off:
    model = "off"
    languages: frozenset[str] = frozenset()
    milliseconds = 0.0

    def scores(self, posts: Sequence[tuple[str, str | None]]) -> list[float | None]:
        return [None] * len(posts)


def scorer(choice: str) -> Scorer:
    """Return one of CHOICES. What it is made of is imported here, and read at the first text that needs it."""
    if choice == "multilingual":
        from .vectors import Multilingual  # noqa: PLC0415 - numpy and its 30 MB of weights are installed only where posts are loaded

        return Multilingual()
    if choice == "english":
        from .lexicon import English  # noqa: PLC0415

        return English()
    return _Off()


def add_scores(rows: Iterable[dict[str, Any]], scorer: Scorer) -> None:
    """Score rows of tweet_versions together, which costs half of scoring them one by one."""
    posts = [row for row in rows if row.get("lang") in scorer.languages and row.get("text")]
    for row, score in zip(posts, scorer.scores([(row["text"], row["lang"]) for row in posts]), strict=True):
        row["sentiment_model"] = scorer.model
        if score is not None:
            row["sentiment"] = score
