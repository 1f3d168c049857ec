"""Which words and phrases are in the texts, and which of them set one part of the posts apart from the rest. Pure.

A word is what Unicode's rules make of a text (UAX #29, by ICU), with ICU's dictionaries for scripts that put no space between words.
Links and mentions are no words; a hashtag is one, with its sign. A post counts once for each of its words.
Words that differ only in how they are written (case, apostrophes, how accents are stored) are one, shown as most posts write it.
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import stopwordsiso
from icu4py.breakers import WordBreaker

from posts import languages
from posts.text import HASHTAG_AS_WRITTEN, as_written, fold, limit_accents

Rows = list[dict[str, Any]]

MOST_TEXTS = 20_000  # posts whose words are counted, as words.sql has it
LANGUAGES = 6  # with most posts: the others have too few words to count
LANGUAGE_WORDS = 20  # words
PART_WORDS = 12  # words that set a part apart
LONGEST = 3  # words of a phrase
_FEWEST_AUTHORS = 2  # one of several authors who repeats a word does not make it a topic
_SURE = 2.58  # standard errors above zero: 1 of 200 by chance
_WHOLE = re.compile(rf"https?://\S+|(?<!\w)@\w+|{HASHTAG_AS_WRITTEN.pattern}")
_ELIDING = frozenset({"fr", "it", "ca"})
_ELISION = re.compile("(?<=[a-zà-ÿ])['’](?=[^\\W\\d_])", re.IGNORECASE)  # l'été
_END = "."  # of a sentence: no phrase goes on behind it
_JOINED = re.compile(r"[\s'’-]*")  # what may stand between the words of a phrase
_RETWEET = re.compile(r"^RT @\w+: ")


@dataclass(frozen=True, slots=True)
class Text:
    """A post's words and phrases, each once, and what it is counted under."""

    lang: str
    author: str | None
    hour: datetime
    is_this_week: bool
    rules: tuple[str, ...]
    parts: tuple[str, ...]  # of a comparison
    words: frozenset[str]
    phrases: frozenset[str]


@dataclass(slots=True)
class _Count:
    posts: int = 0
    authors: set[str | None] = field(default_factory=set)


def read(rows: Rows) -> list[Text]:
    """Return the texts of the rows of words.sql."""
    tokenized = [[(word, fold(word), joint) for word, joint in tokens(row["text"], row["lang"])] for row in rows]
    spelling = _spelling((word, form) for tokens in tokenized for word, form, _ in tokens)
    return [_text(row, tokens, spelling) for row, tokens in zip(rows, tokenized, strict=True)]


def _spelling(words: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return for each folded word how it is written most often."""
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for word, form in words:
        written[form][word] += 1
    return {form: min(counts, key=lambda word: (-counts[word], word)) for form, counts in written.items()}


def _text(row: dict[str, Any], tokens: Sequence[tuple[str, str, str | None]], spelling: Mapping[str, str]) -> Text:
    common = _commonest(row["lang"])
    return Text(
        row["lang"],
        row["user_id"],
        row["hour"],
        row["is_this_week"],
        tuple(row["rules"]),
        tuple(row["parts"]),
        frozenset(spelling[form] for _, form, _ in tokens if form not in common),
        frozenset(_phrases([(form, joint) for _, form, joint in tokens], row["lang"], spelling)),
    )


def tokens(text: str, lang: str = "") -> Iterator[tuple[str, str | None]]:
    """Yield each word in small letters, in order, and what joins it to the one before in a phrase: None where no phrase goes on."""
    text = unicodedata.normalize("NFC", limit_accents(_RETWEET.sub("", as_written(text))))
    between = _END
    for piece in _pieces(text):
        if piece.startswith(("#", "＃")) and len(piece) > 1:
            yield f"#{piece[1:].lower()}", None
            between = _END
        elif not piece.startswith(("@", "http://", "https://")) and any(character.isalpha() for character in piece):
            joint = _space(lang) if _JOINED.fullmatch(between) else None
            for word in _ELISION.split(piece) if lang in _ELIDING else (piece,):
                yield word.lower().strip("'’"), joint
                joint = "'"
            between = ""
        else:
            between += piece


def by_language(texts: Sequence[Text]) -> Rows:
    """The most frequent words of each of the largest languages, the language with most posts first."""
    return _by_language(texts, "word", lambda text: text.words)


def phrases_by_language(texts: Sequence[Text]) -> Rows:
    """The most frequent phrases of two and three words; none begins or ends with one of the commonest words."""
    return _by_language(texts, "phrase", lambda text: text.phrases)


def distinctive(
    texts: Sequence[Text],
    parts: Mapping[str, Sequence[bool]],
    minimum: int,
    *,
    ratio: float = 1.0,
    most: int = PART_WORDS,
) -> Rows:
    """Return at most `most` words of each part that are in more of its posts than chance explains, the surest first.

    The odds of a word are at least `ratio` times those elsewhere.

    `parts` say of each text whether it is in the part. `log_odds` is the natural logarithm of the ratio of odds, shrunk towards none by
    the counts of all posts as prior; `z` is how many standard errors that is (Monroe, Colaresi, Quinn 2008, "Fightin' Words", eq. 22).
    """
    rows: Rows = []
    everywhere = _counts(texts)
    totals = {word: count.posts for word, count in everywhere.items()}
    fewest_authors = min(_FEWEST_AUTHORS, len({text.author for text in texts}))
    for part, is_in in parts.items():
        inside = _counts([text for text, within in zip(texts, is_in, strict=True) if within])
        scored = score({word: count.posts for word, count in inside.items()}, totals)
        kept = [
            (z, log_odds, word)
            for word, (log_odds, z) in scored.items()
            if z >= _SURE
            and log_odds >= math.log(ratio)
            and inside[word].posts >= minimum
            and len(inside[word].authors) >= fewest_authors
        ]
        rows += [
            {
                "part": part,
                "word": word,
                "posts": inside[word].posts,
                "elsewhere": everywhere[word].posts - inside[word].posts,
                "log_odds": round(log_odds, 2),
                "z": round(z, 1),
            }
            for z, log_odds, word in sorted(kept, key=lambda scored: (-scored[0], scored[2]))[:most]
        ]
    return rows


def score(inside: Mapping[str, int], everywhere: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """Return log-odds and z of each word of a part, from counts in it and in all posts.

    The prior is as heavy as the smaller side, so that neither a rare word nor a small part looks surer than it is.
    """
    total, here = sum(everywhere.values()), sum(inside.values())
    total_elsewhere = total - here
    if not here or not total_elsewhere:
        return {}
    weight = min(here, total_elsewhere)
    scores = {}
    for word, count in inside.items():
        if everywhere[word] == total:  # it is the only word, so it sets nothing apart
            continue
        prior = everywhere[word] / total * weight
        other_prior = (total - everywhere[word]) / total * weight
        other = everywhere[word] - count
        odds = math.log((count + prior) / (here - count + other_prior))
        odds_elsewhere = math.log((other + prior) / (total_elsewhere - other + other_prior))
        error = math.sqrt(1 / (count + prior) + 1 / (other + prior))
        scores[word] = odds - odds_elsewhere, (odds - odds_elsewhere) / error
    return scores


def _counts(texts: Sequence[Text]) -> dict[str, _Count]:
    counts: dict[str, _Count] = defaultdict(_Count)
    for text in texts:
        for word in text.words:
            count = counts[word]
            count.posts += 1
            count.authors.add(text.author)
    return counts


def _by_language(texts: Sequence[Text], name: str, extract: Any) -> Rows:
    spoken = Counter(text.lang for text in texts)
    rows: Rows = []
    for lang, total in sorted(spoken.items(), key=lambda entry: (-entry[1], entry[0]))[:LANGUAGES]:
        counted: dict[str, _Count] = defaultdict(_Count)
        for text in texts:
            if text.lang == lang:
                for item in extract(text):
                    count = counted[item]
                    count.posts += 1
                    count.authors.add(text.author)
        ordered = sorted(counted.items(), key=lambda entry: (-entry[1].posts, -len(entry[1].authors), entry[0]))
        rows += [
            {
                "lang": lang,
                name: item,
                "posts": count.posts,
                "authors": len(count.authors - {None}),
                "share": count.posts / total,
            }
            for item, count in ordered[:LANGUAGE_WORDS]
            if count.posts > 1
        ]
    return rows


def _pieces(text: str) -> Iterator[str]:
    """Yield links, mentions and hashtags whole, and the rest as ICU cuts it."""
    end = 0
    for whole in (*_WHOLE.finditer(text), None):
        following = text[end : whole.start() if whole else None]
        yield from WordBreaker(following, "root") if following else ()
        if whole:
            yield whole[0]
            end = whole.end()


def _space(lang: str) -> str:
    return "" if lang in ("ja", "zh", "th", "lo", "km", "my") else " "


def _phrases(tokens: Sequence[tuple[str, str | None]], lang: str, spelling: Mapping[str, str]) -> Iterator[str]:
    common = _commonest(lang)
    for begin in range(len(tokens)):
        if tokens[begin][0] in common:
            continue
        phrase = spelling[tokens[begin][0]]
        for form, joint in tokens[begin + 1 : begin + LONGEST]:
            if joint is None:
                break
            phrase += f"{joint}{spelling[form]}"
            if form not in common:
                yield phrase


@cache
def _commonest(lang: str) -> frozenset[str]:
    """The words of a language that say nothing of the topic; of one that is not known, English ones, as they are everywhere."""
    code = languages.operator(lang) or lang  # X says `in` for Indonesian
    own = stopwordsiso.stopwords(code if stopwordsiso.has_lang(code) else "en")
    return frozenset(map(fold, own))
