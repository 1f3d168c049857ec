"""The part of a network that a picture shows."""

from datetime import datetime

from reports import network
from reports.charts import graph
from reports.rows import Context


def edges(*pairs: tuple[str, str]) -> list[dict[str, object]]:
    return [{"source": one, "target": other, "weight": 5} for one, other in pairs]


def test_the_densest_part_is_what_hangs_together_most() -> None:
    clique = [(f"a{one}", f"a{other}") for one in range(12) for other in range(one)]
    chain = [(f"b{n}", f"b{n + 1}") for n in range(100)]
    part = graph.densest_nodes(network.build(edges(*chain, *clique), directed=False))
    assert {f"a{n}" for n in range(12)} <= set(part.nodes)
    assert part.number_of_nodes() <= graph.NODES
    assert not [node for node, degree in part.degree if not degree], "a node alone says nothing"


def test_who_mentions_themselves_is_drawn_with_others_or_not_at_all() -> None:
    assert graph.densest_nodes(network.build(edges(("a", "a")), directed=True)).number_of_nodes() == 0


def test_two_nodes_are_no_picture() -> None:
    context = Context(gaps=[], end=datetime(2026, 11, 2), begin=datetime(2026, 11, 1))  # noqa: DTZ001 - of a clock on a wall
    assert graph.densest_part("directed")(edges(("a", "b")), context) is None


def test_parts_that_do_not_touch_lie_in_cells_of_their_own() -> None:
    triangles = [(f"{name}{one}", f"{name}{other}") for name in "abcde" for one, other in ((0, 1), (1, 2), (0, 2))]
    at = graph._places(network.build(edges(*triangles), directed=False))
    cells = {(round(place["x"] / 3), round(place["y"] / 3)) for place in at.values()}
    assert len(cells) == 5
