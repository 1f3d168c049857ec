"""Every command answers --help at once: nothing heavy is imported before the arguments are read."""

import signal
import subprocess
import sys

import pytest

from tests.support import ROOT

HEAVY = {
    "aiohttp",
    "apache_beam",
    "duckdb",
    "google.auth",
    "google.cloud.bigquery",
    "grpc",
    "networkx",
    "numpy",
    "pandas",
    "requests",
    "rich",
    "tweepy",
    "yaml",
}
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


@pytest.mark.parametrize("module", ["ingester", "local", "reports", "dataflow", "demo"])
def test_ctrl_c_while_libraries_are_imported_shows_no_traceback(module: str) -> None:
    arguments = {"ingester": ["rules", "plan"], "dataflow": ["files", "none"]}.get(module, [])
    command = [sys.executable, "-X", "importtime", "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("google" in line for line in process.stderr), "libraries are being imported"
        process.send_signal(signal.SIGINT)
        said = "".join(process.communicate(timeout=30))
    assert process.returncode in (-signal.SIGINT, 128 + signal.SIGINT)  # a shell makes one of the other
    assert "Traceback" not in said
