"""What is told of deliveries: each was loaded from its file, and judged by its source's rules. Never a cell."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg

from warehouse.openlineage.names import PRODUCER, Names, Told

if TYPE_CHECKING:
    from ingest.spec import SourceSpec

Connection = psycopg.Connection[Any]


def of_deliveries(connection: Connection, names: Names, spec: "SourceSpec", deliveries: list[int]) -> Iterator[Told]:
    """A run of `load.<source>` for each delivery, and one of `check.<source>` for each that was judged."""
    found = connection.execute(
        "select delivery_id, department, file_name, sha256, status, reason, rows_in_file, rows_accepted, rows_quarantined, "
        "received_at, coalesce(accepted_at, now()) from ledger.delivery where delivery_id = any(%s) order by delivery_id",
        [deliveries],
    ).fetchall()
    for delivery_id, department, file_name, sha256, status, reason, total, accepted, put_aside, began, ended in found:
        assertions = _assertions(connection, delivery_id)
        refused = reason if status in ("refused", "conflict") else None
        yield _load(
            names, spec, delivery_id, f"{department}/{file_name}", sha256, total, began, ended, None if assertions else refused
        )
        if assertions:
            yield _check(names, spec, delivery_id, assertions, (total, accepted, put_aside), began, ended)


def _load(
    names: Names,
    spec: "SourceSpec",
    delivery_id: int,
    file: str,
    sha256: str | None,
    rows: int | None,
    began: datetime,
    ended: datetime,
    failure: str | None,
) -> Told:
    from openlineage.client.event_v2 import InputDataset
    from openlineage.client.facet_v2 import (
        dataset_version_dataset,
        documentation_dataset,
        schema_dataset,
    )

    about = {"version": dataset_version_dataset.DatasetVersionDatasetFacet(sha256, producer=PRODUCER)} if sha256 else {}
    columns = [
        schema_dataset.SchemaDatasetFacetFields(name, "text", column.title.en)
        for column in spec.columns
        for name in column.raw_columns
    ]
    table = {
        "schema": schema_dataset.SchemaDatasetFacet(columns, producer=PRODUCER),
        "documentation": documentation_dataset.DocumentationDatasetFacet(spec.title.en, producer=PRODUCER),
    }
    return Told(
        names.run(f"load/{delivery_id}/{began.isoformat()}"),
        names.job(f"load.{spec.name}", "LOAD", "BUREAU"),
        began,
        ended,
        [InputDataset(names.files, file, {}, facets=dict(about))],
        [names.written(f"raw.{spec.name}", _counted(rows), table)],
        failure,
    )


def _check(
    names: Names,
    spec: "SourceSpec",
    delivery_id: int,
    assertions: list[Any],
    rows: tuple[int | None, int | None, int | None],
    began: datetime,
    ended: datetime,
) -> Told:
    """A refusal is a check's finding, not its failure."""
    from openlineage.client.facet_v2 import (
        data_quality_assertions_dataset,
        data_quality_metrics_input_dataset,
    )

    total, _, put_aside = rows
    seen = {
        "dataQualityAssertions": data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(assertions, producer=PRODUCER),
        "dataQualityMetrics": data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
            columnMetrics={}, rowCount=total, producer=PRODUCER
        ),
    }
    return Told(
        names.run(f"check/{delivery_id}/{began.isoformat()}"),
        names.job(f"check.{spec.name}", "CHECK", "GREAT_EXPECTATIONS"),
        began,
        ended,
        [names.read(f"raw.{spec.name}", seen)],
        [names.written(f"quarantine.{spec.name}", _counted(put_aside))],
    )


def _counted(rows: int | None) -> dict[str, Any]:
    """How many rows were written."""
    from openlineage.client.facet_v2 import output_statistics_output_dataset

    said = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows, producer=PRODUCER)
    return {"outputStatistics": said}


def _assertions(connection: Connection, delivery_id: int) -> list[Any]:
    from openlineage.client.facet_v2 import data_quality_assertions_dataset

    severities = {"refuse": "error", "quarantine": "error", "warn": "warn"}
    found = connection.execute(
        "select rule, passed, column_name, severity, checked, failed from ledger.check_result "
        "where delivery_id = %s and judged order by rule",
        [delivery_id],
    ).fetchall()
    return [
        data_quality_assertions_dataset.Assertion(
            assertion=rule,
            success=passed,
            column=column,
            severity=severities[severity],
            actual=None if failed is None else f"{failed} of {checked} rows",
        )
        for rule, passed, column, severity, checked, failed in found
    ]
