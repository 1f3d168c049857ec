"""X's answers to requests, written once: the simulator's X and the local emulator answer alike."""

import pytest

from tests.support.either_x import CONNECTIONS, COUNTS, RULES, SEARCH, AnX, add, rules


def test_another_token_is_refused(x: AnX) -> None:
    assert x.call("GET", RULES, {}, token="old").status == 401


def test_rules_are_added_once_each_with_an_id_of_x_s(x: AnX) -> None:
    assert "data" not in (x.call("GET", RULES, {}).body or {}), "no rules, no data"
    assert add(x, "music", "dance").status == 201
    again = add(x, "music")
    assert (again.status, again.body and again.body["errors"][0]["title"]) == (200, "DuplicateRule")
    assert [(rule["value"], rule["tag"]) for rule in rules(x)] == [("music", "t"), ("dance", "t")]
    assert len({rule["id"] for rule in rules(x)}) == 2


@pytest.mark.parametrize("dry", ["true", "True"])
def test_a_dry_run_changes_nothing(x: AnX, dry: str) -> None:
    assert add(x, "music", dry_run=dry).status == 201
    assert rules(x) == []


def test_a_rule_that_is_deleted_and_added_again_has_another_id(x: AnX) -> None:
    add(x, "music")
    (rule,) = rules(x)
    assert x.call("POST", RULES, {}, {"delete": {"ids": [rule["id"]]}}).status == 200
    assert rules(x) == []
    add(x, "music")
    assert rules(x)[0]["id"] != rule["id"]


def test_nobody_holds_the_stream_and_clearing_it_is_no_error(x: AnX) -> None:
    found = x.call("GET", CONNECTIONS, {"status": "active", "endpoints": "filtered_stream"})
    assert (found.status, found.body and found.body["meta"]["result_count"], "data" in (found.body or {})) == (
        200,
        0,
        False,
    )
    assert x.call("DELETE", f"{CONNECTIONS}/filtered_stream", {}).status == 200


def test_usage_is_a_string(x: AnX) -> None:
    body = x.call("GET", "/2/usage/tweets", {}).body
    assert body is not None
    assert body["data"]["project_usage"] == "0"


def test_a_search_that_finds_nothing_has_no_data(x: AnX) -> None:
    found = x.call("GET", SEARCH, {"query": "nobody says this", "since_id": "1", "until_id": "99", "max_results": 10})
    assert (found.status, found.body) == (200, {"meta": {"result_count": 0}})


@pytest.mark.parametrize("size", [5, 101])
def test_a_page_has_from_10_to_100_posts(x: AnX, size: int) -> None:
    assert (
        x.call("GET", SEARCH, {"query": "music", "since_id": "1", "until_id": "9", "max_results": size}).status == 400
    )


def test_counts_have_a_span_for_each_unit_of_time(x: AnX) -> None:
    since, until = 2125600000000000000, 2125600000000000000 + (150_000 << 22)
    found = x.call(
        "GET", COUNTS, {"query": "music", "since_id": str(since), "until_id": str(until), "granularity": "minute"}
    )
    assert found.status == 200
    assert found.body is not None
    assert found.body["meta"]["total_tweet_count"] == 0
    assert {frozenset(span) for span in found.body["data"]} <= {frozenset({"start", "end", "tweet_count"})}


def test_what_is_not_there_is_a_404(x: AnX) -> None:
    assert x.call("GET", "/2/nothing", {}).status == 404
