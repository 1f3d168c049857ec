"""The folders of runs. Each is removed at its run's end unless it is kept; the next start removes what a killed run left."""

import errno
import os
import shutil
import time
import tomllib
from contextlib import suppress
from pathlib import Path

from .errors import UsageError

ROOT = Path(__file__).parents[1] / ".runs"
_PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION: str = _PROJECT["version"]
_KEPT = "KEPT"
_LATEST = "latest"
_SYNTHETIC = "SYNTHETIC"
_PID = "pid"
_NEEDED = 200_000_000  # bytes: a run of 2,000 posts takes about 40 MB


def mark_synthetic(folder: Path) -> None:
    """Mark the folder's posts as synthetic, for the reports."""
    (folder / _SYNTHETIC).touch()


def is_synthetic(folder: Path) -> bool:
    return (folder / _SYNTHETIC).exists()


def make(root: Path = ROOT) -> Path:
    """Make a new folder. Raises UsageError if the disk is full or not writable."""
    _sweep(root)
    try:
        folder = _new(root)
        (folder / "logs").mkdir()
        free = shutil.disk_usage(folder).free
        if free < _NEEDED:
            shutil.rmtree(folder)
            raise UsageError(
                f"Only {free / 1e6:.0f} MB are free for {root}, and a run needs {_NEEDED / 1e6:.0f}. {_how_to_free(root)}"
            )
        (folder / _PID).write_text(str(os.getpid()))
    except OSError as error:
        words = (
            f"The disk is full. {_how_to_free(root)}"
            if error.errno == errno.ENOSPC
            else f"{error.strerror}. May you write there?"
        )
        raise UsageError(f"{root} cannot take a new run: {words}") from None
    return folder


def _new(root: Path) -> Path:
    """Make a folder with the time as its name. A run of the same second has another one."""
    root.mkdir(parents=True, exist_ok=True)
    folder = root / time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            folder = folder.with_name(f"{folder.name}x")
        else:
            return folder


def keep(folder: Path) -> None:
    """Keep the folder after its run; `latest` beside it links to it."""
    (folder / _KEPT).touch()
    link = folder.with_name(f"{_LATEST}.{folder.name}")  # replaced at once, as another run may do so too
    link.symlink_to(folder.name)
    link.replace(folder.with_name(_LATEST))


def remove(folder: Path) -> None:
    if not (folder / _KEPT).exists():
        shutil.rmtree(folder, ignore_errors=True)


def keep_logs(folder: Path) -> None:
    """Keep only the logs of a failed run, until the next run begins."""
    shutil.rmtree(folder / "bigquery", ignore_errors=True)
    (folder / "credentials.json").unlink(missing_ok=True)


def _sweep(root: Path) -> None:
    """Remove the folders of runs that are over and were not kept."""
    for folder in root.glob("*/"):
        if (folder / _KEPT).exists():
            continue
        with suppress(OSError, ValueError):
            if not _is_alive(int((folder / _PID).read_text())):
                shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _how_to_free(root: Path) -> str:
    kept = sorted(folder.name for folder in root.glob("*/") if (folder / _KEPT).exists() and folder.name != _LATEST)
    return (
        f"Kept runs lie there: remove those you need no more ({', '.join(kept[:5])})." if kept else "Free some space."
    )
