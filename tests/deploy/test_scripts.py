"""The scripts on machines that are not ours: other shells and tools, odd folders, no UTF-8, a dead proxy, bash of 2007."""

import http.server
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.tiers import needs
from tests.support.waiting import eventually

SCRIPTS = ("run", "reports", "ingester", "dataflow", "test", "check", "docs", "lock", "setup", "bench", "release")
NOWHERE = "http://127.0.0.1:9"
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


# What a set-up does is seen with the packages of the site: they are few.
_DOCS = ("docs", "no-such-command")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What is in the repository, in a folder with a space and an apostrophe, with nothing installed."""
    folder = tmp_path / "it's a folder"
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file() and not name.startswith("docs/pictures"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def run(
    command: list[str], path: str = os.environ["PATH"], folder: Path = Path("/"), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run from another folder, with a locale that is not UTF-8."""
    environment = os.environ | {"PATH": path, "LANG": "C", "LC_ALL": "C", "CDPATH": "/usr"} | variables
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=110
    )


def was_set_up(done: subprocess.CompletedProcess[str], checkout: Path) -> bool:
    """Whether a run of _DOCS came as far as its own mistake, and the programs that it installed start."""
    assert "scripts/docs has no 'no-such-command'." in done.stderr, done.stderr
    mkdocs = subprocess.run([checkout / ".venv" / "bin" / "mkdocs", "--version"], capture_output=True, check=False)
    return done.returncode == 2 and mkdocs.returncode == 0


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
    ready = run([*SHELLS[name], str(checkout / "scripts" / "setup")], path)
    assert ready.returncode == 0, ready.stderr
    for script in SCRIPTS:
        done = run(
            [*SHELLS[name], str(checkout / "scripts" / script), "--help"],
            path,
            http_proxy=NOWHERE,
            https_proxy=NOWHERE,
            PYTHONSAFEPATH="1",
        )
        assert (done.returncode, done.stderr) == (0, ""), script
        assert len(done.stdout) > 20, script
    seen = a_whole_run([*SHELLS[name], str(checkout / "scripts" / "run")], path, tmp_path / "where the person stands")
    assert "Balanced: received 4 = published 4 = loaded 4" in seen


def a_whole_run(command: list[str], path: str, folder: Path) -> str:
    """Run the pipeline with the person's own files, variables that a shell has left over, and a proxy that does not answer."""
    (folder / "local").mkdir(parents=True)
    (folder / "local" / "__init__.py").write_text("raise SystemExit('not ours')")
    shutil.copy(ROOT / "docs" / "samples" / "posts.jsonl", folder / "mine.jsonl")
    shutil.copy(ROOT / "ingester" / "rules.yaml", folder / "my rules.yaml")
    done = run(
        [*command, "--posts", "mine.jsonl", "--rules", "my rules.yaml", "--results", "out"],
        path,
        folder,
        http_proxy=NOWHERE,
        https_proxy=NOWHERE,
        NO_PROXY="elsewhere",
        PUBSUB_TOPIC="of-a-deployment",
        PYTHONIOENCODING="ascii",
        PYTHONSAFEPATH="1",
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "out" / "report.html").exists()
    assert sorted(path.name for path in folder.iterdir()) == ["local", "mine.jsonl", "my rules.yaml", "out"]
    return done.stdout


def test_a_set_up_that_was_interrupted_or_moved_is_made_again(checkout: Path, tmp_path: Path) -> None:
    command = ["sh", str(checkout / "scripts" / _DOCS[0]), _DOCS[1]]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as interrupted:
        assert eventually((checkout / ".venv" / "pyvenv.cfg").exists)
        os.killpg(interrupted.pid, signal.SIGKILL)
    assert was_set_up(run(command), checkout)
    moved = checkout.rename(tmp_path / "moved")
    assert was_set_up(run(["sh", str(moved / "scripts" / _DOCS[0]), _DOCS[1]]), moved)


def test_two_set_ups_at_once_wait_for_each_other(checkout: Path) -> None:
    command = ["sh", str(checkout / "scripts" / _DOCS[0]), _DOCS[1]]
    with ThreadPoolExecutor(3) as three:
        done = list(three.map(run, [command] * 3))
    assert all(was_set_up(one, checkout) for one in done)
    assert sum("-----> Installing" in one.stderr for one in done) == 1
    assert not (checkout / ".venv.lock").exists()


def test_the_lock_of_a_set_up_that_was_killed_is_removed(checkout: Path) -> None:
    (checkout / ".venv.lock").mkdir()
    with subprocess.Popen(["true"]) as ended:
        (checkout / ".venv.lock" / "process").write_text(str(ended.pid))
    assert was_set_up(run(["sh", str(checkout / "scripts" / _DOCS[0]), _DOCS[1]]), checkout)
    assert not (checkout / ".venv.lock").exists()


def test_an_environment_that_is_only_linked_to_is_not_emptied(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "of another checkout").mkdir()
    (tmp_path / "of another checkout" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (checkout / ".venv").symlink_to(tmp_path / "of another checkout")
    assert was_set_up(run(["sh", str(checkout / "scripts" / _DOCS[0]), _DOCS[1]]), checkout)
    assert (tmp_path / "of another checkout" / "pyvenv.cfg").read_text() == "home = /usr/bin\n"


def test_an_environment_of_somebody_else_s_is_kept(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\nuv = 0.13.9\n")
    (checkout / ".venv" / "mine").write_text("notes")
    assert was_set_up(run(["sh", str(checkout / "scripts" / _DOCS[0]), _DOCS[1]]), checkout)
    assert (checkout / ".venv.kept" / "mine").read_text() == "notes"


def test_a_pip_that_installs_for_the_user_is_harmless(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nuser = true\n")
    done = run(
        ["sh", str(checkout / "scripts" / _DOCS[0]), _DOCS[1]],
        python_alone(tmp_path),
        PIP_CONFIG_FILE=str(tmp_path / "pip.conf"),
    )
    assert was_set_up(done, checkout)


def python_alone(folder: Path) -> str:
    """Return a PATH with the system's tools and this Python, and no uv."""
    (folder / "bin").mkdir()
    (folder / "bin" / "python3.11").symlink_to(Path(sys.executable).resolve())
    return f"{folder / 'bin'}:/usr/bin:/bin"


@pytest.mark.parametrize("uv_is_on_the_path", [False, True], ids=["no uv", "uv"])
def test_an_index_that_is_set_for_pip_is_asked_and_no_other(
    checkout: Path, tmp_path: Path, uv_is_on_the_path: bool
) -> None:
    path = python_alone(tmp_path)
    if uv_is_on_the_path:
        (tmp_path / "bin" / "uv").symlink_to(ROOT / ".venv" / "bin" / "uv")
    with index() as (port, asked):
        (tmp_path / "pip.conf").write_text(
            f"[global]\nindex-url = {NOWHERE}\nextra-index-url =\n  http://127.0.0.1:{port}/simple\n  http://127.0.0.1:{port}/simple\n"
        )
        done = run(
            ["sh", str(checkout / "scripts" / _DOCS[0]), _DOCS[1]],
            path,
            PIP_CONFIG_FILE=str(tmp_path / "pip.conf"),
            PIP_INDEX_URL=f"http://user:secret@127.0.0.1:{port}/simple",
            UV_CACHE_DIR=str(tmp_path / "cache"),
            UV_HTTP_RETRIES="0",
        )
    assert done.returncode == 2
    assert ("could not be installed" if uv_is_on_the_path else "pip could not install uv") in done.stderr, done.stderr
    assert "secret" not in done.stderr
    assert asked
    assert all(path.startswith("/simple/") for path in asked)
    assert ("/simple/uv/" in asked) is not uv_is_on_the_path


@contextmanager
def index() -> Iterator[tuple[int, list[str]]]:
    """Serve an index that has no package, and yield its port and the paths that were asked for."""
    asked: list[str] = []

    class Empty(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, asked
        server.shutdown()
        thread.join()


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


@pytest.fixture
def tagged(checkout: Path) -> Path:
    """A repository with one commit, tagged with the version that it has."""
    version = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["version"]
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "all"],
        ["tag", f"v{version}"],
    ):
        subprocess.run(["git", *command], cwd=checkout, check=True)
    return checkout


def test_a_release_is_an_archive_of_the_tag_and_its_part_of_the_changelog(tagged: Path) -> None:
    (tag,) = subprocess.run(["git", "tag"], cwd=tagged, capture_output=True, text=True, check=True).stdout.split()
    done = run(["sh", str(tagged / "scripts" / "release"), tag])
    assert done.returncode == 0, done.stderr
    notes = (tagged / ".release" / "notes.md").read_text()
    assert f"## {tag[1:]} - 2026-11-26\n{notes}" in (tagged / "CHANGELOG.md").read_text()
    assert "\n- " in notes
    assert "\n## " not in notes
    with tarfile.open(tagged / ".release" / f"twitter-data-stream-{tag[1:]}.tar.gz") as archive:
        names = set(archive.getnames())
    assert {f"twitter-data-stream-{tag[1:]}/{name}" for name in ("deploy.sh", "scripts/run", "uv.lock")} <= names


def test_a_tag_that_is_not_the_version_is_no_release(tagged: Path) -> None:
    subprocess.run(["git", "tag", "v99.0.0"], cwd=tagged, check=True)
    done = run(["sh", str(tagged / "scripts" / "release"), "v99.0.0"])
    assert done.returncode == 2
    assert "'v99.0.0' is not the version of pyproject.toml" in done.stderr
    assert not (tagged / ".release").exists()
