"""Which code this is: a stop that only other code can cure ends when there is another."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path


@cache
def code() -> str:
    """Twelve hexadecimal digits, of this folder's files."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*")):
        if file.suffix in (".py", ".yaml"):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def of(texts: Iterable[str]) -> str:
    """Twelve hexadecimal digits, of texts in their order."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
