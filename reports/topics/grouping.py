"""Groups texts whose sentence vectors lie together, whatever their language. Pure.

The vectors are those of the sentiment (posts/sentiment/vectors.py). The same texts and seed give the same groups.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Post = tuple[str, str]  # its text and language

FEWEST_TEXTS = 60  # with a vector, and different: of fewer, groups are chance
MOST_TOPICS = 12
_FEWEST = 0.02  # of the posts: a smaller group is no topic
_DIMENSIONS = 50  # the vectors' main directions: clustering 512 takes ten times as long and finds the same
_JUDGED = 1_500  # posts by which the number of topics is chosen
_CLOSE = 0.05  # of the sample's variance, less than it: a group that varies as much as the sample has nothing in common
_AMBIGUOUS = 0.02  # nearer than this to a second topic, as a share of the distance, a post belongs to neither
_RESTARTS = 4


@dataclass(frozen=True, slots=True)
class Grouping:
    """For each post the number of its topic, from 1 on by size, 0 for none; and its distance from the topic's centre.

    For each topic its closeness: the share of the variance of all posts that is gone within it. 1 means that all its posts are alike.
    """

    labels: tuple[int, ...]
    distances: tuple[float | None, ...]
    closeness: tuple[float, ...]

    def split(self, count: int) -> tuple["Grouping", "Grouping"]:
        """Return the grouping of the first `count` posts and that of the others."""
        first, others = slice(count), slice(count, None)
        return (
            Grouping(self.labels[first], self.distances[first], self.closeness),
            Grouping(self.labels[others], self.distances[others], self.closeness),
        )


def group(posts: Sequence[Post], seed: int, count: int | None = None, others: Sequence[Post] = ()) -> Grouping | None:
    """Group posts into `count` topics, or the number that separates best, and put others into these topics.

    The others come behind the posts in what is returned. None where there are too few different texts, or where the packages for it are
    not installed.
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
    texts = [text[0] for text in prepared if text is not None]
    different = len(set(texts[:fitted]))
    if different < FEWEST_TEXTS:
        return None
    numbers_of = {
        text: number for number, text in enumerate(dict.fromkeys(texts))
    }  # a text that many post is encoded once
    encoded = vectors.encode(list(numbers_of))[[numbers_of[text] for text in texts]]
    directions = PCA(min(_DIMENSIONS, fitted - 1), random_state=seed).fit(encoded[:fitted])
    points = directions.transform(encoded)

    def clustered(number: int) -> Any:
        return KMeans(number, n_init=_RESTARTS, random_state=seed).fit(points[:fitted])

    judged = np.random.default_rng(seed).permutation(fitted)[:_JUDGED]

    def separation(model: Any) -> float:
        labels = model.labels_[judged]
        is_defined = 1 < len(set(labels)) < len(labels)  # of many copies, those drawn may all be in one group
        return float(silhouette_score(points[judged], labels)) if is_defined else -1.0

    most = min(MOST_TOPICS, different // (FEWEST_TEXTS // 2))
    model = clustered(count) if count else max((clustered(number) for number in range(2, most + 1)), key=separation)
    away = model.transform(points)
    nearest_topics = away.argmin(axis=1)
    ordered = np.sort(away, axis=1)
    nearest, second = ordered[:, 0], ordered[:, 1]
    from_middle = np.linalg.norm(points, axis=1)  # of all posts
    belongs = (second - nearest >= _AMBIGUOUS * second) & (nearest < from_middle)
    sizes = Counter(nearest_topics[:fitted][belongs[:fitted]].tolist())
    spread = encoded[:fitted].var(axis=0).sum()
    closeness: dict[int, float] = {}  # of the topics, the largest first
    for label, size in sizes.most_common():
        members = encoded[:fitted][(nearest_topics[:fitted] == label) & belongs[:fitted]]
        nearer = float(1 - members.var(axis=0).sum() / spread)
        if size >= _FEWEST * fitted and nearer >= _CLOSE:
            closeness[label] = nearer
    numbers = {label: number for number, label in enumerate(closeness, 1)}
    labels = [0] * len(prepared)
    distances: list[float | None] = [None] * len(prepared)
    for place, label, is_member, distance in zip(encodable, nearest_topics.tolist(), belongs, nearest, strict=True):
        if is_member and label in numbers:
            labels[place], distances[place] = numbers[label], round(float(distance), 4)
    return Grouping(tuple(labels), tuple(distances), tuple(round(nearer, 4) for nearer in closeness.values()))
