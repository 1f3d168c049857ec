"""Lists and copies the files of a folder that gcloud would upload."""

import shutil
from pathlib import Path

import pathspec


def to_upload(folder: Path) -> set[str]:
    """Return the files that gcloud sends: all but those that .gcloudignore names."""
    ignored = pathspec.GitIgnoreSpec.from_lines((folder / ".gcloudignore").read_text().splitlines())
    every = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in every if not ignored.match_file(name)}


def unpacked(source: Path, folder: Path) -> Path:
    for name in to_upload(source):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, folder / name)
    return folder
