"""For mkdocs: names files outside of the site instead of linking to them, and fails the build at a dead link.

The site is read beside a checkout, and no host of the repository is assumed, so a link to code would lead nowhere.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

_LINK = re.compile(r"(?<!!)\[((?:[^\]\\]|\\.)*)\]\(([^)#\s:]+)(#[^)]*)?\)")
_ROOT = Path(__file__).resolve().parents[1]
_DOCS = _ROOT / "docs"
_OUTSIDE = (_DOCS / "notebooks", _DOCS / "samples")  # of docs/, but not of the site
_HREF = re.compile(r'<a [^>]*href="([^"]*)"')
_ID = re.compile(r' (?:id|name)="([^"]+)"')


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Replace a link to a file that is no page by its text and the file's name."""
    folder = (_DOCS / page.file.src_path).parent

    def replace(match: re.Match[str]) -> str:
        target = (folder / match[2]).resolve()
        is_page = target.is_relative_to(_DOCS) and target.suffix != ".py"
        is_page = is_page and not any(target.is_relative_to(folder) for folder in _OUTSIDE)
        if not target.exists() or is_page:
            return match[0]
        name = target.relative_to(_ROOT).as_posix()
        text = match[1].strip("`").replace("\\", "")
        return f"`{name}`" if text and name.endswith(text) else f"{match[1]} (`{name}`)"

    return _LINK.sub(replace, markdown)


def on_post_build(config: Any, **_: Any) -> None:
    """Raise PluginError for each link within the site that leads nowhere."""
    site = Path(config["site_dir"])
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html") if path.name != "404.html"}
    names = {path: set(_ID.findall(text)) for path, text in pages.items()}
    dead = sorted(
        {f"{path.relative_to(site)}: {href}" for path, text in pages.items() for href in _dead(path, text, names)}
    )
    if dead:
        raise PluginError("These links lead nowhere:\n" + "\n".join(dead))


def _dead(path: Path, text: str, names: dict[Path, set[str]]) -> Iterator[str]:
    for href in _HREF.findall(text):
        if re.match(r"[a-z]+:", href):
            continue
        file, _, anchor = href.partition("#")
        target = (path.parent / file).resolve() if file else path
        target = target / "index.html" if target.is_dir() else target
        if not target.exists() or (anchor and target in names and anchor not in names[target]) or href == "#":
            yield href
