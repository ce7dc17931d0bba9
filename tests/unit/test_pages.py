"""Pages that stand alone."""

from warehouse.lineage.graph import Graph, Node, layers
from warehouse.lineage.page import svg
from warehouse.pages import heading, page, paragraph, table


def test_what_comes_from_data_is_escaped() -> None:
    evil = "<script>alert('a')</script>"
    made = page(evil, "zh", [heading(evil), paragraph(evil), table([evil], [[evil]], numbers=[0])])
    assert "<script" not in made and made.count("&lt;script&gt;") == 5
    assert '<html lang="zh-CN">' in made and "default-src 'none'" in made


def test_a_graph_lies_in_layers_from_left_to_right() -> None:
    edges = frozenset({("a", "b"), ("b", "d"), ("a", "d"), ("c", "d")})
    assert layers(edges) == [["a", "c"], ["b"], ["d"]]
    nodes = {key: Node(key, "model", f"<{key}>", "", None) for key in "abcd"}
    drawn = svg(Graph(nodes, edges, ("b",)), "t")
    assert drawn.count("<rect") == 4 and drawn.count("<path") == 4 and "&lt;a&gt;" in drawn
