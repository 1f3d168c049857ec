"""Runs python -m reports on what has just landed: tables here, the page in a folder, or the live page."""

import os
import subprocess
import sys
import webbrowser
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .emulators.x import posts_file
from .errors import LocalError
from .pipeline import ROOT, Pipeline

_SHOWN = "posts_by_hour,posts_by_region,top_hashtags"
_LATEST = Path("results") / "latest"  # where reports put a report by default
_LONGEST = timedelta(days=3_650)  # that a report covers
_SECONDS = 300.0  # a run of 10,000,000 posts has much to report


def make(pipeline: Pipeline, folder: Path | None, *, json: bool) -> Path:
    """Make the page in a folder, by default the reports' own. With `json`, stdout belongs to the result, so tables go to stderr.

    Raises LocalError.
    """
    since = datetime.now(UTC) - timedelta(hours=pipeline.plan.span_hours + 1)
    to = ["--results", str(folder)] if folder is not None else []
    if pipeline.plan.posts_path is not None:
        since = min(
            post.created_at for post in posts_file.read(pipeline.plan.posts_path)
        )  # these posts keep their times
        since = max(since, datetime.now(UTC) - _LONGEST)
    synthetic = ["--synthetic"] if pipeline.plan.is_synthetic else []
    arguments = ["--from", since.isoformat(timespec="minutes"), *to, "--show", _SHOWN, *synthetic]
    command = [sys.executable, "-m", "reports", *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=Path.cwd(),
            env=pipeline.environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr if json else None,
            stderr=subprocess.PIPE,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LocalError(f"The report was not made within {_SECONDS:.0f} s.") from None
    if done.returncode != 0:
        raise LocalError(f"The report could not be made: {' '.join(done.stderr.split())[-600:]}")
    return (folder or _LATEST) / "report.html"


def watch(pipeline: Pipeline) -> str:
    """Start the live page, open it in a browser if there is one, and return its address."""
    address = f"http://localhost:{pipeline.start_page()}"
    if sys.stdout.isatty() and (os.environ.get("DISPLAY") or sys.platform == "darwin"):
        webbrowser.open(address)
    return address


def where(path: Path) -> str:
    """Return the path as a person would type it."""
    return os.path.relpath(path) if path.is_relative_to(ROOT) else str(path)
