"""Looking for words in posts, and showing them with what stands around them. Pure.

`new album` finds posts that have both words, "new album" the phrase, album OR record either, -live posts without the word, and climate*
each word that begins so. Texts are compared by `fold`: case, width and how accents are stored do not matter.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from posts.text import UNSPACED, fold, fold_with_places

from .errors import UsageError

# what RE2, BigQuery's engine, and Python's re each call a character of a word
_RE2 = r"[\p{L}\p{M}\p{N}_]"
_RE2_OTHER = r"[^\p{L}\p{M}\p{N}_]"
_ENTITIES = {"&": "&(?:amp;)?", "<": "(?:<|&lt;)", ">": "(?:>|&gt;)"}  # the text is stored escaped, as X sends it
_TERM = re.compile(r'(-?)"([^"]*)"|(\S+)')
_MOST = 20  # terms: each is a condition of its own


@dataclass(frozen=True)
class Search:
    """What a text must say: of each group in `required` one phrase, and none of `excluded`. `typed` is how a person wrote it."""

    typed: str
    required: tuple[tuple[str, ...], ...]
    excluded: tuple[str, ...] = ()

    def patterns(self) -> dict[str, str]:
        """Return RE2's expressions by the name of their parameter: has_1, has_2, ... must match a folded text, not_1 must not."""
        patterns = {f"has_{number}": "|".join(map(pattern, group)) for number, group in enumerate(self.required, 1)}
        return patterns | ({"not_1": "|".join(map(pattern, self.excluded))} if self.excluded else {})

    @cached_property
    def match(self) -> re.Pattern[str]:
        """Return an expression for the phrases that are looked for, in a folded text."""
        return re.compile("|".join(_match(phrase) for group in self.required for phrase in group))


def parse(typed: str) -> Search:
    """Return what a person looks for. Raises UsageError where nothing is looked for, or a quote or an OR is left over."""
    if typed.count('"') % 2:
        raise UsageError(f"--search {typed} has a quotation mark without its other half.")
    groups: list[list[str]] = []
    excluded: list[str] = []
    is_joined = False  # whether an OR stands before
    for minus, phrase, word in _TERM.findall(typed):
        if word == "OR":
            if not groups or is_joined:
                raise UsageError(f"--search {typed}: OR stands between two words or phrases, as in 'album OR record'.")
            is_joined = True
            continue
        is_excluded = bool(minus) or (word.startswith("-") and len(word) > 1)
        term = (phrase or word.removeprefix("-") if is_excluded else phrase or word).strip()
        _check_term(typed, term, is_quoted=bool(phrase))
        if is_excluded:
            if is_joined:
                raise UsageError(f"--search {typed}: what is excluded cannot stand behind OR.")
            excluded.append(term)
        elif is_joined:
            groups[-1].append(term)
        else:
            groups.append([term])
        is_joined = False
    if is_joined:
        raise UsageError(f"--search {typed}: OR stands between two words or phrases, as in 'album OR record'.")
    if not groups:
        raise UsageError(
            "--search needs a word that the posts say, as in --search 'new album' or --search 'album -live'."
        )
    if len(groups) + len(excluded) > _MOST:
        raise UsageError(f"--search takes at most {_MOST} words and phrases.")
    return Search(typed.strip(), tuple(map(tuple, groups)), tuple(excluded))


def _check_term(typed: str, term: str, *, is_quoted: bool) -> None:
    """Raise UsageError for a term that says nothing, or that is meant as a group."""
    if not is_quoted and (term.startswith("(") or (term.endswith(")") and "(" not in term)):
        raise UsageError(
            f"--search {typed}: parentheses do not group. OR joins the two terms beside it, and all else must be in the post; "
            "a phrase with parentheses needs quotation marks."
        )
    if not term.strip("*- \t"):
        raise UsageError("--search needs a word or several, as in --search 'new album' or --search 'climate*'.")


def pattern(phrase: str) -> str:
    """Return RE2's expression for texts that have the phrase: whole words, in this order, compared by `fold`.

    A * at the end matches the beginning of a word. Scripts that put no space between words are found within a text.
    """
    phrase = fold(phrase)
    expression = _phrase(phrase)
    is_beginning, first, last = phrase.endswith("*"), phrase[:1], phrase.rstrip("*")[-1:]
    before = f"(?:^|{_RE2_OTHER})" if _ends_a_word(first) else ""
    boundary = f"(?:{_RE2_OTHER}|$)" if _ends_a_word(last) and not is_beginning else ""
    return f"{before}{expression}{boundary}"


def in_context(rows: list[dict[str, Any]], search: Search) -> list[dict[str, Any]]:
    """Split each row's text at the first phrase that is looked for: `before`, `match` and `after` take the place of `text`."""
    placed = []
    for row in rows:
        text = row["text"]
        folded, places = fold_with_places(text)
        match = search.match.search(folded)
        begin, end = (places[match.start()], places[match.end()]) if match else (0, 0)
        columns = {name: value for name, value in row.items() if name not in ("text", "found")}
        placed.append(
            {**columns, "before": text[:begin], "match": text[begin:end], "after": text[end:], "found": row["found"]}
        )
    return placed


def _match(phrase: str) -> str:
    phrase = fold(phrase)
    is_beginning, first, last = phrase.endswith("*"), phrase[:1], phrase.rstrip("*")[-1:]
    before = r"(?<!\w)" if _ends_a_word(first) else ""
    boundary = r"(?!\w)" if _ends_a_word(last) and not is_beginning else r"\w*" if is_beginning else ""
    return f"{before}{_phrase(phrase)}{boundary}"


def _phrase(phrase: str) -> str:
    words = [re.escape(word) for word in phrase.rstrip("*").split()]
    return "".join(_ENTITIES.get(character, character) for character in r"\s+".join(words))


def _ends_a_word(character: str) -> bool:
    return character.isalnum() and not UNSPACED.match(character)
