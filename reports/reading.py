"""Looking for words in posts, and showing them with what stands around them. Pure."""

import re
from typing import Any

from posts.text import UNSPACED, fold, fold_with_places

# what RE2, BigQuery's engine, and Python's re each call a character of a word
_RE2 = r"[\p{L}\p{M}\p{N}_]"
_RE2_OTHER = r"[^\p{L}\p{M}\p{N}_]"
_ENTITIES = {"&": "&(?:amp;)?", "<": "(?:<|&lt;)", ">": "(?:>|&gt;)"}  # the text is stored escaped, as X sends it


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


def in_context(rows: list[dict[str, Any]], phrase: str) -> list[dict[str, Any]]:
    """Split each row's text where the words are: `before`, `match` and `after` take the place of `text`."""
    phrase = fold(phrase)
    is_beginning, first, last = phrase.endswith("*"), phrase[:1], phrase.rstrip("*")[-1:]
    before = r"(?<!\w)" if _ends_a_word(first) else ""
    boundary = r"(?!\w)" if _ends_a_word(last) and not is_beginning else r"\w*" if is_beginning else ""
    looked_for = re.compile(f"{before}{_phrase(phrase)}{boundary}")
    placed = []
    for row in rows:
        text = row["text"]
        folded, places = fold_with_places(text)
        match = looked_for.search(folded)
        begin, end = (places[match.start()], places[match.end()]) if match else (0, 0)
        columns = {name: value for name, value in row.items() if name not in ("text", "found")}
        placed.append(
            {**columns, "before": text[:begin], "match": text[begin:end], "after": text[end:], "found": row["found"]}
        )
    return placed


def _phrase(phrase: str) -> str:
    words = [re.escape(word) for word in phrase.rstrip("*").split()]
    return "".join(_ENTITIES.get(character, character) for character in r"\s+".join(words))


def _ends_a_word(character: str) -> bool:
    return character.isalnum() and not UNSPACED.match(character)
