"""What posts are about, across languages: posts whose sentence vectors lie together are a topic, named by its words."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from posts import languages

from ..params import Params
from ..sanitize import for_terminal
from . import naming
from .grouping import Grouping, Post, group

Rows = list[dict[str, Any]]

NONE = "no topic"
_COLUMNS = ("id", "text", "lang", "user_id", "hour")  # by which topics are found and named


@dataclass(frozen=True, slots=True)
class _Topics:
    """Where posts and others belong, and for each topic's number its name and its words by language."""

    of_posts: Grouping
    of_others: Grouping
    names: dict[int, str]
    words: dict[int, str]


def assigned(rows: Rows, params: Params) -> Rows:
    """Return the rows of topics.sql with `number`, `topic`, its name, `words` by language, its `closeness`, and `distance`.

    No rows where there are no topics: of too few posts, or without the packages for it.
    """
    grouped = _topics(_posts(rows), params.seed, params.topics, params.minimum)
    if grouped is None:
        return []
    closeness = (None, *grouped.of_posts.closeness)
    return [
        row
        | {
            "number": label,
            "topic": grouped.names[label],
            "words": grouped.words[label],
            "closeness": closeness[label],
            "distance": distance,
        }
        for row, label, distance in zip(rows, grouped.of_posts.labels, grouped.of_posts.distances, strict=True)
    ]


def assigned_to_others(others: Rows, rows: Rows, params: Params) -> Rows:
    """Return `id`, `topic` and `distance` of other posts, such as a coding sheet's, among the topics of the rows of topics.sql.

    `others` have an id, a text and a language. No rows where there are no topics.
    """
    texts = tuple((row["text"], row["lang"] or "und") for row in others)
    grouped = _topics(_posts(rows), params.seed, params.topics, params.minimum, texts)
    if grouped is None:
        return []
    return [
        {"id": row["id"], "topic": grouped.names[label], "distance": distance}
        for row, label, distance in zip(others, grouped.of_others.labels, grouped.of_others.distances, strict=True)
    ]


def _posts(rows: Rows) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row[column] for column in _COLUMNS) for row in rows)


@lru_cache(maxsize=2)  # several questions of a report ask for the same posts
def _topics(
    posts: tuple[tuple[Any, ...], ...],
    seed: int,
    count: int | None,
    minimum: int,
    others: tuple[Post, ...] = (),
) -> _Topics | None:
    rows = [dict(zip(_COLUMNS, post, strict=True)) for post in posts]
    grouping = group([(row["text"], row["lang"]) for row in rows], seed, count, others)
    if grouping is None:
        return None
    of_posts, of_others = grouping.split(len(rows))
    names, words = {0: NONE}, {0: ""}
    for number, words_of in naming.words_by_language(rows, of_posts, minimum).items():
        spoken = Counter(row["lang"] for row, label in zip(rows, of_posts.labels, strict=True) if label == number)
        names[number] = for_terminal(f"{number}: {naming.name(words_of, spoken, of_posts.closeness[number - 1])}")
        listed_words = "; ".join(
            f"{languages.name(lang)}: {', '.join(f'{word} {len(places) / spoken[lang]:.0%}' for word, places in listed.items())}"
            for lang, listed in words_of.items()
        )
        words[number] = for_terminal(listed_words)
    return _Topics(of_posts, of_others, names, words)


def sample_size(rows: Rows) -> str:
    """Say how many posts stand behind rows with a number of posts."""
    return f"a random sample of {sum(row['posts'] for row in rows):,} posts that are not retweets"
