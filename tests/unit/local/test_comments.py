"""The embedded engine reads a statement as if it had no comments."""

import pytest

from local.emulators.bigquery.comments import without_comments


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("-- a post's price\nSELECT 0.005 AS price", "SELECT 0.005 AS price"),
        ("SELECT 1 -- X's\n, 0.5", "SELECT 1\n, 0.5"),
        ("SELECT /* it's */ 0.5", "SELECT\n0.5"),
        ("SELECT '-- no comment' AS text, \"#2\"", "SELECT '-- no comment' AS text, \"#2\""),
        ("SELECT r'\\d--' AS `a--b`", "SELECT r'\\d--' AS `a--b`"),
        ("SELECT 'without an end", "SELECT 'without an end"),
    ],
)
def test_comments_go_and_nothing_else(sql: str, expected: str) -> None:
    assert without_comments(sql).strip() == expected
