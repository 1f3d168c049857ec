"""Posts' text is whatever a stranger typed: made harmless for a terminal, and for a spreadsheet that opens a CSV."""

import base64
import re
import unicodedata
from datetime import date, datetime, time
from typing import Any

import orjson

from posts.text import as_written

# what a spreadsheet takes for the beginning of a formula (https://owasp.org/www-community/attacks/CSV_Injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

# https://support.microsoft.com/office/excel-specifications-and-limits: characters in a cell
CELL = 32_767

# A spreadsheet keeps 15 digits of a number; ids have up to 19.
_TOO_LONG_A_NUMBER = re.compile(r"[0-9]{16,}")

# Where a sheet's separator is another than ours, a formula may begin in the middle of a text. Takes a run of separators at once, so
# that each character is looked at once.
_CELL_WITHIN = re.compile(r"([;\t\n|][;|\s]*+)([=+\-@＝＋－＠]?)")


def for_terminal(text: str) -> str:
    """Return a text on one line, without control characters, direction marks and what Unicode keeps free of characters."""
    return "".join(" " if c in "\n\r\t\u2028\u2029" else c for c in text if _is_printable(c)).strip()


def for_sheet(value: Any) -> Any:
    """Return a value for a person's spreadsheet. An apostrophe goes before text that it would run and ids whose last digits it would lose.

    X's entities are unescaped, and lists become JSON, which can be read back. Numbers stay numbers.
    """
    value = for_workbook(value)
    if isinstance(value, str):
        text = _CELL_WITHIN.sub(_quote_formula, value)
        if text.lstrip(" \u00a0\ufeff").startswith(_FORMULA) or _TOO_LONG_A_NUMBER.fullmatch(text):
            text = f"'{text}"
        return text if len(text) <= CELL else f"{text[: CELL - 1]}…"
    return value


def for_workbook(value: Any) -> Any:
    """Return a value for a cell of which the file itself says that it is a text: X's entities unescaped, no control characters."""
    value = for_program(value)
    if not isinstance(value, str):
        return value
    return "".join(c for c in as_written(value) if c in "\n\t" or unicodedata.category(c) != "Cc")


def _quote_formula(cell: re.Match[str]) -> str:
    return f"{cell[1]}'{cell[2]}" if cell[2] else cell[1]


def for_program(value: Any) -> Any:
    """A value of BigQuery's as a CSV cell that can be read back: texts as they are stored, lists and objects as JSON, bytes in base 64."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="microseconds" if value.microsecond else "seconds")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (list, dict)):
        return orjson.dumps(value, default=for_program).decode()
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def unescape_texts(value: Any) -> Any:
    """What came from X as people wrote it, in texts and in lists of them: `R&B`, where X sends `R&amp;B`."""
    if isinstance(value, list):
        return [unescape_texts(item) for item in value]
    return as_written(value) if isinstance(value, str) else value


def _is_noncharacter(code: int) -> bool:
    """Whether Unicode promises never to make it a character; XML, and so GEXF and GraphML, may not hold it."""
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _is_printable(character: str) -> bool:
    return character in "\n\r\t" or (
        unicodedata.category(character) not in {"Cc", "Cs"}
        and not _is_noncharacter(ord(character))
        and unicodedata.bidirectional(character) not in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    )
