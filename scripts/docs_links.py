"""For mkdocs: a link from a page to a file outside of docs/ leads to the file in the repository."""

import re
from pathlib import Path
from typing import Any

_LINK = re.compile(r"\]\((\.\./[^)#\s]+)(#[^)]*)?\)")
_ROOT = Path(__file__).resolve().parents[1]


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Replace such links by the file's name: the site is read beside a checkout, and no host of the repository is assumed."""
    folder = (_ROOT / "docs" / page.file.src_path).parent

    def replace(match: re.Match[str]) -> str:
        target = (folder / match[1]).resolve()
        if not target.exists() or target.is_relative_to(_ROOT / "docs"):
            return match[0]
        return f"](# '{target.relative_to(_ROOT).as_posix()}')"

    return _LINK.sub(replace, markdown)
