"""Lists and copies the files that gcloud would upload."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support import ROOT


def staged(source: Path, work: Path) -> Path:
    """Return the copy of a deployable's folder in `work` that deploy.sh makes before it uploads it."""
    command = 'source infra/deploy/lib.sh && WORK=$2 && stage "$1"'
    name = source.relative_to(ROOT).as_posix()
    done = subprocess.run(
        ["bash", "-ec", command, "bash", name, str(work)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return Path(done.stdout)


def to_upload(source: Path) -> set[str]:
    """Return the names of the files that are uploaded of a deployable."""
    with tempfile.TemporaryDirectory() as work:
        copy = staged(source, Path(work))
        return {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}


def unpacked(source: Path, folder: Path) -> Path:
    """Return `folder` with the files that are uploaded of a deployable's folder."""
    with tempfile.TemporaryDirectory() as work:
        shutil.copytree(staged(source, Path(work)), folder, dirs_exist_ok=True)
    return folder
