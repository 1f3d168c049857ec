"""Lists and copies the files that gcloud would upload."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pathspec

from tests.support import ROOT


def to_upload(folder: Path) -> set[str]:
    """Return the files that gcloud sends of a folder: all but those that .gcloudignore names, and the version."""
    ignored = pathspec.GitIgnoreSpec.from_lines((folder / ".gcloudignore").read_text().splitlines())
    every = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in every if not ignored.match_file(name)} | {"VERSION"}


def staged(source: Path, work: Path) -> Path:
    """Return the copy of a deployable's folder in `work` that deploy.sh makes before it uploads it."""
    command = 'source infra/deploy/lib.sh && WORK=$2 && stage "$1"'
    name = source.relative_to(ROOT).as_posix()
    done = subprocess.run(
        ["bash", "-ec", command, "bash", name, str(work)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return Path(done.stdout)


def unpacked(source: Path, folder: Path) -> Path:
    """Return `folder` with the files that are uploaded of a deployable's folder."""
    with tempfile.TemporaryDirectory() as work:
        copy = staged(source, Path(work))
        for name in to_upload(copy):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(copy / name, folder / name)
    return folder
