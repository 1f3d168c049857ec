"""Which posts are kept: keywords.txt, LANGUAGES, KEEP_RETWEETS. Pure.

X charges for a post whether it is stored or not, so nothing is dropped unless you configure it: an empty or missing file keeps all.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from . import languages
from .keywords import Keyword, Keywords
from .post import ParsedPost
from .text import HASHTAG, LETTER, MARKS, WORD, evenly_spaced, fold

_DOUBLED = "+#"  # C+ is not C++

# `filtered.reason`
DROPPED = {
    "no_keyword": "keywords.txt has words to keep, and the post has none of them",
    "excluded": "the post has a word that keywords.txt drops (`-word`)",
    "language": "LANGUAGES does not name the post's language",
    "retweet": "KEEP_RETWEETS is false",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What a person wants to keep. The default keeps everything."""

    keywords: Keywords = field(default_factory=Keywords)
    languages: frozenset[str] = frozenset()  # codes as languages.py compares them; empty keeps all
    keep_retweets: bool = True


@dataclass(frozen=True, slots=True)
class FilterDecision:
    """`reason` is None for a post that is kept; `keywords` are the entries that decided: that kept it, or dropped it."""

    reason: str | None
    keywords: tuple[str, ...] = ()


def apply_filter(post: ParsedPost, topic: Filter) -> FilterDecision:
    """Decide whether a post is kept. A post without a language is kept only if LANGUAGES has 'und'."""
    columns = post.columns
    if not topic.keep_retweets and columns["retweet_of"]:
        return FilterDecision("retweet")
    if topic.languages and languages.language_code(columns["lang"] or "") not in topic.languages:
        return FilterDecision("language")
    if not topic.keywords.keep and not topic.keywords.drop:
        return FilterDecision(None)
    folded = fold(f"{post.text}\n{post.quoted_text}")
    words = WORD.findall(folded)
    hashtags = {fold(tag) for tag in columns["hashtags"]} | set(HASHTAG.findall(folded))
    signs = any(keyword.kind == "signs" for keyword in (*topic.keywords.drop, *topic.keywords.keep))
    text = _FoldedText(
        folded, f" {' '.join(words)} ", hashtags.union(words), hashtags, evenly_spaced(folded) if signs else ""
    )
    if dropped := tuple(keyword.entry for keyword in topic.keywords.drop if text.matches(keyword)):
        return FilterDecision("excluded", dropped)
    matched = tuple(keyword.entry for keyword in topic.keywords.keep if text.matches(keyword))
    return FilterDecision(None, matched) if matched or not topic.keywords.keep else FilterDecision("no_keyword")


@dataclass(frozen=True, slots=True)
class _FoldedText:
    """A post's text, split once for all keywords."""

    folded: str
    spaced: str
    words: set[str]
    hashtags: set[str]
    evenly_spaced: str  # for entries with signs; empty where there is none

    def matches(self, keyword: Keyword) -> bool:
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
                return _pattern(keyword.form).search(self.evenly_spaced) is not None
            case _:
                return keyword.form in self.folded


@lru_cache(maxsize=2_048)
def _pattern(form: str) -> re.Pattern[str]:
    """Return a pattern for an entry with signs, in a text and a form that are evenly spaced.

    A letter at the edge ends a word there. After a sign no letter follows: `C#` is not in `C#m`, and `C++` is in `C++17`. Nothing in
    the pattern repeats, so no text makes it slow.
    """
    last = form[-1]
    doubled = rf"(?!{re.escape(last)})" if last in _DOUBLED else ""
    no_more = rf"(?![\w{MARKS}])" if LETTER.match(last) else r"(?![^\W\d_])"
    return re.compile(rf"(?<![\w{MARKS}]){re.escape(form)}{doubled}{no_more}")
