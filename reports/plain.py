"""Posts' text is whatever a stranger typed: made harmless for a terminal, and for a spreadsheet that opens a CSV."""

import re
import unicodedata
from datetime import date, datetime
from typing import Any

# what a spreadsheet takes for the beginning of a formula (https://owasp.org/www-community/attacks/CSV_Injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

# where a sheet's separator is another than ours, a formula may begin in the middle of a text
_CELL_WITHIN = re.compile(r"([;\t\n|]\s*)([=+\-@＝＋－＠])")


def for_terminal(text: str) -> str:
    """On one line, without control characters and without marks that turn the direction of what follows."""
    return "".join(" " if c in "\n\r\t\u2028\u2029" else c for c in text if _shown(c)).strip()


def for_sheet(value: Any) -> Any:
    """As it is, but for a text that a spreadsheet would run: that gets an apostrophe in front. Numbers stay numbers."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return for_sheet(" ".join(str(item) for item in value))
    if isinstance(value, str):
        text = _CELL_WITHIN.sub(r"\1'\2", "".join(c for c in value if c in "\n\t" or unicodedata.category(c) != "Cc"))
        return f"'{text}" if text.lstrip(" \u00a0\ufeff").startswith(_FORMULA) else text
    return value


def _shown(character: str) -> bool:
    return character in "\n\r\t" or (
        unicodedata.category(character) not in {"Cc", "Cs"}
        and unicodedata.bidirectional(character) not in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    )
