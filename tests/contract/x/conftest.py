"""Tests of X's behaviour are written once and run on both X's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.either_x import TOKEN, AnX, Served, Simulated
from tests.support.processes import serving


@pytest.fixture(params=["simulated", "served"])
def x(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnX]:
    if request.param == "simulated":
        one = Simulated()
        yield one
        one.loop.close()
        return
    command = ("--posts", "200", "--rate", "100", "--search-lag", "0")
    with serving("x", "local.emulators.x.server", tmp_path, *command, X_BEARER_TOKEN=TOKEN) as process:
        yield Served(f"http://127.0.0.1:{process.port}")
