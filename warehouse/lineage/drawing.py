"""The graph as an SVG that stands alone: Graphviz finds the places and the ways between them, the page's own fonts the words."""

import re
from html import escape

import pygraphviz

from warehouse.lineage.graph import Graph

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 214, 24, 60, 9
_COLOURS = {"source": "#fde8c8", "ledger": "#ececec", "seed": "#e4f0d8", "model": "#dcebf7", "figure": "#f7d4d4"}
_POINTS = 72  # an inch of Graphviz


def svg(graph: Graph, title: str) -> str:
    """From what was delivered (left) to the figure (right)."""
    placed = _placed(graph)
    _, _, width, height = (float(number) for number in placed.graph_attr["bb"].split(","))
    drawn = [
        f'<svg viewBox="-4 {-height - 4:.0f} {width + 8:.0f} {height + 8:.0f}" width="{width + 8:.0f}" height="{height + 8:.0f}" '
        f'role="img" xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>'
    ]
    for edge in sorted(graph.edges):
        drawn.append(f'<path d="{_way(placed.get_edge(*edge).attr["pos"])}" fill="none" stroke="#999" stroke-width="0.7"/>')
    for key, node in sorted(graph.nodes.items()):
        x, y = (float(number) for number in placed.get_node(key).attr["pos"].split(","))
        left, top = x - _WIDTH / 2, -y - _HEIGHT / 2
        drawn.append(
            f"<g><title>{escape(node.description or node.name)}</title>"
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{_WIDTH}" height="{_HEIGHT}" rx="4" fill="{_COLOURS[node.kind]}" '
            f'stroke="#777"/>'
            f'<text x="{left + 7:.1f}" y="{top + 16:.1f}" font-size="11">{escape(node.name)}</text></g>'
        )
    return "".join(drawn) + "</svg>"


def _placed(graph: Graph) -> pygraphviz.AGraph:
    """Laid out in layers (Graphviz's `dot`), in points, y upwards. Without labels it asks the machine for no font."""
    placed = pygraphviz.AGraph(directed=True, rankdir="LR", ranksep=_GAP_X / _POINTS, nodesep=_GAP_Y / _POINTS)
    placed.node_attr.update(shape="box", label="", fixedsize="true", width=_WIDTH / _POINTS, height=_HEIGHT / _POINTS)
    placed.edge_attr.update(dir="none")
    placed.add_nodes_from(sorted(graph.nodes))
    placed.add_edges_from(sorted(graph.edges))
    placed.layout(prog="dot")
    return placed


def _way(spline: str) -> str:
    """Graphviz's spline (a start, then three points for each curve) as an SVG path."""
    numbers = [float(number) for number in re.findall(r"-?[\d.]+(?:e[-+]\d+)?", spline)]
    start, *curves = [f"{x:.1f} {-y:.1f}" for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
    return f"M{start} C{' '.join(curves)}"
