"""The steps of the Dockerfiles, replayed without a container: an empty venv and folder, only what the image would hold, another user."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.deploy.uploads import to_upload, unpacked

pytestmark = pytest.mark.slow  # it installs the packages
NOBODY = 10001  # the image's user
_READ = "+dac_read_search"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/app of the image, and beside it a venv in the place of its Python."""
    folder = tmp_path_factory.mktemp("image")
    app = folder / "app"
    uploaded = unpacked(ROOT / "ingester", folder / "upload")
    for line in (ROOT / "ingester" / "Dockerfile").read_text().splitlines():
        if copied := re.match(r"COPY (.+) (\S+)$", line):
            source, place = uploaded / copied[1], app / copied[2]
            if source.is_dir():
                shutil.copytree(source, place, dirs_exist_ok=True)  # as COPY does: requirements.txt is there already
            else:
                (place if copied[2].endswith("/") else place.parent).mkdir(parents=True, exist_ok=True)
                shutil.copy(source, place)
        if pip := re.match(r"RUN (pip install .+)$", line):
            subprocess.run([sys.executable, "-m", "venv", folder / "python"], check=True)
            command = [str(folder / "python" / "bin" / "python"), "-m", *pip[1].split()]
            subprocess.run(command, cwd=app, check=True, capture_output=True, timeout=400)
    return folder


def run(image: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run as the image's user, who may read this machine's Python wherever it lies, and write nothing. Needs root."""
    user = [
        "setpriv",
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        f"--inh-caps={_READ}",
        f"--ambient-caps={_READ}",
    ]
    command = [str(image / "python" / "bin" / "python"), "-m", "ingester", *arguments]
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"], **variables}
    return subprocess.run(
        [*(user if os.getuid() == 0 else []), *command],
        cwd=image / "app",
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.timeout(500)
def test_the_image_holds_what_the_ingester_needs_and_starts_as_another_user(image: Path) -> None:
    helped = run(image, "--help")
    assert helped.returncode == 0, helped.stderr
    assert "stream" in helped.stdout
    started = run(image, "stream", GOOGLE_CLOUD_PROJECT="p")
    assert started.returncode == 2, started.stderr
    assert "There is no bearer token for X" in started.stderr
    for command in ("search", "archive", "rejected", "rules"):
        assert run(image, command, "--help").returncode == 0


def test_the_image_holds_nothing_else(image: Path) -> None:
    held = {file.relative_to(image / "app").as_posix() for file in (image / "app").rglob("*") if file.is_file()}
    assert held == to_upload(ROOT / "ingester") - {"Dockerfile"}
    assert {name.partition("/")[0] for name in held} == {"ingester", "posts", "runtime", "VERSION"}
