"""dbt's own unit tests, run on a database that one build has filled with relations, and the layers of the project."""

import json
from datetime import date
from typing import Any

import psycopg
import pytest

from ingest.ddl import install
from ingest.spec import all_specs
from tests.integration.nights import quiet_build
from warehouse.dbt import run_dbt
from warehouse.services import postgres
from warehouse.settings import Settings

pytestmark = pytest.mark.integration

Node = dict[str, Any]


@pytest.fixture(scope="module")
def built(database: Settings) -> Settings:
    """A database that an empty build has filled with relations: unit tests take the types of their rows from them."""
    with psycopg.connect(postgres.conninfo(database), autocommit=True) as connection:
        install(connection, list(all_specs().values()))
    quiet_build(database, date(2009, 3, 31))
    return database


@pytest.fixture(scope="module")
def results(built: Settings) -> list[Node]:
    """Results of all unit tests of dbt; a failed one raises with its name."""
    run_dbt(built, ["test", "--select", "test_type:unit"])
    found: list[Node] = json.loads((built.home / "dbt" / "run_results.json").read_text(encoding="utf-8"))["results"]
    return found


@pytest.fixture(scope="module")
def manifest(results: list[Node], built: Settings) -> Node:
    found: Node = json.loads((built.home / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    return found


def test_all_unit_tests_of_dbt_pass(results: list[Node], manifest: Node) -> None:
    assert {result["unique_id"] for result in results} == manifest["unit_tests"].keys()
    assert {result["status"] for result in results} == {"pass"}


def test_every_account_has_a_unit_test(manifest: Node) -> None:
    accounts = {node["name"] for node in manifest["nodes"].values() if "account" in node["tags"]}
    assert accounts
    assert accounts <= {test["model"] for test in manifest["unit_tests"].values()}


def test_every_indicator_has_a_unit_test_of_its_own_formula(manifest: Node) -> None:
    tested = {
        (test["original_file_path"], meta["indicator"])
        for test in manifest["unit_tests"].values()
        for meta in ((test["overrides"] or {}).get("macros") or {}).get("indicators", [])
    }
    exposures = manifest["exposures"].values()
    assert exposures
    assert {(e["original_file_path"], e["config"]["meta"]["indicator"]) for e in exposures} <= tested


def test_every_model_and_column_that_people_see_is_described(manifest: Node, built: Settings) -> None:
    """By dbt; views that a migration makes say what they are in their comment."""
    described = {
        (node["schema"], node["name"], column["name"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["description"]
        for column in node["columns"].values()
        if column["description"]
    }
    with psycopg.connect(postgres.conninfo(built)) as connection:
        there = connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns where (table_schema = 'mart' "
            "and obj_description(format('%I.%I', table_schema, table_name)::regclass, 'pg_class') is null) "
            "or (table_schema, table_name) in (values ('evidence', 'indicator_value'), ('evidence', 'cell_change'))"
        ).fetchall()
    assert there
    assert set(there) <= described


# What a layer may read: schemas of models and sources, and seeds
LAYERS = {
    "staging": {"raw", "ledger", "seed"},
    "register": {"staging", "register", "quarantine", "ledger", "seed"},
    "evidence": {"register", "evidence", "ledger", "seed"},
    "mart": {"mart", "evidence", "register", "release", "seed"},
}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_reads_only_what_stands_before_it(manifest: Node, layer: str) -> None:
    nodes = manifest["nodes"] | manifest["sources"]
    models = [n for n in manifest["nodes"].values() if n["resource_type"] == "model" and n["schema"] == layer]
    assert models
    for model in models:
        for name in model["depends_on"]["nodes"]:
            read = nodes[name]
            assert ("seed" if read["resource_type"] == "seed" else read["schema"]) in LAYERS[layer], (model["name"], name)


def test_mart_reads_published_figures_and_the_register_alone(manifest: Node) -> None:
    """And of releases what is published: a figure is revised against it."""
    published = (".evidence.indicator_value_current", ".release.published", ".release.figure")
    for model in manifest["nodes"].values():
        if model["resource_type"] == "model" and model["schema"] == "mart":
            of_records = model["name"].startswith(("dim_", "fct_"))
            for name in model["depends_on"]["nodes"]:
                assert not name.startswith("model.") or (of_records and ".reg_" in name), (model["name"], name)
                assert not name.startswith("source.") or name.endswith(published)
