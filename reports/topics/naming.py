"""Names topics by the words that set them apart from the other posts. Pure.

Words are compared within a language, so that a topic of several languages is not named by the words of one, and no word counts as typical
because its language is.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from .. import words
from .grouping import Grouping

Rows = list[dict[str, Any]]

_RATIO = 2.0  # times the odds of the other posts: words that the whole collection shares name no topic
_OF_NAME = 4  # words
_OF_LANGUAGE = 5  # words
_LANGUAGES = 3  # with most of a topic's posts
_FEWEST = 30  # posts of a language: of fewer, the words are chance


def words_by_language(rows: Rows, grouping: Grouping, minimum: int) -> dict[int, dict[str, list[str]]]:
    """Return the words of each topic by language, the language with most of its posts first.

    `rows` are posts of topics.sql. A word is in at least `minimum` posts of the topic. Where a language has hardly any posts outside a
    topic, nothing sets the topic apart within it, and its words are compared with those of all languages.
    """
    texts = words.read([row | {"is_this_week": False, "rules": [], "parts": []} for row in rows])
    everywhere = _distinctive(texts, grouping.labels, minimum)
    within = {}
    for lang, count in Counter(text.lang for text in texts).items():
        if count >= _FEWEST:
            chosen = [pair for pair in zip(texts, grouping.labels, strict=True) if pair[0].lang == lang]
            within[lang] = _distinctive([text for text, _ in chosen], [label for _, label in chosen], minimum)
    found: dict[int, dict[str, list[str]]] = {}
    for number in sorted(set(grouping.labels) - {0}):
        places = [place for place, label in enumerate(grouping.labels) if label == number]
        places.sort(key=lambda place: grouping.distances[place] or 0)
        found[number] = {}
        for lang, _ in Counter(texts[place].lang for place in places).most_common(_LANGUAGES):
            spoken = [place for place in places if texts[place].lang == lang]
            inside = [texts[place].words for place in spoken]
            candidates = within.get(lang, {}).get(number) or [
                row for row in everywhere[number] if sum(row["word"] in text for text in inside) >= minimum
            ]
            central_first = "\n".join(rows[place]["text"] for place in spoken)
            if chosen_words := _covering(_in_order(candidates, central_first), inside):
                found[number][lang] = chosen_words
    return found


def _distinctive(texts: Sequence[words.Text], labels: Sequence[int], minimum: int) -> dict[int, Rows]:
    parts = {str(number): [label == number for label in labels] for number in sorted(set(labels) - {0})}
    found: dict[int, Rows] = defaultdict(list)
    for row in words.distinctive(texts, parts, minimum, ratio=_RATIO):
        found[int(row["part"])].append(row)
    return found


def _in_order(candidates: Rows, texts: str) -> list[str]:
    """Return the words, the surest first. The words of a text that many repeat are equally sure: they keep its order."""
    folded = texts.lower()
    place = {row["word"]: folded.find(row["word"]) for row in candidates}
    return [row["word"] for row in sorted(candidates, key=lambda row: (-row["z"], place[row["word"]]))]


def _covering(candidates: list[str], texts: list[frozenset[str]]) -> list[str]:
    """Return the words that stand for most of the texts: each is the one in most texts that have none of those before it."""
    chosen: list[str] = []
    while candidates and len(chosen) < _OF_LANGUAGE:
        best = max(candidates, key=lambda word: sum(word in text for text in texts))
        chosen.append(best)
        texts = [text for text in texts if best not in text]
        candidates = [word for word in candidates if word.lstrip("#") != best.lstrip("#")]  # award and #award are one
    return chosen


def name(words_of: Mapping[str, Sequence[str]], posts: Mapping[str, int]) -> str:
    """Return a few words of a topic, of each language as many as its share of the topic's `posts` allows (D'Hondt's rule)."""
    left = {lang: list(found) for lang, found in words_of.items()}
    seats: Counter[str] = Counter()
    chosen: list[str] = []
    while any(left.values()) and len(chosen) < _OF_NAME:
        lang = max((lang for lang in left if left[lang]), key=lambda lang: posts[lang] / (seats[lang] + 1))
        seats[lang] += 1
        word = left[lang].pop(0)
        if word not in chosen:
            chosen.append(word)
    return ", ".join(chosen) or "no words of its own"
