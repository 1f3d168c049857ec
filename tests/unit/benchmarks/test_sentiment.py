"""The head of the multilingual sentiment is what its training gives."""

import numpy as np
import pytest

from benchmarks import sentiment
from posts.sentiment import lexicon
from posts.sentiment.vectors import Head, encode


@pytest.mark.slow
def test_training_anew_gives_the_head_that_is_shipped() -> None:
    """Downloads the rated texts from the package registry, as the training does."""
    texts, ratings, counts = sentiment.rated_texts()
    assert len(texts) == 23_703
    assert (ratings.min(), ratings.max()) == pytest.approx((-3.9, 3.8), abs=0.2)
    vectors = encode([lexicon.prepare(text) for text in texts]).astype(np.float64)
    *weights, bias = sentiment.ridge(vectors, ratings / 4, counts, 30.0)
    head = Head.read()
    assert weights == pytest.approx(head.weights, abs=1e-3)
    assert bias == pytest.approx(head.bias, abs=1e-3)


def test_macro_f1_counts_the_three_classes_alike() -> None:
    labels = np.array([0, 0, 0, 0, 1, 2])
    assert sentiment.macro_f1(labels, labels) == 1
    assert sentiment.macro_f1(labels, np.zeros(6, dtype=np.int64)) == pytest.approx(0.8 / 3)


def test_thresholds_are_those_that_separate_best() -> None:
    values = np.array([-0.9] * 30 + [0.0] * 30 + [0.8] * 30)
    labels = np.array([0] * 30 + [1] * 30 + [2] * 30)
    low, high = sentiment.thresholds(values, labels)
    assert sentiment.macro_f1(labels, sentiment.classes(values, low, high)) == 1


def test_ridge_finds_the_line_that_made_the_values() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(500, 3))
    values = vectors @ np.array([1.0, -2.0, 0.5]) + 0.25
    assert sentiment.ridge(vectors, values, np.ones(500), 1e-6) == pytest.approx([1.0, -2.0, 0.5, 0.25], abs=1e-4)
