"""Which code this is: a stop that only other code can cure ends when there is another."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

NUMBER = "0.1.0"  # a test holds it to the file VERSION
_FOLDER = Path(__file__).parent


@cache
def code() -> str:
    """Return twelve hexadecimal digits of this folder's files, sub-folders included."""
    digest = hashlib.sha256()
    for file in sorted(_FOLDER.rglob("*")):
        if file.suffix in (".py", ".yaml"):
            digest.update(file.relative_to(_FOLDER).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def of(texts: Iterable[str]) -> str:
    """Return twelve hexadecimal digits of texts in their order."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
