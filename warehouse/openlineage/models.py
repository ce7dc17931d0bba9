"""What is told of a build: the build itself, each model that dbt ran in it with the columns that it reads, and dbt's tests."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from warehouse.lineage.columns import Schema, read_from
from warehouse.openlineage.names import PRODUCER, Names, Told

if TYPE_CHECKING:
    from openlineage.client.event_v2 import Run
    from openlineage.client.facet_v2 import DatasetFacet

Connection = psycopg.Connection[Any]
Node = dict[str, Any]
BUILD = "build"


def of_build(connection: Connection, names: Names, target: Path, schema: Schema, build_id: int) -> Iterator[Told]:
    """The run of a build, then those of its models and tests as dbt's run_results.json in `target` tells them."""
    from openlineage.client.facet_v2 import nominal_time_run

    row = connection.execute(
        "select business_date, status, message, started_at, coalesce(finished_at, now()) from ledger.build where build_id = %s",
        [build_id],
    ).fetchone()
    assert row is not None
    day, status, message, began, ended = row
    sources = connection.execute(
        "select distinct d.source from ledger.build_input as i inner join ledger.delivery as d on i.delivery_id = d.delivery_id "
        "where i.build_id = %s order by 1",
        [build_id],
    ).fetchall()
    run = names.run(
        f"{BUILD}/{build_id}/{began.isoformat()}",
        {"nominalTime": nominal_time_run.NominalTimeRunFacet(f"{day.isoformat()}T00:00:00+08:00", producer=PRODUCER)},
    )
    yield Told(
        run,
        names.job(BUILD, "JOB", "DBT"),
        began,
        ended,
        [names.read(f"raw.{source}") for (source,) in sources],
        [names.written("mart.indicator_values")],
        None if status == "published" else message or status,
    )
    results = _results(target, began)
    if results:
        manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
        yield from _models(names, target, manifest, results, schema, run)
        yield from _tests(names, manifest, results, run)


def _results(target: Path, began: datetime) -> list[Node]:
    """What dbt did in this build; a build that ended before dbt left nothing of its own."""
    path = target / "run_results.json"
    if not path.exists() or path.stat().st_mtime < began.timestamp():
        return []
    return [one for one in json.loads(path.read_text(encoding="utf-8"))["results"] if one["status"] != "skipped"]


def _models(names: Names, target: Path, manifest: Node, results: list[Node], schema: Schema, build: "Run") -> Iterator[Told]:
    for result in results:
        node = manifest["nodes"].get(result["unique_id"])
        if node is None or node["resource_type"] not in ("model", "seed"):
            continue
        table = _table(node)
        query = _query(target, node)
        began, ended = _span(result)
        yield Told(
            names.run(f"{build.runId}/{result['unique_id']}", _parent(names, build)),
            names.job(f"dbt.{node['schema']}.{node['alias']}", node["resource_type"].upper(), "DBT", _sql(query)),
            began,
            ended,
            [names.read(_relation(manifest, key)) for key in node["depends_on"].get("nodes", [])],
            [names.written(table, about=_about(names, table, node["description"], query, schema))],
            None if result["status"] == "success" else _first_line(result),
        )


def _tests(names: Names, manifest: Node, results: list[Node], build: "Run") -> Iterator[Told]:
    """All tests of a table are one run: each is an assertion on it."""
    from openlineage.client.facet_v2 import data_quality_assertions_dataset as quality

    found: dict[str, list[Node]] = {}
    for result in results:
        node = manifest["nodes"].get(result["unique_id"])
        if node is not None and node["resource_type"] == "test" and (attached := node.get("attached_node")):
            found.setdefault(attached, []).append(result)
    for attached, made in sorted(found.items()):
        table = _relation(manifest, attached)
        spans = [_span(result) for result in made]
        nodes = [manifest["nodes"][result["unique_id"]] for result in made]
        assertions = [
            quality.Assertion(assertion=node["name"], success=result["status"] == "pass", column=node.get("column_name"))
            for node, result in zip(nodes, made, strict=True)
        ]
        yield Told(
            names.run(f"{build.runId}/test/{attached}", _parent(names, build)),
            names.job(f"dbt.test.{table}", "TEST", "DBT"),
            min(began for began, _ in spans),
            max(ended for _, ended in spans),
            [
                names.read(
                    table,
                    {"dataQualityAssertions": quality.DataQualityAssertionsDatasetFacet(assertions, producer=PRODUCER)},
                )
            ],
        )


def _about(names: Names, table: str, description: str, query: str | None, schema: Schema) -> "dict[str, DatasetFacet]":
    """Schema and documentation of a table, and what each of its columns is read from (one step up)."""
    from openlineage.client.facet_v2 import column_lineage_dataset, documentation_dataset, schema_dataset
    from sqlglot.errors import SqlglotError

    about: dict[str, DatasetFacet] = {}
    columns = schema.get(table.partition(".")[0], {}).get(table.partition(".")[2], {})
    if columns:
        fields = [schema_dataset.SchemaDatasetFacetFields(name, kind) for name, kind in columns.items()]
        about["schema"] = schema_dataset.SchemaDatasetFacet(fields, producer=PRODUCER)
    if description:
        about["documentation"] = documentation_dataset.DocumentationDatasetFacet(description, producer=PRODUCER)
    if query is not None:
        try:
            leaves = read_from(query, schema)
        except SqlglotError:
            return about  # SQL that the parser does not follow: the tables are told all the same
        lineage = {
            column: column_lineage_dataset.Fields(_fields(names, origins)) for column, origins in leaves.items() if origins
        }
        about["columnLineage"] = column_lineage_dataset.ColumnLineageDatasetFacet(lineage, producer=PRODUCER)
    return about


def _fields(names: Names, origins: frozenset[str]) -> list[Any]:
    from openlineage.client.facet_v2 import column_lineage_dataset

    found = []
    for origin in sorted(origins):
        table, _, column = origin.rpartition(".")
        found.append(column_lineage_dataset.InputField(names.tables, f"{names.database}.{table}", column))
    return found


def _parent(names: Names, build: "Run") -> Mapping[str, Any]:
    from openlineage.client.facet_v2 import parent_run

    said = parent_run.ParentRunFacet(run=parent_run.Run(build.runId), job=parent_run.Job(names.jobs, BUILD), producer=PRODUCER)
    return {"parent": said}


def _sql(query: str | None) -> Mapping[str, Any]:
    from openlineage.client.facet_v2 import sql_job

    return {} if query is None else {"sql": sql_job.SQLJobFacet(query, "postgres", producer=PRODUCER)}


def _query(target: Path, node: Node) -> str | None:
    path = target / "compiled" / node["package_name"] / node["original_file_path"]
    return path.read_text(encoding="utf-8") if node["resource_type"] == "model" and path.is_file() else None


def _relation(manifest: Node, key: str) -> str:
    if key in manifest["sources"]:
        source = manifest["sources"][key]
        return f"{source['schema']}.{source['identifier']}"
    node = manifest["nodes"][key]
    return _table(node)


def _table(node: Node) -> str:
    """Where a model writes: its own table, or another's that several write to."""
    return f"{node['schema']}.{node.get('config', {}).get('into') or node['alias']}"


def _first_line(result: Node) -> str:
    """That a model failed and where: what PostgreSQL adds may quote a cell."""
    return str(result["message"] or result["status"]).strip().partition("\n")[0]


def _span(result: Node) -> tuple[datetime, datetime]:
    """When it began and ended; dbt says both in UTC."""
    moments = [one[name] for one in result["timing"] for name in ("started_at", "completed_at")]
    return datetime.fromisoformat(min(moments)), datetime.fromisoformat(max(moments))
