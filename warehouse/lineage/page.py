"""The lineage of an indicator as text, JSON, and a page that stands alone."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from warehouse.lineage.drawing import svg
from warehouse.lineage.graph import Graph, layers
from warehouse.lineage.read import Lineage
from warehouse.pages import heading, page, paragraph, table
from warehouse.texts import t


def as_text(found: Lineage, lang: str) -> Iterator[str]:
    """For reading: the figure, its build, models in the order that they are computed in, columns, deliveries."""
    one, build = found.indicator, found.build
    yield t("lineage.head", lang, indicator=one.indicator, name=getattr(one.name, lang), version=one.method_version)
    yield t("lineage.build", lang, build=build.build_id, date=build.business_date.isoformat())
    for name, value in facts(found, lang):
        yield f"  {name}: {value}"
    yield t("lineage.graph", lang)
    parents = _parents(found.graph)
    for number, layer in enumerate(layers(found.graph.edges)):
        for key in layer:
            node = found.graph.nodes[key]
            read = ", ".join(found.graph.nodes[parent].name for parent in parents.get(key, ()))
            yield f"  {number:>2} {node.name} [{t(f'lineage.kind.{node.kind}', lang)}]" + (f" ← {read}" if read else "")
    yield t("lineage.columns", lang)
    for column in found.columns:
        if column.origins:
            yield f"  {column.model}.{column.column} ← {', '.join(column.origins)}"
    for model in found.not_understood:
        yield "  " + t("lineage.not_understood", lang, model=model)
    yield t("lineage.inputs", lang, count=len(found.inputs))
    for given in found.inputs:
        yield f"  {given.source} {given.business_date} {given.sequence:02d} {given.file_name} sha256 {given.sha256}"


def as_json(found: Lineage) -> str:
    """Everything as one object: indicator, build, nodes, edges, columns, inputs."""
    document: dict[str, Any] = {
        "indicator": found.indicator.indicator,
        "method_version": found.indicator.method_version,
        "build": asdict(found.build),
        "nodes": [asdict(found.graph.nodes[key]) for layer in layers(found.graph.edges) for key in layer],
        "edges": sorted([parent, child] for parent, child in found.graph.edges),
        "accounts": list(found.graph.accounts),
        "columns": [asdict(one) for one in found.columns],
        "not_understood": list(found.not_understood),
        "inputs": [asdict(one) for one in found.inputs],
    }
    return json.dumps(document, ensure_ascii=False, indent=1, default=str)


def as_html(found: Lineage, lang: str) -> str:
    """A page that stands alone."""
    one, build = found.indicator, found.build
    title = t("lineage.head", lang, indicator=one.indicator, name=getattr(one.name, lang), version=one.method_version)
    columns = [t(f"lineage.column.{name}", lang) for name in ("model", "column", "origins")]
    inputs = [t(f"lineage.column.{name}", lang) for name in ("source", "date", "sequence", "file", "sha256")]
    body = [
        heading(title, 1),
        paragraph(getattr(one.definition, lang)),
        *([paragraph(t("handbook.own_reading", lang), "note")] if one.own_reading else []),
        paragraph(t("lineage.build", lang, build=build.build_id, date=build.business_date.isoformat())),
        table([t("lineage.column.fact", lang), t("lineage.column.value", lang)], facts(found, lang)),
        heading(t("lineage.graph", lang)),
        paragraph(t("lineage.border", lang), "note"),
        f'<div class="wide">{svg(found.graph, title)}</div>',
        heading(t("lineage.columns", lang)),
        paragraph(t("lineage.values_only", lang), "note"),
        table(columns, ([c.model, c.column, ", ".join(c.origins)] for c in found.columns if c.origins)),
        *(paragraph(t("lineage.not_understood", lang, model=model)) for model in found.not_understood),
        heading(t("lineage.inputs", lang, count=len(found.inputs))),
        table(inputs, ([i.source, i.business_date, f"{i.sequence:02d}", i.file_name, i.sha256] for i in found.inputs)),
    ]
    return page(title, lang, body)


def facts(found: Lineage, lang: str) -> list[tuple[str, str]]:
    """What the build was made with."""
    build = found.build
    values = {"commit": build.code_commit, "lock": build.lock_hash, "specs": build.spec_hash, "digest": build.digest}
    return [(t(f"lineage.fact.{name}", lang), value or "-") for name, value in values.items()]


def _parents(graph: Graph) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for parent, child in sorted(graph.edges):
        found.setdefault(child, []).append(parent)
    return found
