"""The scripts on machines that are not ours: other shells and tools, odd folders, no UTF-8, a dead proxy, bash of 2007."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.tiers import needs

SCRIPTS = ("run", "reports", "ingester", "dataflow", "test", "docs", "lock", "setup", "bench")
SHELLS = {
    "dash": ["dash"],
    "busybox": ["busybox", "sh"],
    "bash": ["bash", "--posix"],
}
# GNU's, and not of macOS or busybox: https://www.gnu.org/software/coreutils, against POSIX.1-2017
_GNU_ONLY = re.compile(
    r"\btac\b|\breadlink -f|\bdate (?:-d|--)|\bsed (?:-i|-E?z|--)|\bgrep -\w*P|\bxargs -r|\bsort -V|\bstat -c|\btimeout \d|\bbase64 -w"
    r"|\bhead -n -|\brealpath\b|\bnproc\b|\bcp --|\bln -\w*T|-printf\b|\bmapfile -d"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The scripts and what they look at, in a folder with a space and an apostrophe, with the packages of this checkout."""
    folder = tmp_path / "it's a folder"
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file() and not name.startswith("docs/pictures"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def run(command: list[str], path: str) -> subprocess.CompletedProcess[str]:
    """Run from another folder, with a locale that is not UTF-8 and a proxy that does not answer."""
    environment = {
        "HOME": os.environ.get("HOME", "/"), "PATH": path, "LANG": "C", "LC_ALL": "C", "CDPATH": "/usr",
        "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
    }  # fmt: skip
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False, timeout=60)


def tools(name: str, folder: Path) -> str:
    """Return a PATH with the tools that come with the shell: for busybox its own, before any of GNU's."""
    if name != "busybox":
        return os.environ["PATH"]
    applets = folder / "applets"
    applets.mkdir()
    subprocess.run(["busybox", "--install", "-s", str(applets)], check=True)
    return f"{applets}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=needs(name, shutil.which(name) is not None, f"apt-get install {name}"))
        for name in SHELLS
    ],
)
def test_every_script_runs_in_any_shell_from_any_folder(name: str, checkout: Path, tmp_path: Path) -> None:
    path = tools(name, tmp_path)
    for script in SCRIPTS:
        done = run([*SHELLS[name], str(checkout / "scripts" / script), "--help"], path)
        assert (done.returncode, done.stderr) == (0, ""), script
        assert len(done.stdout) > 20, script
    wrong = run([*SHELLS[name], str(checkout / "scripts" / "docs"), "nonsense"], path)
    assert wrong.returncode == 2
    assert "scripts/docs has no 'nonsense'." in wrong.stderr


def test_with_the_bash_of_a_mac_deploy_says_what_to_install(tmp_path: Path) -> None:
    """No bash 3.2 is here, so the limit is moved beyond ours."""
    text = (ROOT / "deploy.sh").read_text()
    assert text.count("404") == 2
    (tmp_path / "deploy.sh").write_text(text.replace("404", "99999"))
    done = subprocess.run(["bash", "deploy.sh", "plan"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "deploy.sh needs bash 4.4 or newer, and this is bash" in done.stderr
    assert "brew install bash" in done.stderr


def test_the_scripts_use_no_tool_or_option_that_only_gnu_has() -> None:
    files = [ROOT / "deploy.sh", ROOT / ".ci" / "run", *(ROOT / "infra" / "deploy").glob("*.sh")]
    files += [path for path in (ROOT / "scripts").iterdir() if path.is_file() and path.suffix in ("", ".sh")]
    assert len(files) > 20
    found = [
        f"{path.name}: {line.strip()}"
        for path in files
        for line in path.read_text().splitlines()
        if _GNU_ONLY.search(line.partition(" #")[0])
    ]
    assert found == []


def test_the_scripts_beside_deploy_are_posix_sh() -> None:
    for path in (ROOT / "scripts").iterdir():
        if path.is_file() and not path.suffix:
            assert path.read_text().startswith("#!/bin/sh\n"), path.name
