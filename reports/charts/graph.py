"""The densest part of a network, its communities in colours."""

import math
from typing import Any

import altair as alt
import networkx as nx

from .. import network
from ..rows import Context, Rows
from .base import Chart, inline_data
from .time import Draw

NODES = 60  # more cannot be read
_EDGES = 5_000  # those with most posts: the picture shows fewer
_LABELLED = 28  # nodes
_COLOURED = 6  # communities: as many as there are colours
_HEIGHT = 460  # px
_LEAST = 3  # nodes: two are a line


def densest_part(direction: str = "") -> Draw:
    """Return a function that draws the densest part of a network. `direction` is "directed" where edges have a direction."""

    def draw(rows: Rows, context: Context) -> Chart | None:
        whole = network.build(rows[:_EDGES], directed=bool(direction))
        part = densest_nodes(whole)
        if part.number_of_nodes() < _LEAST:
            return None
        at = _places(part)
        ordered = sorted(part.nodes, key=lambda node: (-whole.nodes[node]["posts"], node))
        nodes = [
            {
                **at[node],
                "name": node,
                "posts": whole.nodes[node]["posts"],
                "label": node if rank < _LABELLED else "",
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
    chosen = sorted(undirected.nodes, key=lambda node: (-numbers[node], -graph.nodes[node]["posts"], node))[:NODES]
    part = undirected.subgraph(chosen).copy()
    part.remove_nodes_from([node for node, degree in list(part.degree) if not degree])
    return part


def _community(number: int) -> str:
    return f"community {number + 1}" if number < _COLOURED - 1 else "another"


def _layered_chart(nodes: Rows, edges: Rows) -> Chart:
    scale = alt.Scale(zero=False, nice=False, padding=30)
    lines = (
        alt.Chart(inline_data(edges))
        .mark_rule(color="#8a97a6")
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
        size=alt.Size("posts:Q", scale=alt.Scale(range=[40, 700]), legend=None),
        color=alt.Color("community:N", title=None, scale=alt.Scale(domain=names)),
        tooltip=["name:N", alt.Tooltip("posts:Q", format=","), "community:N"],
    )
    labels = base.mark_text(dy=-11, fontSize=11, limit=140).encode(text="label:N")
    return alt.layer(lines, circles, labels).properties(height=_HEIGHT)
