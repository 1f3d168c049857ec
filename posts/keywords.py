"""The entries of keywords.txt: words, phrases, #hashtags, and beginnings of words. Pure but for reading the file.

Words are compared as people read them (text.fold) and whole; `climate*` is the beginning of one. Signs in a keyword count: `C++` is
not `C`. Scripts that put no space between words (Japanese, Chinese, Thai, ...) are searched as plain text.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from .text import HASHTAG_SIGNS, LETTER, MARKS, UNSPACED, WORD, evenly_spaced, fold, without_loose_signs

_SIGN_IN_HASHTAG = re.compile(rf"[^\w{MARKS}\s{HASHTAG_SIGNS}]")
_COMMENT = re.compile(r"(?:^|\s)#(?:[\s#].*)?$")
_QUOTES = "\"'\u201c\u201d"
_SHORTEST = 2  # letters of a beginning: a* would match half of all posts


class KeywordsError(ValueError):
    """An entry that no post could match, or a file that is no text. The message names the line and what to write."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """One entry of the file: `entry` as written, `form` as compared, `kind` how."""

    entry: str
    form: str
    kind: str  # word | phrase | hashtag | signs | substring; or beginning | hashtag beginning, of a word, where the entry ends with *


@dataclass(frozen=True, slots=True)
class Keywords:
    """The entries of the file. A post is kept if it matches any of `keep`, or if `keep` is empty, and none of `drop`."""

    keep: tuple[Keyword, ...] = ()
    drop: tuple[Keyword, ...] = ()


def read_keywords(path: Path) -> Keywords:
    """Raises KeywordsError, naming the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Keywords()
    except (UnicodeDecodeError, OSError) as error:
        raise KeywordsError(f"{path.name} cannot be read as UTF-8 text ({error}). Save it as UTF-8.") from None
    return parse_keywords(text, path.name)


def parse_keywords(text: str, name: str = "keywords.txt") -> Keywords:
    """Parse one entry a line. `#` alone or before a space begins a comment, `#word` is a hashtag, a leading `-` drops.

    Raises KeywordsError for an entry that no post could match, naming the line.
    """
    keep: dict[tuple[str, str], Keyword] = {}
    drop: dict[tuple[str, str], Keyword] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        entry = _COMMENT.sub("", line).strip()
        if not entry:
            continue
        target, bare = (drop, entry[1:].strip()) if entry.startswith("-") else (keep, entry)
        if bare.startswith("#") and len(bare.split()) > 1:
            raise KeywordsError(
                f"{name}, line {number}: '{entry}' is a hashtag with a space in it, which no post could match. "
                "Write each hashtag and each phrase on a line of its own."
            )
        text = bare.strip(_QUOTES)
        begins = text.endswith("*")
        if bare.startswith("#") and (sign := _SIGN_IN_HASHTAG.search(fold(text.removesuffix("*"))[1:])):
            raise KeywordsError(
                f"{name}, line {number}: '{entry}' has the sign {sign.group()} in it, where X ends a hashtag, so no post could match it. "
                "Leave out the # to look for the text, or what follows the sign."
            )
        keyword = _beginning(entry, text[:-1]) if begins else _keyword(entry, text)
        if keyword is None and begins:
            raise KeywordsError(
                f"{name}, line {number}: '{entry}' is to match beginnings of words, so before the * there have to be two letters or more, "
                "and no other signs. Write climate*, climate chang* or #climate*."
            )
        if keyword is None:
            raise KeywordsError(
                f"{name}, line {number}: '{entry}' has no letter or digit, so no post could match it. "
                "Write a word, a #hashtag or a phrase, or begin a comment with '# '."
            )
        target.setdefault((keyword.kind, keyword.form), keyword)
    return Keywords(tuple(keep.values()), tuple(drop.values()))


def _beginning(entry: str, bare: str) -> Keyword | None:
    """Return the keyword of an entry that ends with *, given without it. None where no word begins there."""
    keyword = _keyword(entry, bare)
    if keyword is None or len(keyword.form) < _SHORTEST or not LETTER.match(keyword.form[-1]):
        return None
    kinds = {"word": "beginning", "phrase": "beginning", "hashtag": "hashtag beginning", "substring": "substring"}
    return Keyword(entry, keyword.form, kinds[keyword.kind]) if keyword.kind in kinds else None


def _keyword(entry: str, bare: str) -> Keyword | None:
    form = fold(bare)
    if form.startswith("#"):
        return Keyword(entry, form[1:], "hashtag") if LETTER.search(form) else None
    if UNSPACED.search(form):
        return Keyword(entry, " ".join(form.split()), "substring")
    words = WORD.findall(form)
    if not words:
        return None
    bare_form = without_loose_signs(form)
    if bare_form != " ".join(words):
        return Keyword(entry, evenly_spaced(form), "signs")
    return Keyword(entry, bare_form, "word" if len(words) == 1 else "phrase")
