"""Pages that stand alone."""

import re
from decimal import Decimal

from warehouse.lineage.drawing import svg
from warehouse.lineage.graph import Graph, Node, layers
from warehouse.pages import heading, page, paragraph, table
from warehouse.sheet.drawings import qr, trend
from warehouse.sheet.read import Point


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
    boxes = re.findall(r'<rect x="([-\d.]+)".*?<text[^>]*>&lt;(.)&gt;', drawn)
    left = {name: float(x) for x, name in boxes}
    assert left["a"] < left["b"] < left["d"] and left["c"] < left["d"]
    for way in re.findall(r'<path d="M([-\d.]+) .*? ([-\d.]+) [-\d.]+"', drawn):
        assert float(way[0]) < float(way[1])


def test_a_trend_has_a_gap_where_there_is_no_figure_and_its_threshold() -> None:
    points = [Point("2007", Decimal(10)), Point("2008", Decimal(30)), Point("2009", None), Point("2010", Decimal(20))]
    drawn = trend(points, Decimal(25), "t")
    assert drawn.count("<circle") == 3 and drawn.count('stroke="#246"') == 2 and "stroke-dasharray" in drawn
    # 30 is the highest: at the upper margin; 10 the lowest
    assert 'cy="34.0"' in drawn and 'cy="146.0"' in drawn
    assert "<circle" not in trend([Point("2010", None)], None, "t")


def test_the_code_on_a_sheet_is_the_identifier() -> None:
    assert qr("bureau:a") == qr("bureau:a") != qr("bureau:b")
