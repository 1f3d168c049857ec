"""JSON that is not one value a line is taken apart as a JSON parser would, and damage in it costs one element."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.units import Unit, units

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def cut(text: bytes, seed: int) -> list[bytes]:
    """Return the text in blocks of random sizes."""
    chance, blocks = random.Random(seed), []
    while text:
        size = chance.randint(1, 9)
        blocks.append(text[:size])
        text = text[size:]
    return blocks


@given(st.lists(_VALUES, max_size=6), st.sampled_from([None, 1, 4]), st.booleans(), st.integers(0, 1_000))
def test_the_elements_are_those_of_a_json_parser(
    elements: list[Any], indent: int | None, ascii_only: bool, seed: int
) -> None:
    text = json.dumps(elements, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    found = list(units(cut(text, seed), 1_000_000))
    assert [json.loads(unit.data.decode("utf-8", "surrogatepass")) for unit in found] == elements
    lines = text.split(b"\n")
    assert all(unit.data.split(b"\n")[0] in lines[unit.line] for unit in found)


def test_values_one_after_the_other_and_arrays_of_them() -> None:
    text = b'{"a":\n1}\n[{"b": 2},\n {"c": 3}] {"d": 4}'
    assert list(units([text], 100)) == [
        Unit(0, b'{"a":\n1}'),
        Unit(2, b'{"b": 2}'),
        Unit(3, b'{"c": 3}'),
        Unit(3, b'{"d": 4}'),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            b'[{"a":1},null,7,"x",{"b":2}]', [b'{"a":1}', b"null", b"7", b'"x"', b'{"b":2}'], id="odd elements"
        ),
        pytest.param(b'[{"a":1},{"b" 2},{"c":3}]', [b'{"a":1}', b'{"b" 2}', b'{"c":3}'], id="no JSON"),
        pytest.param(b'[\n{"a": "x\n},\n{"b": 2}\n]', [b'{"a": "x\n', b'{"b": 2}'], id="a string that is not closed"),
        pytest.param(b'[{"a":1},{"b":', [b'{"a":1}', b'{"b":'], id="cut off"),
        pytest.param(b'[{"a":1},{"b":"\\', [b'{"a":1}', b'{"b":"\\'], id="cut off in an escape"),
        pytest.param(b'[{"a":"]}{["},{"b":"\\"}"}]', [b'{"a":"]}{["}', b'{"b":"\\"}"}'], id="brackets in strings"),
        pytest.param(b" \n , \n", [], id="nothing"),
    ],
)
def test_damage_costs_the_element_that_it_is_in(text: bytes, expected: list[bytes]) -> None:
    for seed in range(20):
        assert [unit.data for unit in units(cut(text, seed), 1_000)] == expected


def test_of_a_value_that_is_too_long_the_beginning_is_kept() -> None:
    text = b'[\n{"a": "' + b"x" * 500 + b'"},\n{"b": 2}\n]'
    assert [(unit.data[:9], len(unit.data), unit.is_whole) for unit in units([text], 100)] == [
        (b'{"a": "xx', 100, False),
        (b'{"b": 2}', 8, True),
    ]
