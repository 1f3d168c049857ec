"""X's own count of billed posts: what is read of it, whatever X sends."""

from typing import Any

import pytest

from ingester.x.client import read_usage, whole_number

RESPONSES: dict[str, tuple[dict[str, Any], tuple[int, int] | None]] = {
    "as X sends it": ({"data": {"cap_reset_day": 28, "project_usage": "1234"}}, (1_234, 28)),
    "numbers and strings the other way round": ({"data": {"cap_reset_day": "28", "project_usage": 1_234}}, (1_234, 28)),
    "without a day": ({"data": {"project_usage": "5"}}, (5, 1)),
    "a day of eight digits": ({"data": {"cap_reset_day": "20261125", "project_usage": "5"}}, None),
    "a usage of 5,000 digits": ({"data": {"cap_reset_day": 1, "project_usage": "9" * 5_000}}, None),
    "a negative usage": ({"data": {"cap_reset_day": 1, "project_usage": "-5"}}, None),
    "an object": ({"data": {"project_usage": {"total": 5}}}, None),
    "other digits": ({"data": {"project_usage": "٣"}}, None),
    "a list": ({"data": []}, None),
    "nothing": ({}, None),
}


@pytest.mark.parametrize(("body", "usage"), RESPONSES.values(), ids=RESPONSES.keys())
def test_what_is_absurd_is_unknown(body: dict[str, Any], usage: tuple[int, int] | None) -> None:
    assert read_usage(body) == usage


@pytest.mark.parametrize("value", [True, 1.5, None, "", "1e3", "9" * 19, [], " 5"])
def test_what_is_no_whole_number(value: Any) -> None:
    assert whole_number(value) is None
