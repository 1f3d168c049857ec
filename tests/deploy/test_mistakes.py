"""The tests of deploy.sh must be able to fail: they find each deliberate mistake."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.deploy.cloud import copy_of_tree

from .mistakes import MISTAKES, Mistake

_FAILED = 1  # pytest's exit code where tests ran and some failed


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_the_tests_of_deploy_sh_find(mistake: Mistake, tmp_path: Path) -> None:
    tree = copy_of_tree(tmp_path)
    mistake.apply(tree)
    test = f"tests/deploy/test_recorded.py::{mistake.test}"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "", "-p", "no:cacheprovider", "-p", "no:xdist", test]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | {
        "DEPLOY_TREE": str(tree)
    }
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == _FAILED, done.stdout[-2_000:]


def test_the_docs_have_the_mistakes() -> None:
    text = (ROOT / "docs" / "explanation" / "deployment-tests.md").read_text()
    for name, mistake in MISTAKES.items():
        assert f"| {name} | `{mistake.test}` |" in text
