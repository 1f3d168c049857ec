"""Which code this is: a stop that only other code can cure ends when there is another."""

import hashlib
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


def number() -> str:
    """Return the version, which deploy.sh writes beside the code that it uploads, and pyproject.toml has in a checkout."""
    uploaded = Path(__file__).with_name("VERSION")
    if uploaded.exists():
        return uploaded.read_text(encoding="utf-8").strip()
    project = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(project)["project"]["version"])


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
