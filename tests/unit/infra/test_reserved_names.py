"""All SQL of the project uses only names that BigQuery accepts. The embedded engine accepts more."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support import ROOT

# Reserved in GoogleSQL (https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords), and used by
# none of our statements as what they are: so they are names, which need backticks.
RESERVED = {
    "ASSERT_ROWS_MODIFIED",
    "AT",
    "COLLATE",
    "CONTAINS",
    "CUBE",
    "CURRENT",
    "DEFAULT",
    "DEFINE",
    "ENUM",
    "ESCAPE",
    "EXCLUDE",
    "FETCH",
    "GROUPING",
    "GROUPS",
    "HASH",
    "LATERAL",
    "LOOKUP",
    "MERGE",
    "NATURAL",
    "NEW",
    "NO",
    "OF",
    "PROTO",
    "RANGE",
    "RESPECT",
    "RIGHT",
    "ROLLUP",
    "SOME",
    "TABLESAMPLE",
    "TO",
    "TREAT",
    "WITHIN",
}


def statements() -> Iterator[tuple[str, str]]:
    for file in sorted([*ROOT.glob("infra/**/*.sql"), *ROOT.glob("reports/**/*.sql")]):
        yield file.relative_to(ROOT).as_posix(), file.read_text()
    for folder in ("ingester", "functions", "local", "reports"):
        for file in sorted(ROOT.glob(f"{folder}/**/*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\nSELECT" in node.value:
                    yield f"{file.relative_to(ROOT).as_posix()}:{node.lineno}", node.value


@pytest.mark.parametrize("sql", [pytest.param(sql, id=name) for name, sql in statements()])
def test_names_that_bigquery_reserves_stand_in_backticks(sql: str) -> None:
    bare = re.sub(r"--[^\n]*|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|@\w+|\.\w+", " ", sql)
    assert not {word.upper() for word in re.findall(r"\b[A-Za-z_]+\b", bare)} & RESERVED
