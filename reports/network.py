"""Who or what goes together, as a file that Gephi opens: GEXF or GraphML.

Edges have a weight. Nodes have the sum of these weights, their community, and, where they are known, their posts, followers and main
language in the same period.
"""

from pathlib import Path
from typing import Any

import networkx as nx

from . import query, sanitize
from .errors import UsageError
from .params import Params
from .query import Source
from .questions import Question, load
from .rows import Rows
from .whole_file import whole_file

_WRITERS = {".gexf": nx.write_gexf, ".graphml": nx.write_graphml}
_UNDIRECTED = frozenset({"hashtags"})


def load_question(kind: str) -> Question:
    return load(f"network_of_{kind}")


def load_nodes(kind: str) -> Question:
    return load(f"exports/nodes_{'hashtags' if kind in _UNDIRECTED else 'accounts'}")


def check(path: Path) -> None:
    """Raise UsageError for a file whose format is not known."""
    if path.suffix not in _WRITERS:
        raise UsageError(f"{path} ends in neither .gexf nor .graphml, so its format is not known. Gephi opens both.")


def write(source: Source, params: Params, kind: str, path: Path) -> tuple[int, int]:
    """Write the network; return how many nodes and edges it has. Raises ReportError, and UsageError where it cannot be written."""
    check(path)
    graph = build(query.run(source, load_question(kind), params), directed=kind not in _UNDIRECTED)
    for row in query.run(source, load_nodes(kind), params):
        if (node := sanitize.for_terminal(row["node"])) in graph:
            attributes = {name: row[name] for name in ("posts", "followers", "language") if row[name] is not None}
            graph.nodes[node].update(attributes)
    try:
        with whole_file(path) as part:
            _WRITERS[path.suffix](graph, part)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}. Name another file.") from None
    return graph.number_of_nodes(), graph.number_of_edges()


def build(rows: Rows, *, directed: bool) -> Any:
    """Return the graph of (source, target, weight). A node's weighted_degree is the sum of its weights; community 0 is the largest.

    Communities are Louvain's, which draws lots; the seed is fixed, so that the same rows give the same ones.
    """
    graph = nx.DiGraph() if directed else nx.Graph()
    for row in rows:
        graph.add_edge(sanitize.for_terminal(row["source"]), sanitize.for_terminal(row["target"]), weight=row["weight"])
    communities = nx.community.louvain_communities(graph, weight="weight", seed=1) if graph else []
    for number, members in enumerate(sorted(communities, key=lambda nodes: (-len(nodes), min(nodes)))):
        for node in members:
            graph.nodes[node]["community"] = number
            graph.nodes[node]["weighted_degree"] = int(graph.degree(node, weight="weight"))
    return graph
