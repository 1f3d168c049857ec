"""Which version this is."""

import tomllib
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def number() -> str:
    """Return the version, which deploy.sh writes beside the code that it uploads, and pyproject.toml has in a checkout."""
    uploaded = _ROOT / "VERSION"
    if uploaded.exists():
        return uploaded.read_text(encoding="utf-8").strip()
    return str(tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


AGENT = f"twitter-data-stream/{number()}"  # the User-Agent of each request to X
