"""What the filter drops has been paid for: the text that says the same in X's rule, so that X does not deliver it."""

import os
from pathlib import Path

from posts import languages as languages_of_x
from posts.keywords import Keywords, KeywordsError, read_keywords
from posts.rule_text import RULE_CHARACTERS, rule_clause, unsupported_entries

from .rows import Rows

KEYWORDS = Path(__file__).parents[1] / "functions" / "load_tweet" / "keywords.txt"


def spelled_out(rows: Rows, keywords: Keywords, languages: str) -> Rows:
    """The rows of dropped.sql, with keywords.txt and LANGUAGES as X writes them; as they were where neither is known."""
    try:
        codes = sorted(filter(None, map(languages_of_x.operator, languages_of_x.chosen(languages))))
    except ValueError:
        codes = []
    words = {
        "no_keyword": "" if unsupported_entries(keywords) else rule_clause(Keywords(keep=keywords.keep)),
        "excluded": rule_clause(Keywords(drop=keywords.drop)),
        "language": f"({' OR '.join(f'lang:{code}' for code in codes)})" if codes else "",
    }
    return [{**row, "in_the_rule": _add(words.get(row["reason"], "")) or row["in_the_rule"]} for row in rows]


def project_savings(rows: Rows) -> Rows:
    """Return `spelled_out` for the keywords file and the environment of this checkout, which are the deployed ones unless changed since."""
    try:
        keywords = read_keywords(KEYWORDS)
    except (KeywordsError, OSError):
        keywords = Keywords()
    return spelled_out(rows, keywords, os.environ.get("LANGUAGES", ""))


def _add(text: str) -> str:
    if not text:
        return ""
    too_long = (
        f" (too long for one rule of {RULE_CHARACTERS:,} characters: make several)"
        if len(text) >= RULE_CHARACTERS
        else ""
    )
    return f"add {text}{too_long}"
