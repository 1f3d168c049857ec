"""Looking for words in posts, and showing them with what stands around them. Pure."""

import re
from typing import Any

from posts.text import UNSPACED, fold, fold_with_places

# what RE2, BigQuery's engine, and Python's re each call a character of a word
_RE2 = r"[\p{L}\p{M}\p{N}_]"
_RE2_OTHER = r"[^\p{L}\p{M}\p{N}_]"
_ENTITIES = {"&": "&(?:amp;)?", "<": "(?:<|&lt;)", ">": "(?:>|&gt;)"}  # the text is stored escaped, as X sends it


def pattern(wanted: str) -> str:
    """Return RE2's expression for texts that have `wanted`: whole words, in this order, compared by `fold`.

    A * at the end matches the beginning of a word. Scripts that put no space between words are found within a text.
    """
    wanted = fold(wanted)
    phrase = _phrase(wanted)
    is_beginning, first, last = wanted.endswith("*"), wanted[:1], wanted.rstrip("*")[-1:]
    before = f"(?:^|{_RE2_OTHER})" if _ends_a_word(first) else ""
    after = f"(?:{_RE2_OTHER}|$)" if _ends_a_word(last) and not is_beginning else ""
    return f"{before}{phrase}{after}"


def in_context(rows: list[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Split each row's text where the words are: `before`, `match` and `after` take the place of `text`."""
    wanted = fold(wanted)
    is_beginning, first, last = wanted.endswith("*"), wanted[:1], wanted.rstrip("*")[-1:]
    before = r"(?<!\w)" if _ends_a_word(first) else ""
    after = r"(?!\w)" if _ends_a_word(last) and not is_beginning else r"\w*" if is_beginning else ""
    looked_for = re.compile(f"{before}{_phrase(wanted)}{after}")
    placed = []
    for row in rows:
        text = row["text"]
        folded, places = fold_with_places(text)
        found = looked_for.search(folded)
        begin, end = (places[found.start()], places[found.end()]) if found else (0, 0)
        rest = {name: value for name, value in row.items() if name not in ("text", "found")}
        placed.append(
            {**rest, "before": text[:begin], "match": text[begin:end], "after": text[end:], "found": row["found"]}
        )
    return placed


def _phrase(wanted: str) -> str:
    words = [re.escape(word) for word in wanted.rstrip("*").split()]
    return "".join(_ENTITIES.get(character, character) for character in r"\s+".join(words))


def _ends_a_word(character: str) -> bool:
    return character.isalnum() and not UNSPACED.match(character)
