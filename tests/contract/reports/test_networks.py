"""Networks of authors and hashtags, as Gephi reads them."""

from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from reports import network, options, query
from reports.query import Source
from tests.support import attack
from tests.support.report_rows import asked, fresh

POSTS: list[dict[str, Any]] = [
    {"id": "1", "user_username": "Ann", "hashtags": ["A", "a", "B"], "mentions": ["Bob", "cleo"]},
    {"id": "2", "user_username": "bob", "hashtags": ["b", "a", "c"], "mentions": ["ann"], "quote_of": "1"},
    {
        "id": "3",
        "user_username": "cleo",
        "retweet_of": "1",
        "text": "RT @Ann: hi",
        "hashtags": ["A", "B"],
        "mentions": ["ann", "bob"],
    },
    {"id": "4", "user_username": "ann", "mentions": ["bob"], "quote_of": "999"},
    {"id": "5", "user_username": None, "mentions": ["bob"], "retweet_of": "2", "text": "RT @bob: x"},
]
EDGES: dict[str, list[tuple[str, str, int]]] = {
    "hashtags": [("#a", "#b", 3), ("#a", "#c", 1), ("#b", "#c", 1)],
    "mentions": [("@ann", "@bob", 2), ("@ann", "@cleo", 1), ("@bob", "@ann", 1)],
    "retweets": [("@cleo", "@ann", 1)],
    "quotes": [("@bob", "@ann", 1)],
}


@pytest.fixture(scope="module")
def source(session_client: Any) -> Source:
    return fresh(session_client, {"tweet_versions": [{"created_at": "2026-11-01T12:00:00", **post} for post in POSTS]})


@pytest.mark.parametrize(("kind", "edges"), EDGES.items(), ids=EDGES.keys())
def test_an_edge_is_a_pair_and_its_weight_the_posts(
    source: Source, kind: str, edges: list[tuple[str, str, int]]
) -> None:
    rows = query.run(source, network.load_question(kind), asked())
    assert [(row["source"], row["target"], row["weight"]) for row in rows] == edges


def test_a_post_with_thousands_of_hashtags_makes_no_millions_of_pairs(session_client: Any) -> None:
    tags = [f"t{n:04}" for n in range(3_000)]
    posts = [{"id": str(n), "created_at": "2026-11-01T12:00:00", "hashtags": tags} for n in range(4)]
    rows = query.run(fresh(session_client, {"tweet_versions": posts}), network.load_question("hashtags"), asked())
    assert len(rows) == 100 * 99 // 2
    assert {row["weight"] for row in rows} == {4}


def test_there_is_a_case_for_each_kind() -> None:
    assert set(EDGES) == set(options.NETWORKS)


@pytest.mark.parametrize(("suffix", "read"), [("gexf", nx.read_gexf), ("graphml", nx.read_graphml)])
def test_what_is_written_can_be_read_back(source: Source, tmp_path: Path, suffix: str, read: Any) -> None:
    path = tmp_path / f"n.{suffix}"
    assert network.write(source, asked(), "mentions", path) == (3, 3)
    graph = read(path)
    assert graph.is_directed()
    assert graph["@ann"]["@bob"]["weight"] == 2
    assert graph.nodes["@ann"]["weighted_degree"] == 4
    assert list(tmp_path.iterdir()) == [path]


def test_two_groups_are_two_communities_the_larger_first() -> None:
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "a"), ("x", "y"), ("y", "z"), ("z", "x"), ("a", "x")]
    rows = [{"source": one, "target": other, "weight": 1 if (one, other) == ("a", "x") else 9} for one, other in pairs]
    graph = network.build(rows, directed=False)
    assert {node: graph.nodes[node]["community"] for node in graph} == dict.fromkeys("abcd", 0) | dict.fromkeys(
        "xyz", 1
    )


def test_a_name_that_is_hostile_breaks_no_file(tmp_path: Path) -> None:
    graph = network.build([{"source": f"a\x00\x1b{attack.BIDI}<&>", "target": "b", "weight": 1}], directed=True)
    nx.write_gexf(graph, tmp_path / "n.gexf")
    assert len(nx.read_gexf(tmp_path / "n.gexf")) == 2


@pytest.mark.parametrize("suffix", ["gexf", "graphml"])
def test_nodes_have_their_posts_followers_language_and_community(
    session_client: Any, tmp_path: Path, suffix: str
) -> None:
    posts: list[dict[str, Any]] = [
        {
            "id": "1",
            "user_username": "Ann",
            "user_followers_count": 7,
            "lang": "en",
            "mentions": ["bob"],
            "hashtags": ["A", "b"],
        },
        {
            "id": "2",
            "user_username": "ann",
            "user_followers_count": 9,
            "lang": "de",
            "mentions": ["bob"],
            "hashtags": ["a"],
        },
        {"id": "3", "user_username": "ann", "lang": "de", "mentions": [], "hashtags": []},
    ]
    source = fresh(
        session_client, {"tweet_versions": [{"created_at": "2026-11-01T12:00:00", **post} for post in posts]}
    )
    read = nx.read_gexf if suffix == "gexf" else nx.read_graphml
    network.write(source, asked(), "mentions", tmp_path / f"m.{suffix}")
    graph = read(tmp_path / f"m.{suffix}")
    ann = {name: value for name, value in graph.nodes["@ann"].items() if name != "label"}
    assert ann == {"weighted_degree": 2, "community": 0, "posts": 3, "followers": 9, "language": "de"}
    assert "posts" not in graph.nodes["@bob"], "bob wrote nothing here"
    network.write(source, asked(), "hashtags", tmp_path / f"h.{suffix}")
    graph = read(tmp_path / f"h.{suffix}")
    assert (graph.nodes["#a"]["posts"], graph.nodes["#b"]["posts"]) == (2, 1)


def test_a_network_without_matching_posts_has_no_nodes_or_edges(source: Source, tmp_path: Path) -> None:
    assert network.write(source, asked(keyword="none"), "quotes", tmp_path / "n.gexf") == (0, 0)
