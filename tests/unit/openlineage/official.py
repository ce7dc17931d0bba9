"""The official JSON schemas (spec/ of github.com/OpenLineage/OpenLineage, kept beside this file), and what they say of events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

_SCHEMAS = {
    schema["$id"]: schema
    for path in sorted(Path(__file__).with_name("schemas").glob("*.json"))
    for schema in [json.loads(path.read_text(encoding="utf-8"))]
}
_REGISTRY: Registry[Any] = Registry().with_resources([(name, Resource.from_contents(one)) for name, one in _SCHEMAS.items()])
_EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json"


def faults(event: dict[str, Any]) -> list[str]:
    """Everything that is not as the specification wants it, the facets included; a facet of another version is a fault."""
    found = _faults({"$ref": f"{_EVENT}#/$defs/RunEvent"}, event)
    for name, facet in facets(event):
        place = facet.get("_schemaURL", "")
        if place.partition("#")[0] not in _SCHEMAS:
            found.append(f"{name}: no official schema {place}")
        else:
            found += [f"{name}: {fault}" for fault in _faults({"$ref": place}, facet)]
    return found


def facets(event: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """All facets of an event by name."""
    datasets = [*event.get("inputs", ()), *event.get("outputs", ())]
    holders = [event["run"].get("facets"), event["job"].get("facets")]
    holders += [dataset.get(kind) for dataset in datasets for kind in ("facets", "inputFacets", "outputFacets")]
    return [item for holder in holders if holder for item in holder.items()]


def _faults(schema: dict[str, Any], instance: object) -> list[str]:
    validator = Draft202012Validator(schema, registry=_REGISTRY, format_checker=FormatChecker())
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(instance)]
