"""Which posts are kept: keywords.txt, LANGUAGES, KEEP_RETWEETS. Pure but for reading the file.

X charges for a post whether it is stored or not, so dropping is the user's wish alone: an empty or missing file keeps all.
Words are compared as people read them (texts.fold) and whole; `climate*` is the beginning of one. Signs in a keyword count: `C++` is
not `C`. Scripts that put no space between words (Japanese, Chinese, Thai, ...) are searched as plain text.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .. import languages
from ..errors import ConfigurationError
from ..post import Post
from ..settings import Settings
from ..texts import fold

# Vowel signs and accents belong to the word, though Python's \w leaves them out.
_MARKS = "".join(chr(c) for c in range(0x0300, 0xFE30) if unicodedata.category(chr(c)) in ("Mn", "Mc"))
_WORD = re.compile(rf"[\w{_MARKS}]+")
_HASHTAG = re.compile(rf"#([\w{_MARKS}]+)")
_LETTER = re.compile(rf"[\w{_MARKS}]")
_SIGN_IN_HASHTAG = re.compile(rf"[^\w{_MARKS}\s·・〜\u05f3\u05f4]")  # X lets the last five stand in one
_COMMENT = re.compile(r"(?:^|\s)#(?:[\s#].*)?$")
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_QUOTES = "\"'\u201c\u201d"
# What people write or leave out as they like between words (hip-hop, St. Vincent, don't): it counts as a space.
_LOOSE = re.compile(r"[\s,;:'\"\u2018-\u201f()\[\]{}«»¿¡\u2010-\u2015-]+|\.(?=\s|$)|(?<=\s)\.(?=\s)")
_SPACED_SIGN = re.compile("[&/]")  # written with spaces around them or without: R & B
_DOUBLED = "+#"  # C+ is not C++
_SHORTEST = 2  # letters of a beginning: a* would match half of all posts


# `filtered.reason`
DROPPED = {
    "no_keyword": "keywords.txt has words to keep, and the post has none of them",
    "excluded": "the post has a word that keywords.txt drops (`-word`)",
    "language": "LANGUAGES does not name the post's language",
    "retweet": "KEEP_RETWEETS is false",
}


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


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is None for a post that is kept; `keywords` are the entries that decided: that kept it, or dropped it."""

    reason: str | None
    keywords: tuple[str, ...] = ()


def read_keywords(path: Path) -> Keywords:
    """Raises ConfigurationError, naming the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Keywords()
    except (UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"{path.name} cannot be read as UTF-8 text ({error}). Save it as UTF-8.") from None
    return parse_keywords(text, path.name)


def parse_keywords(text: str, name: str = "keywords.txt") -> Keywords:
    """Parse one entry a line. `#` alone or before a space begins a comment, `#word` is a hashtag, a leading `-` drops.

    Raises ConfigurationError for an entry that no post could match, naming the line.
    """
    keep: dict[tuple[str, str], Keyword] = {}
    drop: dict[tuple[str, str], Keyword] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        entry = _COMMENT.sub("", line).strip()
        if not entry:
            continue
        target, bare = (drop, entry[1:].strip()) if entry.startswith("-") else (keep, entry)
        if bare.startswith("#") and len(bare.split()) > 1:
            raise ConfigurationError(
                f"{name}, line {number}: '{entry}' is a hashtag with a space in it, which no post could match. "
                "Write each hashtag and each phrase on a line of its own."
            )
        text = bare.strip(_QUOTES)
        begins = text.endswith("*")
        if bare.startswith("#") and (sign := _SIGN_IN_HASHTAG.search(fold(text.removesuffix("*"))[1:])):
            raise ConfigurationError(
                f"{name}, line {number}: '{entry}' has the sign {sign.group()} in it, where X ends a hashtag, so no post could match it. "
                "Leave out the # to look for the text, or what follows the sign."
            )
        keyword = _beginning(entry, text[:-1]) if begins else _keyword(entry, text)
        if keyword is None and begins:
            raise ConfigurationError(
                f"{name}, line {number}: '{entry}' is to match beginnings of words, so before the * there have to be two letters or more, "
                "and no other signs. Write climate*, climate chang* or #climate*."
            )
        if keyword is None:
            raise ConfigurationError(
                f"{name}, line {number}: '{entry}' has no letter or digit, so no post could match it. "
                "Write a word, a #hashtag or a phrase, or begin a comment with '# '."
            )
        target.setdefault((keyword.kind, keyword.form), keyword)
    return Keywords(tuple(keep.values()), tuple(drop.values()))


def judge(post: Post, keywords: Keywords, settings: Settings) -> Verdict:
    """Decide whether a post is kept. A post without a language is kept only if LANGUAGES has 'und'."""
    columns = post.columns
    if not settings.keep_retweets and columns["retweet_of"]:
        return Verdict("retweet")
    if settings.languages and languages.code_of(columns["lang"] or "") not in settings.languages:
        return Verdict("language")
    if not keywords.keep and not keywords.drop:
        return Verdict(None)
    folded = fold(f"{post.text}\n{post.quoted_text}")
    words = _WORD.findall(folded)
    hashtags = {fold(tag) for tag in columns["hashtags"]} | set(_HASHTAG.findall(folded))
    signs = any(keyword.kind == "signs" for keyword in (*keywords.drop, *keywords.keep))
    seen = _Seen(
        folded, f" {' '.join(words)} ", hashtags.union(words), hashtags, _evenly_spaced(folded) if signs else ""
    )
    if dropped := tuple(keyword.entry for keyword in keywords.drop if seen.has(keyword)):
        return Verdict("excluded", dropped)
    matched = tuple(keyword.entry for keyword in keywords.keep if seen.has(keyword))
    return Verdict(None, matched) if matched or not keywords.keep else Verdict("no_keyword")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A post's text, split once for all keywords."""

    folded: str
    spaced: str
    words: set[str]
    hashtags: set[str]
    evenly_spaced: str  # for entries with signs; empty where there is none

    def has(self, keyword: Keyword) -> bool:
        match keyword.kind:
            case "word":
                return keyword.form in self.words
            case "hashtag":
                return keyword.form in self.hashtags
            case "phrase":
                return f" {keyword.form} " in self.spaced
            case "beginning":  # of a word of the text, or of a hashtag
                return f" {keyword.form}" in self.spaced or any(tag.startswith(keyword.form) for tag in self.hashtags)
            case "hashtag beginning":
                return any(tag.startswith(keyword.form) for tag in self.hashtags)
            case "signs":
                return _written(keyword.form).search(self.evenly_spaced) is not None
            case _:
                return keyword.form in self.folded


def _beginning(entry: str, bare: str) -> Keyword | None:
    """Return the keyword of an entry that ends with *, given without it. None where no word begins there."""
    keyword = _keyword(entry, bare)
    if keyword is None or len(keyword.form) < _SHORTEST or not _LETTER.match(keyword.form[-1]):
        return None
    kinds = {"word": "beginning", "phrase": "beginning", "hashtag": "hashtag beginning", "substring": "substring"}
    return Keyword(entry, keyword.form, kinds[keyword.kind]) if keyword.kind in kinds else None


def _keyword(entry: str, bare: str) -> Keyword | None:
    form = fold(bare)
    if form.startswith("#"):
        return Keyword(entry, form[1:], "hashtag") if _LETTER.search(form) else None
    if UNSPACED.search(form):
        return Keyword(entry, " ".join(form.split()), "substring")
    words = _WORD.findall(form)
    if not words:
        return None
    bare_form = " ".join(_LOOSE.sub(" ", form).split())
    if bare_form != " ".join(words):
        return Keyword(entry, _evenly_spaced(form), "signs")
    return Keyword(entry, bare_form, "word" if len(words) == 1 else "phrase")


def _evenly_spaced(folded: str) -> str:
    """Return a text in which loose punctuation is one space, and so is what may stand around `&` and `/`."""
    return " ".join(_SPACED_SIGN.sub(r" \g<0> ", _LOOSE.sub(" ", folded)).split())


@lru_cache(maxsize=2_048)
def _written(form: str) -> re.Pattern[str]:
    """Return a pattern for an entry with signs, in a text and a form that are evenly spaced.

    A letter at the edge ends a word there. After a sign no letter follows: `C#` is not in `C#m`, and `C++` is in `C++17`. Nothing in
    the pattern repeats, so no text makes it slow.
    """
    last = form[-1]
    doubled = rf"(?!{re.escape(last)})" if last in _DOUBLED else ""
    no_more = rf"(?![\w{_MARKS}])" if _LETTER.match(last) else r"(?![^\W\d_])"
    return re.compile(rf"(?<![\w{_MARKS}]){re.escape(form)}{doubled}{no_more}")
