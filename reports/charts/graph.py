"""The densest part of a network, its communities in colours."""

import math
from typing import Any

import altair as alt
import networkx as nx
import vl_convert

from .. import network
from ..rows import Context, Rows
from .base import Chart, Spec, inline_data
from .time import Draw

NODES = 50  # more cannot be read
_EDGES = 5_000  # those with most posts: the picture shows fewer
_COLOURED = 6  # communities: as many as there are colours
_HEIGHT = 460  # px, of a picture with all its nodes
_LEAST = 4  # nodes: fewer are a line, or a triangle that the table says as well
_GREY = "#8a97a6"
_PADDING = 30  # px, around the nodes
_LABEL = 140  # px, the longest label
_LETTER = 6.2  # px, the mean width of a letter of 11 px
_LINE = 13  # px


def densest_part(direction: str = "") -> Draw:
    """Return a function that draws the densest part of a network. `direction` is "directed" where edges have a direction."""

    def draw(rows: Rows, context: Context) -> Chart | None:
        whole = network.build(rows[:_EDGES], directed=bool(direction))
        part = densest_nodes(whole)
        if part.number_of_nodes() < _LEAST:
            return None
        at = _places(part)
        ordered = sorted(part.nodes, key=lambda node: (-whole.nodes[node]["weighted_degree"], node))
        nodes = [
            {
                **at[node],
                "name": node,
                "posts": whole.nodes[node]["weighted_degree"],
                "rank": rank,
                "community": _community(whole.nodes[node]["community"]),
            }
            for rank, node in enumerate(ordered)
        ]
        edges = [
            {
                **at[source],
                "x2": at[other]["x"],
                "y2": at[other]["y"],
                "weight": edge["weight"],
                "edge": f"{source} – {other}",
            }
            for source, other, edge in part.edges(data=True)
        ]
        return _layered_chart(nodes, edges)

    return draw


def _places(graph: Any) -> dict[str, dict[str, float]]:
    """Return each node's position. Each connected part has its own cell, the largest first; in it, linked nodes lie close together."""
    parts = sorted(nx.connected_components(graph), key=lambda nodes: (-len(nodes), min(nodes)))
    across = math.ceil(math.sqrt(len(parts)))
    at = {}
    for number, nodes in enumerate(parts):
        column, row = number % across, number // across
        k = 2.2 / len(nodes) ** 0.5
        for node, (x, y) in nx.spring_layout(graph.subgraph(nodes), k=k, iterations=200, seed=1, weight=None).items():
            at[node] = {"x": round(3 * column + float(x), 3), "y": round(-3 * row + float(y), 3)}
    return at


def densest_nodes(graph: Any) -> Any:
    """The nodes that hang together most: of the highest cores, and among these with most posts."""
    undirected = nx.Graph(graph)
    undirected.remove_edges_from(list(nx.selfloop_edges(undirected)))
    numbers = nx.core_number(undirected)
    chosen = sorted(undirected.nodes, key=lambda node: (-numbers[node], -graph.nodes[node]["weighted_degree"], node))[
        :NODES
    ]
    part = undirected.subgraph(chosen).copy()
    part.remove_nodes_from([node for node, degree in list(part.degree) if not degree])
    return part


def _community(number: int) -> str:
    return f"community {number + 1}" if number < _COLOURED - 1 else "another"


def _legend(**more: Any) -> alt.Legend:
    return alt.Legend(orient="top", direction="horizontal", **more)


def place_labels(spec: Spec) -> Spec:
    """Return Vega's form of the picture, in which Vega places the labels beside their nodes, and leaves out those that would overlap.

    Vega-Lite has no word for that: https://vega.github.io/vega/docs/transforms/label/.
    """
    vega = vl_convert.vegalite_to_vega(spec)
    for name in ("background", "style"):  # the page's own
        vega.pop(name, None)
    nodes, labels = (next(mark for mark in vega["marks"] if mark["type"] == kind) for kind in ("symbol", "text"))
    labels |= {
        "from": {"data": nodes["name"]},
        "encode": {"update": {"text": {"field": "datum.name"}, "fontSize": {"value": 11}, "limit": {"value": _LABEL}}},
        "transform": [
            {
                "type": "label",
                "size": {"signal": "[max(width, 1), max(height, 1)]"},
                "anchor": ["top", "bottom", "right", "left", "top-right", "top-left", "bottom-right", "bottom-left"],
                "offset": [2],
                "padding": 20,
                "sort": {"field": "datum.datum.rank"},
                "avoidMarks": [nodes["name"]],
            }
        ],
    }
    return dict(vega)


def keep_labels_apart(vega: Spec, width: int) -> Spec:
    """Return the picture for a width that is known, without the labels that would lie on another: the largest nodes keep theirs.

    For programs that draw Vega without a browser's canvas, which Vega's own placing needs.
    """
    named = next(data for data in vega["data"] if data.get("values") and "rank" in data["values"][0])
    nodes = sorted(named["values"], key=lambda node: node["rank"])
    spans = {axis: (min(node[axis] for node in nodes), max(node[axis] for node in nodes)) for axis in "xy"}
    size = {"x": width, "y": vega["height"]}

    def pixel(node: dict[str, Any], axis: str) -> float:
        low, high = spans[axis]
        return float(_PADDING + (node[axis] - low) / ((high - low) or 1) * (size[axis] - 2 * _PADDING))

    occupied: list[tuple[float, float, float]] = []  # middle and half the width of each label
    for node in nodes:
        x, y, half = pixel(node, "x"), pixel(node, "y"), min(len(node["name"]) * _LETTER, _LABEL) / 2
        is_free = all(abs(x - center) > half + other or abs(y - top) > _LINE for center, top, other in occupied)
        node["name"] = node["name"] if is_free else ""
        if is_free:
            occupied.append((x, y, half))
    labels = next(mark for mark in vega["marks"] if mark["type"] == "text")
    del labels["transform"]
    places = {axis: {"field": axis} for axis in "xy"} | {"dy": {"value": -11}, "align": {"value": "center"}}
    labels["encode"]["update"] |= places
    return vega


def _layered_chart(nodes: Rows, edges: Rows) -> Chart:
    scale = alt.Scale(zero=False, nice=False, padding=_PADDING)
    lines = (
        alt.Chart(inline_data(edges))
        .mark_rule(color=_GREY)
        .encode(
            x=alt.X("x:Q", axis=None, scale=scale),
            y=alt.Y("y:Q", axis=None, scale=scale),
            x2="x2:Q",
            y2="y2:Q",
            strokeWidth=alt.StrokeWidth("weight:Q", scale=alt.Scale(range=[0.4, 4]), legend=None),
            opacity=alt.value(0.45),
            tooltip=["edge:N", alt.Tooltip("weight:Q", title="posts", format=",")],
        )
    )
    names = sorted({node["community"] for node in nodes}, key=lambda name: (name == "another", name))
    base = alt.Chart(inline_data(nodes)).encode(x=alt.X("x:Q", scale=scale), y=alt.Y("y:Q", scale=scale))
    circles = base.mark_circle(opacity=0.95).encode(
        size=alt.Size(
            "posts:Q",
            title="posts",
            scale=alt.Scale(range=[40, 700]),
            legend=_legend(tickCount=3, symbolFillColor=_GREY),
        ),
        color=alt.Color("community:N", title="communities", scale=alt.Scale(domain=names), legend=_legend()),
        tooltip=["name:N", alt.Tooltip("posts:Q", format=","), "community:N"],
    )
    labels = base.mark_text(fontSize=11, limit=140).encode(text="name:N")
    height = min(_HEIGHT, 150 + 12 * len(nodes))
    return alt.layer(lines, circles, labels).properties(height=height)
