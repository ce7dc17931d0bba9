"""All figures once more by DuckDB: the same models, another engine, from the rows that a replay read out of the archive.

What both engines share is how a file becomes rows (ingest) and what the models say; joins, sums, dates and lists are computed by
code that has nothing in common.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from graphlib import TopologicalSorter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psycopg

from warehouse.errors import BureauError
from warehouse.figure import CELL
from warehouse.lineage.read import columns_of_tables
from warehouse.releases.compare import COMPARED, NONE, Entry
from warehouse.second_engine.translate import MACROS, translated, type_of

if TYPE_CHECKING:
    import duckdb

Connection = psycopg.Connection[Any]

_SCHEMAS = ("raw", "quarantine", "ledger", "staging", "register", "evidence", "release", "mart")
_GIVEN = (
    ("ledger", "delivery"),
    ("ledger", "build"),
    ("ledger", "build_input"),
    ("ledger", "expected_delivery"),
    ("register", "coding"),
    ("release", "published"),
    ("release", "figure"),
)
_KEYS = ("row_id", "delivery_id", "key", "settled_by")  # of a quarantined row: what models may read
_EMPTY = ("posting", "account", "indicator_value_current")
_FLOATS = ("survey_error",)


@contextmanager
def recomputed(scratch: Connection, target: Path, code: Path) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A DuckDB in which every model was computed. `scratch` has the rows and the one build of a replay, `target` what dbt
    compiled for it, `code` the project that it is of (its seeds). Raises BureauError("release.finding.second_engine_failed")
    for a model that this engine cannot compute."""
    import duckdb

    with TemporaryDirectory(prefix="duck-") as folder, duckdb.connect() as engine:
        for schema in _SCHEMAS:
            engine.execute(f"create schema if not exists {schema}")
        for macro in MACROS:
            engine.execute(macro)
        columns = columns_of_tables(scratch)
        delivered = [("raw", table) for table in columns["raw"]]
        delivered += [("quarantine", table) for table, its in columns["quarantine"].items() if its.keys() >= set(_KEYS)]
        for schema, table in (*delivered, *_GIVEN):
            kinds = columns[schema][table]
            if schema == "quarantine":
                kinds = {name: kinds[name] for name in _KEYS}
            _carry(scratch, engine, Path(folder), f'{schema}."{table}"', kinds)
        row = scratch.execute(
            "select build_id, business_date, region, series_start from ledger.build order by build_id desc limit 1"
        ).fetchone()
        engine.execute(
            "create table ledger.current_build as select ?::integer as build_id, ?::date as business_date, ?::varchar as region, "
            "?::date as series_start, 0 as previous_build_id",
            list(row or ()),
        )
        for table in _EMPTY:
            engine.execute(f"create table evidence.{table} ({_definition(columns['evidence'][table])})")
        for node in _in_order(json.loads((target / "manifest.json").read_text(encoding="utf-8"))):
            compute(engine, node, target, code)
        yield engine


def figures(engine: "duckdb.DuckDBPyConnection") -> Iterator[Entry]:
    """Cell and compared columns of each figure, in the order of the cells' bytes; numbers in their shortest text."""
    rows = engine.execute(
        f"select concat_ws(' ', {', '.join(CELL)}) as cell, {', '.join(COMPARED)} from evidence.indicator_value order by cell"
    )
    while batch := rows.fetchmany(10_000):
        for cell, *values in batch:
            yield cell.encode(), tuple(_text(value) for value in values)


def _text(value: object) -> str:
    if value is None:
        return NONE
    if isinstance(value, Decimal):
        short = format(value, "f")
        return short.rstrip("0").rstrip(".") if "." in short else short
    return repr(value) if isinstance(value, float) else str(value)


def _carry(scratch: Connection, engine: "duckdb.DuckDBPyConnection", folder: Path, table: str, columns: dict[str, str]) -> None:
    """Copy a table. A list is written as DuckDB reads it."""
    engine.execute(f"create table {table} ({_definition(columns)})")
    chosen = ", ".join(
        f'to_json("{name}")::text as "{name}"' if kind.endswith("[]") else f'"{name}"' for name, kind in columns.items()
    )
    path = folder / "rows.csv"
    statement = f"copy (select {chosen} from {table}) to stdout with (format csv, header, null '\\N')"
    with path.open("wb") as file, scratch.cursor().copy(statement.encode()) as rows:
        for row in rows:
            file.write(row)
    engine.execute(f"copy {table} from '{path}' (header, nullstr '\\N')")


def _definition(columns: dict[str, str]) -> str:
    return ", ".join(f'"{name}" {type_of(kind)}' for name, kind in columns.items())


def _in_order(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Seeds and models, each behind what it reads."""
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
    graph = {key: [one for one in node["depends_on"].get("nodes", ()) if one in nodes] for key, node in nodes.items()}
    for key in TopologicalSorter(graph).static_order():
        yield nodes[key]


def compute(engine: "duckdb.DuckDBPyConnection", node: dict[str, Any], target: Path, code: Path) -> None:
    """A model or seed of the manifest. Raises BureauError("release.finding.second_engine_failed") with its name."""
    import duckdb
    from sqlglot.errors import SqlglotError

    try:
        _compute(engine, node, target, code)
    except (duckdb.Error, SqlglotError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BureauError("release.finding.second_engine_failed", what=f"{node['name']}: {reason}") from error


def _compute(engine: "duckdb.DuckDBPyConnection", node: dict[str, Any], target: Path, code: Path) -> None:
    name = node.get("config", {}).get("into") or node["alias"]
    table = f'{node["schema"]}."{name}"'
    if node["resource_type"] == "seed":
        kinds = {name: type_of(kind) for name, kind in node["config"]["column_types"].items()}
        chosen = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in kinds.items())
        path = code / "dbt_project" / node["original_file_path"]
        engine.execute(f"create table {table} as select {chosen} from read_csv('{path}', all_varchar = true)")
        return
    query = (target / "compiled" / node["package_name"] / node["original_file_path"]).read_text(encoding="utf-8")
    said = translated(query, in_floats=node["name"] in _FLOATS)
    stands = node["schema"] == "evidence" and name in _EMPTY  # a migration made it
    engine.execute(f"insert into {table} by name ({said})" if stands else f"create table {table} as {said}")
