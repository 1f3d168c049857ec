"""What --search finds: whole words, beginnings, and words of scripts that put no space between them."""

import pytest

from reports import reading
from reports.errors import UsageError
from tests.support.searches import FOUND


@pytest.mark.parametrize(("wanted", "text", "match"), FOUND.values(), ids=FOUND.keys())
def test_what_stands_before_and_after(wanted: str, text: str, match: str | None) -> None:
    search = reading.parse(wanted)
    (row,) = reading.in_context([{"id": "1", "text": text, "found": 1}], search)
    assert row["before"] + row["match"] + row["after"] == text
    if match is not None:  # what is not found is not shown: SQL decides that
        assert row["match"] == match


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "*",
        "-",
        "-live",
        'new "album',
        "OR album",
        "album OR",
        "album OR OR tour",
        "album OR -live",
        '""',
        "(album OR tour)",
    ],
)
def test_a_search_for_nothing_is_a_mistake(typed: str) -> None:
    with pytest.raises(UsageError, match="--search"):
        reading.parse(typed)
