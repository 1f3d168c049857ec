"""What X charges: the list, what of an answer is billed, and that every other place says the same."""

import json
import re
from typing import Any

import pytest

from posts import prices
from posts.prices import Resources, resources
from tests.support import ROOT

LIST: dict[str, dict[str, Any]] = json.loads((ROOT / "posts" / "prices.json").read_text())


def test_a_unit_is_a_post_and_the_others_are_whole_units() -> None:
    assert LIST["post"]["dollars"] == prices.DOLLARS
    for kind, entry in LIST.items():
        assert prices.units(kind) * prices.DOLLARS == pytest.approx(entry["dollars"]), kind
        assert entry["source"].startswith("https://docs.x.com/")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", entry["read"])


MESSAGES: dict[str, tuple[dict[str, Any], Resources]] = {
    "a post": ({"data": {"id": "1"}}, Resources(("1",))),
    "a retweet with all that X includes": (
        {
            "data": {"id": "1"},
            "includes": {"tweets": [{"id": "2"}], "users": [{"id": "7"}, {"id": "8"}], "media": [{"media_key": "3_1"}]},
        },
        Resources(("1", "2"), ("7", "8")),
    ),
    "in the new dialect": ({"data": {"id": "1"}, "includes": {"posts": [{"id": "2"}]}}, Resources(("1", "2"))),
    "a page of search": (
        {"data": [{"id": "1"}, {"id": "2"}], "includes": {"users": [{"id": "7"}]}},
        Resources(("1", "2"), ("7",)),
    ),
    "nothing": ({"meta": {"result_count": 0}}, Resources()),
    "what no answer of X's should hold": (
        {"data": [1, None], "includes": {"users": {"id": "7"}, "tweets": ["x"]}},
        Resources(),
    ),
}


@pytest.mark.parametrize(("message", "found"), MESSAGES.values(), ids=MESSAGES.keys())
def test_every_resource_of_an_answer_is_found(message: dict[str, Any], found: Resources) -> None:
    assert resources(message) == found


@pytest.mark.parametrize(
    ("authors", "referenced", "dollars"),
    [(True, True, 0.03), (False, True, 0.01), (True, False, 0.015), (False, False, 0.005)],
)
def test_what_one_post_may_cost_at_the_most(authors: bool, referenced: bool, dollars: float) -> None:
    assert prices.most(authors=authors, referenced=referenced) * prices.DOLLARS == pytest.approx(dollars)


SQL = [
    "reports/questions/posts_by_rule.sql",
    "reports/questions/dropped.sql",
    "infra/bigquery/views/health.sql",
    "infra/bigquery/views/spending.sql",
]


@pytest.mark.parametrize("name", SQL)
def test_sql_multiplies_by_the_price_of_a_post(name: str) -> None:
    factors = re.findall(r"\* (0\.\d+)", re.sub("--.*", "", (ROOT / name).read_text()))
    assert factors
    assert {float(factor) for factor in factors} == {LIST["post"]["dollars"]}


def test_the_alert_on_the_filter_multiplies_by_it_too() -> None:
    alert = json.loads((ROOT / "infra" / "monitoring" / "alerts" / "filtered.json").read_text())
    (condition,) = alert["conditions"]
    assert condition["conditionPrometheusQueryLanguage"]["query"].startswith(f"{LIST['post']['dollars']} * ")


def test_the_readme_says_what_a_post_costs() -> None:
    readme = (ROOT / "README.md").read_text()
    most = prices.most(authors=True, referenced=True) * prices.DOLLARS
    assert (
        f"X charges ${LIST['post']['dollars']} a post and up to ${most:.3f} with authors and referenced\nposts"
        in readme
    )


def test_nobody_else_has_a_price_of_xs_of_its_own() -> None:
    elsewhere = [
        file.relative_to(ROOT).as_posix()
        for folder in ("ingester", "functions", "local", "reports", "infra")
        for file in sorted((ROOT / folder).rglob("*.py"))
        if re.search(r"DOLLARS\w*\s*=\s*0\.0", file.read_text())
    ]
    assert elsewhere == []


def made_of(what: str, authors: int, referenced: int) -> tuple[int, int, int]:
    """Posts, users and requests for counts of a line of the table."""
    with_original = (1 + referenced, authors + authors * referenced, 0)
    return {
        "a post": (1, 0, 0),
        "a post whose author is new that day": (1, authors, 0),
        "a quote, its author and the quoted author new": with_original,
        "a retweet, both authors new": with_original,
        "a retweet of what was delivered that day": (1, 0, 0),
        "a gap of an hour with 60 posts, all authors new": (60, 60 * authors, 1),
        "a post that is read again for its counts": (1, 0, 0),
        "a search of a day with 1,000 posts, 500 authors new": (1_000, 500 * authors, 1),
        "a search of a year with 50,000 posts, 20,000 authors new": (50_000, 20_000 * authors, 2),
    }[what]


def test_the_table_of_what_things_cost_is_what_the_list_gives() -> None:
    lines = [line for line in (ROOT / "docs" / "costs.md").read_text().splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "$" in line]
    assert len(rows) == 9
    for what, *shown in rows:
        for cell, (authors, referenced) in zip(shown, [(1, 1), (1, 0), (0, 1), (0, 0)], strict=True):
            # a request for counts of the full archive costs as much as two of the last seven days
            units = zip(made_of(what, authors, referenced), ("post", "user", "counts_recent"), strict=True)
            assert cell == f"${sum(count * LIST[kind]['dollars'] for count, kind in units):,.3f}", what
