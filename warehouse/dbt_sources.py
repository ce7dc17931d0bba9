"""dbt's sources, made from the source specs: `python -m warehouse.dbt_sources` writes them, a test finds them stale."""

from pathlib import Path
from typing import Any

import yaml

from ingest.spec import SourceSpec, all_specs

PATH = Path(__file__).resolve().parent.parent / "dbt_project" / "models" / "staging" / "_sources.yml"

_HEADER = "# Made from ingest/sources/*.yml by `python -m warehouse.dbt_sources`; edit the specs, not this file.\n"
_LEDGER = {
    "delivery": "Every file that a department delivered, and what became of it.",
    "build": "Every computation of the figures; people see the newest published one.",
    "build_input": "Exactly the deliveries of a build's fold.",
    "current_build": "The build at work and the published one before it.",
    "expected_delivery": "What the calendars of the specs let expect.",
}
_RELEASE = {
    "published": "Releases that everybody may see.",
    "figure": "Frozen figures of all releases.",
}
_REGISTER = {"coding": "What is coded from the free texts of rows, before dbt runs."}
_EVIDENCE = {
    "posting": "The ledger of signed contributions; the model of the same name appends to it.",
    "account": "Accounts that are posted in full.",
    "indicator_value_current": "Figures of the newest published build.",
}


def render() -> str:
    """The text of `_sources.yml`."""
    specs = sorted(all_specs().values(), key=lambda spec: spec.name)
    document = {
        "version": 2,
        "sources": [
            _schema("raw", [_raw_table(spec) for spec in specs]),
            _schema(
                "quarantine",
                [_table(spec.name, f"Row ids, keys and reasons put aside from {spec.name}.") for spec in specs],
            ),
            _schema("ledger", [_table(name, text) for name, text in _LEDGER.items()]),
            _schema("register", [_table(name, text) for name, text in _REGISTER.items()]),
            _schema("release", [_table(name, text) for name, text in _RELEASE.items()]),
            _schema("evidence", [_table(name, text) for name, text in _EVIDENCE.items()])
            | {"schema": "{{ env_var('BUREAU_SCHEMA_PREFIX', '') }}evidence"},
        ],
    }
    return _HEADER + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)


def _schema(name: str, tables: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "schema": name, "tables": tables}


def _table(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "description": description}


def _raw_table(spec: SourceSpec) -> dict[str, Any]:
    columns = [
        {"name": name, "description": f"{column.title.zh} {column.title.en}"}
        for column in spec.columns
        for name in column.raw_columns
    ]
    return _table(spec.name, f"{spec.title.zh} {spec.title.en}") | {"columns": columns}


if __name__ == "__main__":
    PATH.write_text(render(), encoding="utf-8")
