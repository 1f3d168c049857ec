"""What an id is, and how deep JSON may be nested."""

from typing import Any

import pytest

from posts.limits import DEEPEST, parse_id, parse_json

IDS: dict[str, tuple[Any, int | None]] = {
    "a string": ("2107184236008718446", 2_107_184_236_008_718_446),
    "a number": (20, 20),
    "leading zeros": ("0020", 20),
    "the highest": (str((1 << 63) - 1), (1 << 63) - 1),
    "one more": (str(1 << 63), None),
    "one more, as a number": (1 << 63, None),
    "400 digits": ("9" * 400, None),
    "negative": ("-1", None),
    "negative, as a number": (-1, None),
    "a space": ("20 ", None),
    "a line break": ("20\n", None),
    "other digits": ("٢٠", None),
    "nothing": ("", None),
    "null": (None, None),
    "a fraction": (20.0, None),
    "a boolean": (True, None),
    "a list": (["20"], None),
}


@pytest.mark.parametrize(("value", "number"), IDS.values(), ids=IDS.keys())
def test_an_id_is_up_to_19_digits_below_2_to_the_63rd(value: Any, number: int | None) -> None:
    assert parse_id(value) == number


@pytest.mark.parametrize("kind", [str, str.encode], ids=["text", "bytes"])
def test_json_is_nested_no_deeper_than_so_many_levels(kind: Any) -> None:
    assert parse_json(kind("[" * DEEPEST + "]" * DEEPEST))
    assert parse_json(kind('"' + "[" * 5_000 + '"')) == "[" * 5_000
    assert len(parse_json(kind("[" + "[]," * 5_000 + "[]]"))) == 5_001
    for levels in (DEEPEST + 1, 1_000, 1_025, 100_000):
        with pytest.raises(ValueError, match=r"nested deeper|depth limit"):
            parse_json(kind("[" * levels + "]" * levels))
