"""Names topics by the words and phrases that set them apart from the other posts. Pure.

They are compared within a language, so that a topic of several languages is not named by the words of one, and no word counts as typical
because its language is.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from posts import languages
from posts.text import UNSPACED

from .. import words
from .grouping import Grouping

Rows = list[dict[str, Any]]

_RATIO = 2.0  # times the odds of the other posts: words that the whole collection shares name no topic
_SHARE = 0.05  # of a topic's posts in a language: rarer words would say what few of them are about
_OF_NAME = 4  # words or phrases
_LONGEST = 32  # characters of a name, unless its first phrase is longer: a chart has room for no more
_OF_LANGUAGE = 5  # words or phrases
_CANDIDATES = 60  # words or phrases, the surest
_LANGUAGES = 5  # with most of a topic's posts
_OF_TOPIC = 0.1  # of a topic's posts: a rarer language has no words in it
_MIXED = 0.12  # closeness: of topics with less, a reader said of most that their posts have no subject in common
_SHORT = 4  # letters: the s of news is no plural's
_ACCENT = re.compile("[\u0300-\u036f]")  # of Latin and Greek letters; vowel signs of other scripts tell words apart
_WHOLE = 0.8  # of a word's posts have a phrase with it: the phrase stands for the word


Words = dict[str, frozenset[int]]  # each with the places of the topic's posts that have it


def words_by_language(rows: Rows, grouping: Grouping, minimum: int) -> dict[int, dict[str, Words]]:
    """Return the words and phrases of each topic by language, the language with most of its posts first.

    `rows` are posts of topics.sql. A word is in at least `minimum` posts of the topic. Where nothing sets a topic apart within a language,
    because the language has few posts or hardly any outside the topic, its words are compared with those of all languages.
    """
    texts = words.read([row | {"is_this_week": False, "rules": [], "parts": []} for row in rows])
    texts = [replace(text, words=text.words | text.phrases) for text in texts]
    # within a language, by its code; within all of them, by ''
    distinctive = cache(lambda lang: _distinctive(texts, grouping.labels, lang, minimum))
    words_of: dict[int, dict[str, Words]] = {}
    for number in sorted(set(grouping.labels) - {0}):
        places = [place for place, label in enumerate(grouping.labels) if label == number]
        places.sort(key=lambda place: grouping.distances[place] or 0)
        words_of[number] = {}
        ordered = Counter(texts[place].lang for place in places).most_common(_LANGUAGES)
        for lang in (lang for lang, count in ordered if count >= min(_OF_TOPIC * len(places), ordered[0][1])):
            spoken = {place: texts[place].words for place in places if texts[place].lang == lang}
            central_first = "\n".join(rows[place]["text"] for place in spoken)
            for candidates in (distinctive(lang)[number], distinctive("")[number]):
                if frequent := _frequent(_in_order(candidates, central_first), spoken, minimum):
                    words_of[number][lang] = _covering(frequent)
                    break
    return words_of


def _distinctive(texts: Sequence[words.Text], labels: Sequence[int], lang: str, minimum: int) -> dict[int, Rows]:
    """Return the rows of words.distinctive for each topic, among the posts of a language."""
    among = [place for place, text in enumerate(texts) if lang in ("", text.lang)]
    parts = {str(number): [labels[place] == number for place in among] for number in sorted(set(labels) - {0})}
    distinctive: dict[int, Rows] = defaultdict(list)
    for row in words.distinctive([texts[place] for place in among], parts, minimum, ratio=_RATIO, most=_CANDIDATES):
        distinctive[int(row["part"])].append(row)
    return distinctive


def _in_order(candidates: Rows, texts: str) -> list[str]:
    """Return the words, the surest first. The words of a text that many repeat are equally sure: they keep its order."""
    folded = texts.lower()
    place = {row["word"]: folded.find(row["word"]) for row in candidates}
    return [row["word"] for row in sorted(candidates, key=lambda row: (-row["z"], place[row["word"]]))]


def _frequent(candidates: Sequence[str], texts: Mapping[int, frozenset[str]], minimum: int) -> Words:
    """Return the words that enough of the texts have. A letter alone says nothing."""
    needed = max(minimum, _SHARE * len(texts))
    long = [word for word in candidates if len(word) > 1 or not word.isascii()]
    having = {word: frozenset(place for place, text in texts.items() if word in text) for word in long}
    return {word: places for word, places in having.items() if len(places) >= needed}


def _covering(having: Words) -> Words:
    """Return the words that stand for most of the posts: each is the one in most posts that have none of those before it."""
    candidates = list(having)
    uncovered = frozenset[int]().union(*having.values())
    chosen: Words = {}
    while candidates and len(chosen) < _OF_LANGUAGE:
        best = max(candidates, key=lambda word: len(having[word] & uncovered))
        phrases = [word for word in candidates if word != best and _contains(word, best)]
        phrase = max(phrases, key=lambda word: len(having[word]), default=best)
        best = phrase if len(having[phrase]) >= _WHOLE * len(having[best]) else best
        chosen[best] = having[best]
        uncovered -= having[best]
        candidates = [word for word in candidates if not _overlap(word, best)]
    return chosen


def _contains(phrase: str, word: str) -> bool:
    is_unspaced = UNSPACED.search(word) is not None
    return word in phrase if is_unspaced else _forms(word) < _forms(phrase)


def _overlap(word: str, other: str) -> bool:
    """Say whether two words or phrases have a word in common, or are spellings of one."""
    if UNSPACED.search(word) and UNSPACED.search(other):
        return word in other or other in word
    return bool(_forms(word) & _forms(other))


def _forms(term: str) -> frozenset[str]:
    """Return the words of a term without what tells spellings apart: #award and awards are one, as are vídeo and video."""
    bare = _ACCENT.sub("", unicodedata.normalize("NFD", term.replace("#", "")))
    return frozenset(
        word[:-1] if word.endswith("s") and len(word) > _SHORT else word for word in re.split(r"[ ']", bare)
    )


def name(words_of: Mapping[str, Words], posts: Mapping[str, int], closeness: float) -> str:
    """Return a few words of a topic, of each language as many as its share of the topic's `posts` allows (D'Hondt's rule).

    None is in less than half as many posts as its language's most frequent one. A comma joins words that posts have together, a stroke
    parts words of different posts. `mixed` comes before them if the posts are not close.
    """
    having: Words = {}
    unused: dict[str, list[str]] = {}
    for lang, listed in words_of.items():
        most = max(len(places) for places in listed.values())
        unused[lang] = [word for word, places in listed.items() if len(places) >= most / 2]
        having |= {word: having.get(word, frozenset()) | places for word, places in listed.items()}
    seats: Counter[str] = Counter()
    chosen: list[str] = []
    while any(unused.values()) and len(chosen) < _OF_NAME:
        lang = max((lang for lang in unused if unused[lang]), key=lambda lang: posts[lang] / (seats[lang] + 1))
        seats[lang] += 1
        word = unused[lang].pop(0)
        is_new = not any(_overlap(word, earlier) for earlier in chosen)
        if not chosen or (is_new and len(_joined([*chosen, word], having)) <= _LONGEST):
            chosen.append(word)
    largest = max(posts, key=lambda lang: posts[lang])
    spoken = f"{languages.name(largest)}, " if 2 * posts[largest] > sum(posts.values()) else ""
    named = _joined(chosen, having) or f"{spoken}no typical words"
    return f"mixed: {named}" if closeness < _MIXED else named


def _joined(chosen: Sequence[str], having: Words) -> str:
    together: list[list[str]] = []
    for word in chosen:
        for group in together:
            if any(_occur_together(having[word], having[other]) for other in group):
                group.append(word)
                break
        else:
            together.append([word])
    return " / ".join(", ".join(group) for group in together)


def _occur_together(some: frozenset[int], others: frozenset[int]) -> bool:
    return len(some & others) >= min(len(some), len(others)) / 2
