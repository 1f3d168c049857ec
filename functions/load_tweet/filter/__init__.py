"""Which posts are kept: keywords.txt, LANGUAGES, KEEP_RETWEETS. Pure but for reading the file.

X charges for a post whether it is stored or not, so dropping is the user's wish alone: an empty or missing file keeps all.
Words are compared as people read them: Unicode-folded (NFKC), case-folded, whole. Scripts that put no space between
words (Japanese, Chinese, Thai, ...) are searched as plain text.
"""

import html
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigurationError
from ..row import Post
from ..settings import Settings

# Vowel signs and accents belong to the word, though Python's \w leaves them out; so do the joiners of Persian and Hindi.
_MARKS = "".join(chr(c) for c in range(0x0300, 0xFE30) if unicodedata.category(chr(c)) in ("Mn", "Mc")) + "\u200c\u200d"
_WORD = re.compile(rf"[\w{_MARKS}]+")
_HASHTAG = re.compile(rf"#([\w{_MARKS}]+)")
# Signs that NFKC would make letters of (Nike™), and those that only choose how the one before looks (❤️)
_NOT_TEXT = re.compile("[™℠®©\ufe00-\ufe0f]")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_QUOTES = "\"'\u201c\u201d"


@dataclass(frozen=True, slots=True)
class Keyword:
    """One entry of the file: `entry` as written, `form` as compared, `kind` how."""

    entry: str
    form: str
    kind: str  # word | phrase | hashtag | substring


@dataclass(frozen=True, slots=True)
class Keywords:
    """What the file says: what keeps a post (any of them; none: everything) and what drops it."""

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
    """One entry a line; `#` alone or before a space begins a comment, `#word` is a hashtag, a leading `-` drops."""
    keep: dict[tuple[str, str], Keyword] = {}
    drop: dict[tuple[str, str], Keyword] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.strip()
        if not entry or re.match(r"#(\s|#|$)", entry):
            continue
        target, bare = (drop, entry[1:].strip()) if entry.startswith("-") else (keep, entry)
        if bare.startswith("#") and len(bare.split()) > 1:
            raise ConfigurationError(
                f"{name}, line {number}: '{entry}' is a hashtag with a space in it, which no post could match. "
                "Write each hashtag and each phrase on a line of its own."
            )
        keyword = _keyword(entry, bare.strip(_QUOTES))
        if keyword is None:
            raise ConfigurationError(
                f"{name}, line {number}: '{entry}' has no letter or digit, so no post could match it. "
                "Write a word, a #hashtag or a phrase, or begin a comment with '# '."
            )
        target.setdefault((keyword.kind, keyword.form), keyword)
    return Keywords(tuple(keep.values()), tuple(drop.values()))


def judge(post: Post, keywords: Keywords, settings: Settings) -> Verdict:
    """Cheapest test first; a post without a language is kept by none of LANGUAGES but 'und'."""
    columns = post.columns
    if not settings.keep_retweets and columns["retweet_of"]:
        return Verdict("retweet")
    if settings.languages and (columns["lang"] or "und").lower() not in settings.languages:
        return Verdict("language")
    if not keywords.keep and not keywords.drop:
        return Verdict(None)
    folded = _fold(f"{post.text}\n{post.quoted_text}")
    words = _WORD.findall(folded)
    hashtags = {_fold(tag) for tag in columns["hashtags"]} | set(_HASHTAG.findall(folded))
    seen = _Seen(folded, f" {' '.join(words)} ", hashtags.union(words), hashtags)
    if dropped := tuple(keyword.entry for keyword in keywords.drop if seen.has(keyword)):
        return Verdict("excluded", dropped)
    matched = tuple(keyword.entry for keyword in keywords.keep if seen.has(keyword))
    return Verdict(None, matched) if matched or not keywords.keep else Verdict("no_keyword")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A post's text, taken apart once for all keywords."""

    folded: str
    spaced: str
    words: set[str]
    hashtags: set[str]

    def has(self, keyword: Keyword) -> bool:
        match keyword.kind:
            case "word":
                return keyword.form in self.words
            case "hashtag":
                return keyword.form in self.hashtags
            case "phrase":
                return f" {keyword.form} " in self.spaced
            case _:
                return keyword.form in self.folded


def _keyword(entry: str, bare: str) -> Keyword | None:
    form = _fold(bare)
    if form.startswith("#"):
        tag = "".join(_WORD.findall(form))
        return Keyword(entry, tag, "hashtag") if tag else None
    if _UNSPACED.search(form):
        return Keyword(entry, " ".join(form.split()), "substring")
    words = _WORD.findall(form)
    return Keyword(entry, " ".join(words), "word" if len(words) == 1 else "phrase") if words else None


def _fold(text: str) -> str:
    """X escapes &, < and > in texts."""
    if "&" in text:
        text = html.unescape(text)
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", _NOT_TEXT.sub("", text)).casefold()
