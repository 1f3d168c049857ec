"""What posts are about, across languages: posts whose sentence vectors lie together are a topic. Pure.

The vectors are those of the sentiment (posts/sentiment/vectors.py). The same posts and seed give the same topics.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from . import words
from .params import Params

Rows = list[dict[str, Any]]

NONE = "no topic"
FEWEST_POSTS = 60  # with a vector: of fewer, groups are chance
MOST_TOPICS = 12
_WORDS = 4  # in a topic's name
_FEWEST = 0.02  # of the posts: a smaller group is no topic
_DIMENSIONS = 50  # the vectors' main directions: clustering 512 takes ten times as long and finds the same
_JUDGED = 1_500  # posts by which the number of topics is chosen
_AMBIGUOUS = 0.02  # nearer than this to a second topic, as a share of the distance, a post belongs to neither
_RESTARTS = 4


@dataclass(frozen=True, slots=True)
class Grouping:
    """For each post the number of its topic, from 1 on by size, 0 for none; and its distance from the topic's centre."""

    labels: tuple[int, ...]
    distances: tuple[float | None, ...]


@lru_cache(maxsize=2)  # several questions of a report ask for the same posts
def group(posts: tuple[tuple[str, str], ...], seed: int, wanted: int | None = None) -> Grouping | None:
    """Group texts with their languages into the number of topics that is wanted, or that separates best.

    None where there are too few, or where the packages for it are not installed.
    """
    try:
        import numpy as np  # noqa: PLC0415
        from sklearn.cluster import KMeans  # noqa: PLC0415 - seconds to import, and only this question needs it
        from sklearn.decomposition import PCA  # noqa: PLC0415
        from sklearn.metrics import silhouette_score  # noqa: PLC0415

        from posts.sentiment import vectors  # noqa: PLC0415
    except ImportError:
        return None
    prepared = [vectors.prepare(text, lang) for text, lang in posts]
    encodable = [place for place, text in enumerate(prepared) if text is not None]
    if len(encodable) < FEWEST_POSTS:
        return None
    encoded = vectors.encode([text[0] for text in prepared if text is not None])
    points = PCA(min(_DIMENSIONS, len(encodable) - 1), random_state=seed).fit_transform(encoded)

    def clustered(count: int) -> Any:
        return KMeans(count, n_init=_RESTARTS, random_state=seed).fit(points)

    def separation(model: Any) -> float:
        return float(
            silhouette_score(points, model.labels_, sample_size=min(_JUDGED, len(encodable)), random_state=seed)
        )

    most = min(MOST_TOPICS, len(encodable) // (FEWEST_POSTS // 2))
    model = clustered(wanted) if wanted else max((clustered(count) for count in range(2, most + 1)), key=separation)
    distances = np.sort(model.transform(points), axis=1)
    nearest, second = distances[:, 0], distances[:, 1]
    is_clear = (second - nearest) >= _AMBIGUOUS * second
    sizes = Counter(int(label) for label, clear in zip(model.labels_, is_clear, strict=True) if clear)
    large = [label for label, size in sizes.most_common() if size >= _FEWEST * len(encodable)]
    numbers = {label: number for number, label in enumerate(large, 1)}
    labels = [0] * len(posts)
    away: list[float | None] = [None] * len(posts)
    for place, label, clear, distance in zip(encodable, model.labels_, is_clear, nearest, strict=True):
        if clear and int(label) in numbers:
            labels[place], away[place] = numbers[int(label)], round(float(distance), 4)
    return Grouping(tuple(labels), tuple(away))


def assigned(rows: Rows, params: Params) -> Rows:
    """Return the rows of topics.sql with `number`, `topic`, its name, and `distance`. No rows where there are no topics."""
    grouping = group(tuple((row["text"], row["lang"]) for row in rows), params.seed, params.topics)
    if grouping is None:
        return []
    names = _names(rows, grouping.labels, params.minimum)
    return [
        row | {"number": label, "topic": names[label], "distance": distance}
        for row, label, distance in zip(rows, grouping.labels, grouping.distances, strict=True)
    ]


def _names(rows: Rows, labels: Sequence[int], minimum: int) -> dict[int, str]:
    """Return a name for each topic: its number, and the words that set it apart."""
    texts = words.read([row | {"is_this_week": False, "rules": [], "parts": []} for row in rows])
    numbers = sorted(set(labels) - {0})
    parts = {str(number): [label == number for label in labels] for number in numbers}
    words_of: dict[str, list[str]] = {part: [] for part in parts}
    for row in words.distinctive(texts, parts, minimum):
        words_of[row["part"]].append(row["word"])
    named = {number: ", ".join(words_of[str(number)][:_WORDS]) or "no words of its own" for number in numbers}
    return {number: f"{number}: {name}" for number, name in named.items()} | {0: NONE}


def sample_size(rows: Rows) -> str:
    """Say how many posts stand behind rows with a number of posts."""
    return f"a random sample of {sum(row['posts'] for row in rows):,} posts that are not retweets"
