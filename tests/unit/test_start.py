"""Every command answers --help at once: nothing heavy is imported before the arguments are read."""

import subprocess
import sys

import pytest

from tests.support import ROOT

HEAVY = {
    "aiohttp", "apache_beam", "duckdb", "google.auth", "google.cloud.bigquery", "grpc", "networkx", "numpy", "pandas", "requests", "rich",
    "tweepy", "yaml",
}  # fmt: skip
_PROGRAM = """
import atexit, runpy, sys
atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))
sys.argv = ["{module}", "{option}"]
runpy.run_module("{module}", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    ("module", "option"),
    [
        *(
            (module, option)
            for module in ("ingester", "local", "reports", "dataflow")
            for option in ("--help", "--version")
        ),
        ("functions.load_tweet.filter", "--help"),
        ("functions.remove_deleted", "--help"),
        ("demo", "--help"),
        ("benchmarks", "--help"),
    ],
)
def test_help_and_version_import_nothing_heavy(module: str, option: str) -> None:
    program = _PROGRAM.format(module=module, option=option)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout
    assert set(done.stderr.split()) & HEAVY == set()
