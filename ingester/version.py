"""Which code this is: a stop that only other code can cure ends when there is another."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_PARTS = ("ingester", "posts", "runtime")


@cache
def code() -> str:
    """Return twelve hexadecimal digits of all files that the ingester is made of, wherever they stand."""
    digest = hashlib.sha256()
    for part in _PARTS:
        for file in sorted((_ROOT / part).rglob("*")):
            if file.suffix in (".py", ".yaml", ".json", ".txt"):
                digest.update(file.relative_to(_ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def content_hash(texts: Iterable[str]) -> str:
    """Return twelve hexadecimal digits of texts in their order."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
