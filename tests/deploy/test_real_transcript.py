"""The recording gcloud and bq print what the real ones print: a transcript of the real ones is given to them, command by command."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.deploy.cloud import RECORDING, cloud, copy_of_tree, missing_tools
from tests.support.deploy.transcript import KEPT, RENEW, Command, differences, links, read
from tests.support.tiers import needs

RUNS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("up", "--yes"), {}),
    (("up", "--yes"), {"MAX_POSTS_PER_DAY": "500", "ALERT_EMAIL": "another@example.com"}),
    (("pause",), {}),
    (("resume",), {}),
    (("up", "--yes"), {"LOADER": "dataflow", "MAX_POSTS_PER_DAY": "500"}),
    (("up", "--yes"), {"MAX_POSTS_PER_DAY": "500"}),
    (("destroy", "--yes"), {}),
    (("destroy", "--all", "--yes"), {}),
    (("plan",), {}),
)


@pytest.fixture(scope="module")
def transcript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("google")
    file = tmp_path_factory.mktemp("transcript") / "transcript.jsonl"
    with cloud(folder) as google:
        google.tree = copy_of_tree(tmp_path_factory.mktemp("tree"))
        google.environment["PATH"] = f"{links(folder / 'bin')}:{google.environment['PATH']}"
        google.environment["TRANSCRIPT"] = str(file)
        for arguments, settings in RUNS:
            ran = google.deploy(*arguments, **settings)
            assert ran.code == (1 if arguments == ("plan",) else 0), ran.said
    if os.environ.get("RENEW_TRANSCRIPT"):
        shutil.copy(file, KEPT)
    return file


def forms(commands: list[Command]) -> set[str]:
    return {one.form for one in commands}


@needs("gcloud", missing_tools() is None, f"{missing_tools()}, and deploy.sh cannot be run for real")
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_recording_gcloud_prints_what_the_real_one_prints_today(transcript: Path, tmp_path: Path) -> None:
    assert differences(read(transcript), RECORDING, tmp_path) == []
    assert forms(read(transcript)) == forms(read(KEPT)), RENEW


def test_the_recording_gcloud_prints_what_the_real_one_printed(tmp_path: Path) -> None:
    assert differences(read(KEPT), RECORDING, tmp_path) == []
