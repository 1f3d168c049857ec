"""scripts/bench runs and adds up; what it measures is nobody's to assert on a shared machine."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reports import questions
from tests.support import ROOT
from tests.support.tiers import needs


@pytest.mark.slow
@needs("wrk", shutil.which("wrk") is not None, "apt-get install wrk; it makes the load")
@pytest.mark.timeout(300)
def test_the_function_is_measured_beside_its_rivals(tmp_path: Path) -> None:
    page = tmp_path / "function.md"
    command = ["scripts/bench", "function", "--seconds", "1", "--concurrency", "8", "--memory", "0", "--no-failures"]
    run = subprocess.run(
        [*command, "--write", page], cwd=ROOT, capture_output=True, text=True, timeout=280, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    table = page.read_text()
    for rival in (
        "original",
        "tutorial",
        "tutorial, tuned",
        "load_tweet",
        "empty cloud_event",
        "empty http",
        "bare ASGI",
    ):
        assert f"| {rival}" in table
    assert "Every message is accounted for." in run.stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_reports_are_measured_on_as_many_rows_as_asked(tmp_path: Path) -> None:
    page = tmp_path / "reports.md"
    command = ["scripts/bench", "reports", "--rows", "30000", "--write", str(page)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    rows = int(run.stdout.partition(" rows in tweet_versions")[0].split()[-1].replace(",", ""))
    assert 20_000 < rows <= 30_000
    assert all(f"| {name} |" in page.read_text() for name in questions.names())


def test_without_wrk_it_says_what_to_install() -> None:
    environment = {"PATH": "/nonexistent", "HOME": str(Path.home())}
    command = [sys.executable, "-m", "benchmarks", "function"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert "apt-get install wrk" in run.stdout
