"""Groups texts whose sentence vectors lie together, whatever their language. Pure.

The vectors are those of the sentiment (posts/sentiment/vectors.py). The same texts and seed give the same groups.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Post = tuple[str, str]  # its text and language

FEWEST_POSTS = 60  # with a vector: of fewer, groups are chance
MOST_TOPICS = 12
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

    def split(self, count: int) -> tuple["Grouping", "Grouping"]:
        """Return the grouping of the first `count` posts and that of the others."""
        first, others = slice(count), slice(count, None)
        return (
            Grouping(self.labels[first], self.distances[first]),
            Grouping(self.labels[others], self.distances[others]),
        )


def group(posts: Sequence[Post], seed: int, wanted: int | None = None, others: Sequence[Post] = ()) -> Grouping | None:
    """Group posts into the number of topics that is wanted, or that separates best, and put others into these topics.

    The others come behind the posts in what is returned. None where there are too few posts, or where the packages for it are not
    installed.
    """
    try:
        import numpy as np  # noqa: PLC0415
        from sklearn.cluster import KMeans  # noqa: PLC0415 - seconds to import, and only this question needs it
        from sklearn.decomposition import PCA  # noqa: PLC0415
        from sklearn.metrics import silhouette_score  # noqa: PLC0415

        from posts.sentiment import vectors  # noqa: PLC0415
    except ImportError:
        return None
    prepared = [vectors.prepare(text, lang) for text, lang in (*posts, *others)]
    encodable = [place for place, text in enumerate(prepared) if text is not None]
    fitted = sum(place < len(posts) for place in encodable)
    if fitted < FEWEST_POSTS:
        return None
    encoded = vectors.encode([text[0] for text in prepared if text is not None])
    directions = PCA(min(_DIMENSIONS, fitted - 1), random_state=seed).fit(encoded[:fitted])
    points = directions.transform(encoded)

    def clustered(count: int) -> Any:
        return KMeans(count, n_init=_RESTARTS, random_state=seed).fit(points[:fitted])

    def separation(model: Any) -> float:
        sampled = min(_JUDGED, fitted)
        return float(silhouette_score(points[:fitted], model.labels_, sample_size=sampled, random_state=seed))

    most = min(MOST_TOPICS, fitted // (FEWEST_POSTS // 2))
    model = clustered(wanted) if wanted else max((clustered(count) for count in range(2, most + 1)), key=separation)
    away = model.transform(points)
    nearest_topics = away.argmin(axis=1)
    ordered = np.sort(away, axis=1)
    nearest, second = ordered[:, 0], ordered[:, 1]
    is_clear = (second - nearest) >= _AMBIGUOUS * second
    sizes = Counter(nearest_topics[:fitted][is_clear[:fitted]].tolist())
    large = [label for label, size in sizes.most_common() if size >= _FEWEST * fitted]
    numbers = {label: number for number, label in enumerate(large, 1)}
    labels = [0] * len(prepared)
    distances: list[float | None] = [None] * len(prepared)
    for place, label, clear, distance in zip(encodable, nearest_topics.tolist(), is_clear, nearest, strict=True):
        if clear and label in numbers:
            labels[place], distances[place] = numbers[label], round(float(distance), 4)
    return Grouping(tuple(labels), tuple(distances))
