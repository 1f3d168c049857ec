"""Logging never stops the stream: whatever stdout is, the process goes on and ends with its own exit code."""

import json
import os
import subprocess
import sys

import pytest

from tests.support import ROOT

MANY = """
from ingester import queued_log
from runtime import log
queued_log.start()
for number in range(30_000):
    log.event("line", number=number, text="x" * 100)
queued_log.flush(1.0)
queued_log.end(3)
"""


def start(script: str, **more: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.PIPE, **more)  # type: ignore[call-overload,no-any-return]


def test_a_pipe_that_nobody_reads_costs_lines_and_no_time() -> None:
    process = start(MANY, stdout=subprocess.PIPE)
    assert process.wait(30) == 3
    process.communicate()


@pytest.mark.parametrize("redirection", [">&-", "| true"], ids=["closed", "broken"])
def test_a_stdout_that_is_gone_changes_no_exit_code(redirection: str) -> None:
    command = f'set -o pipefail; "$PYTHON" -c "$SCRIPT" {redirection}'
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env={**os.environ, "PYTHON": sys.executable, "SCRIPT": MANY},
        timeout=30,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 3
    assert b"Traceback" not in ended.stderr


def test_lines_are_whole_and_the_next_one_says_how_many_were_lost() -> None:
    process = start(
        MANY.replace("queued_log.flush(1.0)", "queued_log.flush(1.0); log.event('last'); queued_log.flush(1.0)"),
        stdout=subprocess.PIPE,
    )
    out, _ = process.communicate(timeout=30)
    lines = [json.loads(line) for line in out.splitlines()]
    lost = sum(line.get("lines_lost", 0) for line in lines)
    assert len(lines) + lost == 30_001
    assert lines[-1]["event"] == "last"
