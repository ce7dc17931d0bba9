"""Events are those that OpenLineage's official schemas describe."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openlineage.client.serde import Serde

from tests.unit.openlineage.official import facets, faults
from warehouse.errors import BureauError
from warehouse.openlineage.models import of_build
from warehouse.openlineage.names import Names, Told
from warehouse.settings import load_settings

BEGAN = datetime(2011, 1, 1, 2, tzinfo=UTC)
NAMES = Names("bureau://520381", "postgres://db:5432", "inbox://520381", "bureau")
SCHEMA = {"raw": {"things": {"id": "text", "amount": "text"}}, "mart": {"sums": {"id": "text", "total": "numeric"}}}


def sent(told: Told) -> list[dict[str, Any]]:
    return [json.loads(Serde.to_json(event)) for event in told.events()]


MESSAGE = "Database Error in model sums\n  DETAIL: Key (id)=(520381197001010015) already exists."


class Ledger:
    """What a build's rows in the ledger are."""

    def __init__(self, status: str, message: str | None) -> None:
        self.answers: list[Any] = [[(BEGAN.date(), status, message, BEGAN, BEGAN + timedelta(minutes=5))], [("things",)]]

    def execute(self, *_: object) -> Ledger:
        self.rows = self.answers.pop(0)
        return self

    def fetchone(self) -> Any:
        return self.rows[0]

    def fetchall(self) -> Any:
        return self.rows


def target(folder: Path, status: str = "success") -> Path:
    """What dbt leaves behind: a model over a source, and a test of it."""
    sums = {
        "resource_type": "model", "schema": "mart", "alias": "sums", "description": "Sums", "package_name": "bureau",
        "original_file_path": "models/sums.sql", "depends_on": {"nodes": ["source.things"]},
    }  # fmt: skip
    test = {"resource_type": "test", "name": "not_null_sums_id", "column_name": "id", "attached_node": "model.sums"}
    manifest = {
        "nodes": {"model.sums": sums, "test.id": test},
        "sources": {"source.things": {"schema": "raw", "identifier": "things"}},
    }
    timing = [{"started_at": "2011-01-01T02:00:01.5Z", "completed_at": "2011-01-01T02:00:02Z"}]
    results = [
        {"unique_id": "model.sums", "status": status, "message": MESSAGE, "timing": timing},
        {"unique_id": "test.id", "status": "pass", "message": None, "timing": timing},
    ]
    compiled = folder / "compiled" / "bureau" / "models"
    compiled.mkdir(parents=True)
    (compiled / "sums.sql").write_text("select t.id, sum(t.amount::numeric) as total from raw.things as t group by t.id")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "run_results.json").write_text(json.dumps({"results": results}))
    return folder


def told(folder: Path, status: str = "published", message: str | None = None, of_model: str = "success") -> list[dict[str, Any]]:
    ledger: Any = Ledger(status, message)
    return [event for one in of_build(ledger, NAMES, target(folder, of_model), SCHEMA, 4) for event in sent(one)]


def test_events_of_a_build_are_valid_and_complete(tmp_path: Path) -> None:
    events = told(tmp_path)
    assert [faults(event) for event in events] == [[]] * 6
    assert [(event["job"]["name"], event["eventType"]) for event in events] == [
        (name, state) for name in ("build", "dbt.mart.sums", "dbt.test.mart.sums") for state in ("START", "COMPLETE")
    ]
    build, model, test = events[1::2]
    assert model["run"]["facets"]["parent"]["run"]["runId"] == build["run"]["runId"] != model["run"]["runId"]
    assert model["inputs"][0]["name"] == "bureau.raw.things" and model["outputs"][0]["namespace"] == "postgres://db:5432"
    lineage = model["outputs"][0]["facets"]["columnLineage"]["fields"]
    assert {column: [one["field"] for one in said["inputFields"]] for column, said in lineage.items()} == {
        "id": ["id"],
        "total": ["amount"],
    }
    assert model["job"]["facets"]["sql"]["query"].startswith("select t.id")
    (assertion,) = test["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert assertion["success"] is True and assertion["column"] == "id"


def test_what_failed_says_why(tmp_path: Path) -> None:
    events = told(tmp_path, "failed", "dbt: sums", of_model="error")
    assert all(faults(event) == [] for event in events)
    said = {event["job"]["name"]: dict(facets(event)).get("errorMessage") for event in events if event["eventType"] == "FAIL"}
    assert said["build"] is not None and said["build"]["message"] == "dbt: sums"
    assert said["dbt.mart.sums"] is not None and said["dbt.mart.sums"]["message"] == "Database Error in model sums"
    assert "520381197001010015" not in json.dumps(events), "what PostgreSQL quotes is not passed on"


def test_the_schemas_do_find_faults(tmp_path: Path) -> None:
    event = told(tmp_path)[3]
    event["run"]["runId"] = 7
    event["outputs"][0]["facets"]["columnLineage"]["fields"]["id"] = {"inputFields": [{"name": "no field"}]}
    event["job"]["facets"]["sql"]["_schemaURL"] = "https://example.org/other.json"
    assert len(faults(event)) >= 4


def test_told_twice_it_is_the_same_run() -> None:
    assert NAMES.run("build/4").runId == NAMES.run("build/4").runId != NAMES.run("build/5").runId


@pytest.mark.parametrize("url", ["s3://bucket/events", "events.ndjson"])
def test_only_files_and_servers_are_places(url: str) -> None:
    with pytest.raises(BureauError):
        load_settings(openlineage_url=url)
