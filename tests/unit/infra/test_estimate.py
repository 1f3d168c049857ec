"""What reading posts again adds to the estimate."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support import ROOT

PROGRAM = ROOT / "infra" / "deploy" / "estimate.py"


def estimated(*arguments: str) -> Any:
    command = [sys.executable, str(PROGRAM), "--json", "--posts-per-day", "1000", *arguments]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout)


@pytest.mark.parametrize(
    ("arguments", "readings"),
    [
        ((), 0),
        (("--refresh-after", "1d", "--refresh-max", "0"), 1_000),
        (("--refresh-after", "1d,7d", "--refresh-max", "0", "--refresh-share", "0.1"), 200),
        (("--refresh-after", "1d,7d"), 100),
    ],
)
def test_readings_are_a_share_at_each_age_within_their_limit(arguments: tuple[str, ...], readings: float) -> None:
    found = estimated(*arguments)["readings"]
    assert found["per_day"] == readings
    assert found["x"] == pytest.approx(readings * 365 / 12 * 0.005, abs=0.01)


def test_each_reading_is_stored_like_a_post() -> None:
    with_readings = estimated("--refresh-after", "1d", "--refresh-max", "0")["google"]["total"]
    assert with_readings > estimated()["google"]["total"]
