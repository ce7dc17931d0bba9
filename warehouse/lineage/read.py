"""An indicator's lineage: graph, columns and build, put together for who asks."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import class_row

from warehouse.dbt import run_dbt
from warehouse.errors import BureauError
from warehouse.indicators import Indicator, load_indicator
from warehouse.lineage.columns import ColumnOrigin, Origins
from warehouse.lineage.graph import BORDER, Graph, of_indicator, read_manifest
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Input:
    """A delivery that the build used."""

    delivery_id: int
    source: str
    department: str
    business_date: date
    sequence: int
    file_name: str
    sha256: str


@dataclass(frozen=True)
class Build:
    """What computed the figures: commit of the code, sha256 of the locked packages and of all specs, the build's own digest."""

    build_id: int
    business_date: date
    code_commit: str | None
    lock_hash: str | None
    spec_hash: str | None
    digest: str | None


@dataclass(frozen=True)
class Lineage:
    """`inputs` are the build's deliveries of the sources that the indicator needs; `not_understood` are models whose SQL the
    parser cannot follow: their columns have no origin here."""

    indicator: Indicator
    graph: Graph
    columns: tuple[ColumnOrigin, ...]
    not_understood: tuple[str, ...]
    build: Build
    inputs: tuple[Input, ...]


def lineage(settings: Settings, name: str) -> Lineage:
    """The lineage of an indicator, as of the newest published build.

    Raises BureauError for an unknown indicator and where nothing is published yet.
    """
    indicator = load_indicator(name)
    with psycopg.connect(conninfo(settings, role="bureau_evaluator")) as connection:
        build = newest_build(connection)
        inputs = inputs_of(connection, build.build_id, indicator.needs)
        schema = columns_of_tables(connection)
    path = settings.dbt_target / "manifest.json"
    if not path.exists():
        run_dbt(settings, ["compile"])
    manifest = read_manifest(path)
    graph = of_indicator(manifest, indicator)
    queries = _queries(settings, manifest, graph)
    if graph.accounts and not queries.keys() >= {graph.nodes[key].name for key in graph.accounts}:
        run_dbt(settings, ["compile"])
        queries = _queries(settings, manifest, graph)
    origins = Origins(queries, schema)
    columns = tuple(one for key in graph.accounts for one in origins.of(graph.nodes[key].name))
    return Lineage(indicator, graph, columns, tuple(sorted(origins.not_understood)), build, inputs)


_BUILD = "select build_id, business_date, code_commit, lock_hash, spec_hash, digest from ledger.build where status = 'published'"


def newest_build(connection: Connection) -> Build:
    """The build that people see. Raises BureauError("lineage.no_build")."""
    with connection.cursor(row_factory=class_row(Build)) as cursor:
        found = cursor.execute(_BUILD.encode() + b" order by build_id desc limit 1").fetchone()
    if found is None:
        raise BureauError("lineage.no_build")
    return found


def build_of(connection: Connection, build_id: int) -> Build:
    """A published build. Raises BureauError("lineage.no_build")."""
    with connection.cursor(row_factory=class_row(Build)) as cursor:
        found = cursor.execute(_BUILD.encode() + b" and build_id = %s", [build_id]).fetchone()
    if found is None:
        raise BureauError("lineage.no_build")
    return found


def inputs_of(connection: Connection, build_id: int, sources: tuple[str, ...]) -> tuple[Input, ...]:
    """A build's deliveries of these sources, oldest first."""
    with connection.cursor(row_factory=class_row(Input)) as cursor:
        found = cursor.execute(
            "select d.delivery_id, d.source, d.department, d.business_date, d.sequence, d.file_name, d.sha256 "
            "from ledger.build_input as i inner join ledger.delivery as d on i.delivery_id = d.delivery_id "
            "where i.build_id = %s and d.source = any(%s) order by d.source, d.business_date, d.sequence",
            [build_id, list(sources)],
        ).fetchall()
    return tuple(found)


def _queries(settings: Settings, manifest: dict[str, Any], graph: Graph) -> dict[str, str]:
    """`schema.table` → the SQL that dbt made of the model; a night compiles only what it fills, the rest stands from before."""
    found = {}
    for key, node in graph.nodes.items():
        if key.startswith("model.") and manifest["nodes"][key]["name"] not in BORDER:
            told = manifest["nodes"][key]
            path = settings.dbt_target / "compiled" / told["package_name"] / told["original_file_path"]
            if path.exists():
                found[node.name] = path.read_text(encoding="utf-8")
    return found


def columns_of_tables(connection: Connection) -> dict[str, dict[str, dict[str, str]]]:
    """Columns of every table and view but the partitions: schema → table → column → type."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    rows = connection.execute(
        """
        select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
        from pg_attribute as a
        inner join pg_class as c on a.attrelid = c.oid and c.relkind in ('r', 'p', 'v') and not c.relispartition
        inner join pg_namespace as n on c.relnamespace = n.oid
        where
            n.nspname in ('raw', 'quarantine', 'ledger', 'staging', 'register', 'evidence', 'release', 'mart')
            and a.attnum > 0 and not a.attisdropped
        order by 1, 2, a.attnum
        """
    )
    for schema, table, column, kind in rows:
        found.setdefault(schema, {}).setdefault(table, {})[column] = kind
    return found
