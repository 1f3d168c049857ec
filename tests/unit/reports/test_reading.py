"""What --search finds: whole words, beginnings, and words of scripts that put no space between them."""

import pytest

from reports import reading
from tests.support.searches import FOUND


@pytest.mark.parametrize(("wanted", "text", "match"), FOUND.values(), ids=FOUND.keys())
def test_what_stands_before_and_after(wanted: str, text: str, match: str | None) -> None:
    (row,) = reading.in_context([{"id": "1", "text": text, "found": 1}], wanted)
    assert row["match"] == (match or "")
    assert row["before"] + row["match"] + row["after"] == text
