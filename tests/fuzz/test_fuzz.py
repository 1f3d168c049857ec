"""Hostile input: the way from a request to its rows raises only documented errors, and no text makes it slow.

python -m tests.fuzz looks for ten minutes, guided by coverage.
"""

import importlib.util
import itertools
import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.emulators.x import posts, writer
from tests.fuzz import judge
from tests.fuzz.hard import HARD
from tests.support import ROOT
from tests.support.tiers import needs

RULES = [{"id": "1", "tag": "t"}]
MESSAGES = [
    json.loads(post.as_json(RULES))
    for post in itertools.islice(writer.write(5, posts.spread(200, judge.NOW, timedelta(days=1))), 200)
]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in _places(child, (*path, key)))]


PLACES = [_places(message)[1:] for message in MESSAGES]
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["9" * 19, "9" * 25, "2026-13-01", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "\ud83c\udfb5", "", "0"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def spoilt(draw: st.DrawFn) -> dict[str, Any]:
    """Return a message of X's, with up to three of its values replaced."""
    number = draw(st.integers(0, len(MESSAGES) - 1))
    message: dict[str, Any] = json.loads(json.dumps(MESSAGES[number]))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(PLACES[number]))
        owner: Any = message
        try:
            for key in way:
                owner = owner[key]
            owner[last] = draw(anything)
        except (KeyError, IndexError, TypeError):
            continue  # it is gone with an earlier one
    return message


@settings(max_examples=400)
@given(spoilt())
def test_a_message_with_other_values_than_x_sends(message: dict[str, Any]) -> None:
    judge.judge_payload(json.dumps(message, ensure_ascii=True))


@settings(max_examples=200)
@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace")))
def test_any_body_of_a_request(body: bytes) -> None:
    judge.judge_request(body)


@pytest.mark.parametrize("piece", HARD.values(), ids=HARD.keys())
def test_a_quarter_of_a_million_characters_take_no_time_to_speak_of(piece: str) -> None:
    """Quadratic code, or a regular expression that backtracks, would not end within the test's time limit."""
    text = piece * (250_000 // len(piece))
    data = {"id": "2123840964664492033", "text": text, "lang": "en", "note_tweet": {"text": text}}
    judge.judge_payload(json.dumps({"data": data, "includes": {"users": [{"id": "1", "name": text}]}}))


@needs("atheris", importlib.util.find_spec("atheris") is not None, "it has no wheel for this Python or system")
@pytest.mark.parametrize(
    "seconds", [pytest.param(5, marks=pytest.mark.processes), pytest.param(30, marks=pytest.mark.slow)]
)
def test_some_seconds_guided_by_coverage(seconds: int) -> None:
    command = [sys.executable, "-m", "tests.fuzz", str(seconds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    runs = int(done.stderr.rsplit("stat::number_of_executed_units:", 1)[1].split()[0])
    assert runs > 100 * seconds, "it has looked"
