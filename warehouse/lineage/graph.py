"""The models behind an indicator, from dbt's manifest: what its accounts are made of, and what makes figures of the accounts."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Any

from warehouse.indicators import Indicator

_TO_FIGURES = ("posting", "cell_change", "indicator_value", "indicator_values")
"""From the accounts to what people see, in order; publishing a build makes the last of the one before it."""
BORDER = ("unit", "touched", "touched_before", "changed_key", "changed_delivery", "changed_voucher")
"""They number the units of all sources, or say which of them a night has to look at: no value comes from them, the graph ends."""


@dataclass(frozen=True)
class Node:
    """A table or view.

    kind  source (a department's rows), ledger (what the warehouse itself keeps), seed, model, or figure (what people see).
    file  where it is written, in the project; None for a source.
    """

    id: str
    kind: str
    name: str
    description: str
    file: str | None


@dataclass(frozen=True)
class Graph:
    """Nodes by id, edges from what is read to what reads it, and the models that say the indicator's accounts."""

    nodes: dict[str, Node]
    edges: frozenset[tuple[str, str]]
    accounts: tuple[str, ...]


def of_indicator(manifest: dict[str, Any], indicator: Indicator) -> Graph:
    """The graph of an indicator. Raises KeyError for a manifest that does not know it (of another version of the project)."""
    exposure = next(e for e in manifest["exposures"].values() if e["config"]["meta"].get("indicator") == indicator.indicator)
    accounts = tuple(sorted(name for name in exposure["depends_on"]["nodes"] if name.startswith("model.")))
    ids = {node["name"]: key for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    border = {ids[name] for name in BORDER}
    parents: dict[str, list[str]] = {key: [] if key in border else found for key, found in manifest["parent_map"].items()}
    edges = {(parent, child) for child in _upwards(parents, accounts) for parent in parents.get(child, ())}
    way = [ids[name] for name in _TO_FIGURES]
    edges |= {(account, way[0]) for account in accounts} | set(pairwise(way))
    # what the ledger of postings reads of itself would be a circle
    edges = {(parent, child) for parent, child in edges if parent not in _itself(manifest)}
    nodes = {key: _node(manifest, key) for edge in edges for key in edge}
    return Graph(nodes, frozenset(edges), accounts)


def read_manifest(path: Path) -> dict[str, Any]:
    """dbt's manifest."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def layers(edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Nodes by the length of the longest way to them, those without parents first."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for parent, child in edges:
        sorter.add(child, parent)
    sorter.prepare()
    found = []
    while sorter.is_active():
        ready = sorter.get_ready()
        found.append(sorted(ready))
        sorter.done(*ready)
    return found


def _upwards(parents: dict[str, list[str]], start: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting += parents.get(key, ())
    return seen


def _itself(manifest: dict[str, Any]) -> set[str]:
    return {key for key, source in manifest["sources"].items() if source["schema"] == "evidence"}


def _node(manifest: dict[str, Any], key: str) -> Node:
    if key in manifest["sources"]:
        source = manifest["sources"][key]
        kind = "source" if source["schema"] == "raw" else "ledger"
        return Node(key, kind, f"{source['schema']}.{source['identifier']}", source.get("description", ""), None)
    node = manifest["nodes"][key]
    kind = "figure" if node["name"] == _TO_FIGURES[-1] else node["resource_type"]
    file = f"dbt_project/{node['original_file_path']}"
    return Node(key, kind, f"{node['schema']}.{node['alias']}", node.get("description", ""), file)
