"""The languages that X knows, and the two ways in which X spells some of them.

A post says `in` for Indonesian and `iw` for Hebrew; the operator `lang:` takes only `id` and `he`
(https://github.com/xdevplatform/docs/issues/307). Everything that compares, names or asks for a language reads it here.

`python3 -m posts.languages LANGUAGES` checks the setting before anything is deployed.
"""

import json
import sys
from pathlib import Path

# Each code as posts say it: its English name, and what rules take after `lang:`, null where only posts have the code.
# https://docs.x.com/x-api/posts/filtered-stream/integrate/operators, 2026-11
_TABLE: dict[str, dict[str, str | None]] = json.loads(
    Path(__file__).with_name("languages.json").read_text(encoding="utf-8")
)
NAMES = {code: str(entry["name"]) for code, entry in _TABLE.items()}
_OPERATORS = {code: entry["operator"] for code, entry in _TABLE.items()}
_OTHER_SPELLINGS = {operator.lower(): code for code, operator in _OPERATORS.items() if operator} | {
    "zh-cn": "zh",
    "zh-tw": "zh",
    "fil": "tl",
    "nb": "no",
    "nn": "no",
}


def language_code(spelling: str) -> str:
    """Return a language code in the spelling that is used for comparison; 'und' for none."""
    code = spelling.strip().lower() or "und"
    return _OTHER_SPELLINGS.get(code, code)


def operator(code: str) -> str | None:
    """Return what X's rules take after `lang:`; None for a code that occurs in posts only."""
    return _OPERATORS.get(language_code(code))


def name(code: str | None) -> str:
    """Return the English name of a language, or the code if it is unknown."""
    return NAMES.get(language_code(code or "und"), code or "")


def chosen(setting: str) -> frozenset[str]:
    """Return the codes in LANGUAGES; an empty set keeps every language. Raises ValueError, which says what to write instead."""
    entries = [part.strip() for part in setting.split(",") if part.strip()]
    if [part.lower() for part in entries] == ["all"]:
        return frozenset()
    for part in entries:
        if language_code(part) not in NAMES:
            raise ValueError(
                f"LANGUAGES has '{part}', which is no language of X's, so every post would be paid for and then dropped. "
                f"{_instead(part)}"
            )
    return frozenset(language_code(part) for part in entries)


def _instead(part: str) -> str:
    """Suggest what the user may have meant."""
    typed = part.strip("\"' ").lower()
    meant = [code for code, called in NAMES.items() if called.lower() == typed]
    if not meant and (first := language_code(typed.partition("-")[0])) in NAMES and "-" in typed:
        meant = [first]
    written = f"LANGUAGES={operator(meant[0])}" if meant else "LANGUAGES=en,de"
    return f"Write X's codes with commas between them, without quotes or comments: {written}, or all."


if __name__ == "__main__":
    try:
        chosen(" ".join(sys.argv[1:]))
    except ValueError as error:
        sys.exit(str(error))
