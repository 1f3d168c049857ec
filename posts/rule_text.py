"""keywords.txt in the language of X's rules: what the filter drops has been paid for, and a rule keeps X from delivering it. Pure."""

import re

from .keywords import Keyword, Keywords

# https://docs.x.com/x-api/posts/filtered-stream/build-a-rule
RULE_CHARACTERS = 1_024
_QUOTE = re.compile(r'["\u201c-\u201f\u00ab\u00bb\uff02\\]')


def rule_clause(keywords: Keywords) -> str:
    """Return the file in X's rule language, to be added to a rule; '' if it keeps everything.

    X has no operator for beginnings of words: one that drops is left out. `unsupported_entries` has those that keep, without which the rule
    would be too narrow.
    """
    kept = " OR ".join(_operator(keyword) for keyword in keywords.keep)
    dropped = " ".join(f"-{_operator(keyword)}" for keyword in keywords.drop if not _is_beginning(keyword))
    return f"{f'({kept})' if kept else ''} {dropped}".strip()


def unsupported_entries(keywords: Keywords) -> list[str]:
    """Return the entries that keep posts and that no rule of X's can say."""
    return [keyword.entry for keyword in keywords.keep if _is_beginning(keyword)]


def _is_beginning(keyword: Keyword) -> bool:
    return keyword.kind.endswith("beginning")


def _operator(keyword: Keyword) -> str:
    """Return an entry as an operator. X ignores case, and OR, AND and signs must be quoted.

    Quotes within the text are left out: they would end X's own, and X compares words, not signs.
    """
    typed = " ".join(_QUOTE.sub(" ", keyword.entry.removeprefix("-")).split()).strip("'")
    if keyword.kind == "hashtag":
        return typed
    return typed if typed.isalnum() and typed.upper() not in {"OR", "AND", "NOT"} else f'"{typed}"'
