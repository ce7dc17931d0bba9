"""The tables of a source, made from its spec; re-runnable.

`raw.<source>` (partitioned by delivery), `quarantine.<source>`, and the SQL functions that row rules use. The parents belong to
bureau_loader, who attaches partitions to them; the functions to bureau_owner. Schemas, roles and `ledger.grant_source` come from
the migrations. A column that a newer spec has is added; one that it no longer has stays.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

from psycopg import Connection, sql

from ingest.errors import NotReady
from ingest.spec import SourceSpec

FUNCTIONS = Path(__file__).parent / "functions.sql"
_LOCK = 0x72617764646C  # "rawddl"
_READERS = sql.SQL("bureau_loader, bureau_transformer, bureau_evaluator, bureau_steward")

Conn = Connection[Any]


def install(connection: Conn, specs: list[SourceSpec]) -> None:
    """Make or complete everything that loading these sources needs, in one transaction. The session's login must be able to take
    the roles bureau_owner and bureau_loader."""
    if all(_is_made(connection, spec) for spec in specs):
        return
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        connection.execute("set local role bureau_owner")
        # bytes, not text: the file is the project's own and holds several statements and `%`
        connection.execute(FUNCTIONS.read_bytes())
        connection.execute(sql.SQL("grant execute on all functions in schema raw to {}").format(_READERS))
        connection.execute("set local role bureau_loader")
        for spec in specs:
            _raw(connection, spec)
            _quarantine(connection, spec)
            connection.execute("select ledger.grant_source(%s)", [spec.name])
        connection.execute("reset role")


def _comment(spec: SourceSpec) -> str:
    """The comment on raw.<source>; its end changes with the spec's columns and with this room's SQL."""
    made_from = [FUNCTIONS.read_bytes(), Path(__file__).read_bytes(), repr(spec.columns).encode()]
    return f"{spec.title.zh} {spec.title.en} [{hashlib.sha256(b'|'.join(made_from)).hexdigest()[:16]}]"


def _is_made(connection: Conn, spec: SourceSpec) -> bool:
    """Whether the source's tables stand as this code makes them: then a night takes no lock on what a build may be reading."""
    row = connection.execute("select obj_description(to_regclass(%s), 'pg_class')", [f"raw.{spec.name}"]).fetchone()
    return row is not None and row[0] == _comment(spec)


def partition_name(spec: SourceSpec, delivery_id: int) -> str:
    """Name in schema raw of a delivery's own table: it has one from loading until its month is compacted."""
    return f"{spec.name}__d{delivery_id}"


def month_name(spec: SourceSpec, day: date) -> str:
    """Name in schema raw of the table of a compacted month (`ingest.compaction`)."""
    return f"{spec.name}__m{day:%Y%m}"


def failures_name(spec: SourceSpec, delivery_id: int) -> str:
    """Name in schema raw of the table of failing rows that the checks leave: `(row_id bigint, reasons text[])`."""
    return f"{partition_name(spec, delivery_id)}__failures"


def warned_name(spec: SourceSpec, delivery_id: int) -> str:
    """Name in schema raw of the table of rows that the checks warn of: `(row_id bigint, reasons text[])`."""
    return f"{partition_name(spec, delivery_id)}__warned"


def counts_name(spec: SourceSpec, delivery_id: int) -> str:
    """Name in schema raw of the table of counts that the checks leave: `(rule text, checked bigint, failed bigint)`."""
    return f"{partition_name(spec, delivery_id)}__counts"


def drop_findings(connection: Conn, spec: SourceSpec, delivery_id: int) -> None:
    """Remove what the checks left."""
    for name in (failures_name(spec, delivery_id), warned_name(spec, delivery_id), counts_name(spec, delivery_id)):
        connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier("raw", name)))


def create_partition(connection: Conn, spec: SourceSpec, delivery_id: int) -> None:
    """Make the stand-alone table of a delivery, columns and order as the parent has them. Raises NotReady without parent."""
    if connection.execute("select to_regclass(%s)", [f"raw.{spec.name}"]).fetchone() == (None,):
        raise NotReady(f"raw.{spec.name} does not exist: ingest.ddl.install has not run")
    table = sql.Identifier("raw", partition_name(spec, delivery_id))
    connection.execute(
        # The check lets ATTACH take the table without reading it
        sql.SQL("create table {} (like {} including defaults, check (delivery_id is not null and delivery_id = {}))").format(
            table, sql.Identifier("raw", spec.name), sql.Literal(delivery_id)
        )
    )
    connection.execute(sql.SQL("alter table {} alter delivery_id set default {}").format(table, sql.Literal(delivery_id)))


def drop_partition(connection: Conn, spec: SourceSpec, delivery_id: int) -> None:
    """Remove the tables of a delivery that was not accepted."""
    table = sql.Identifier("raw", partition_name(spec, delivery_id))
    connection.execute(sql.SQL("drop table if exists {}").format(table))
    drop_findings(connection, spec, delivery_id)


def _raw(connection: Conn, spec: SourceSpec) -> None:
    table = sql.Identifier("raw", spec.name)
    columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in spec.raw_columns)
    connection.execute(
        sql.SQL(
            "create table if not exists {} (row_id bigint not null, delivery_id integer not null, {}, "
            "faults text[] not null default '{{}}') partition by list (delivery_id)"
        ).format(table, columns)
    )
    # Rows lie in the order of their row_id: a block range index leads a trace to its row and costs loading nothing
    connection.execute(
        sql.SQL("create index if not exists {} on {} using brin (row_id) with (pages_per_range = 16)").format(
            sql.Identifier(f"{spec.name}_row_id"), table
        )
    )
    for name in spec.raw_columns:
        connection.execute(sql.SQL("alter table {} add column if not exists {} text").format(table, sql.Identifier(name)))
    connection.execute(sql.SQL("comment on table {} is {}").format(table, sql.Literal(_comment(spec))))
    for column in spec.columns:
        connection.execute(
            sql.SQL("comment on column {} is {}").format(
                sql.Identifier("raw", spec.name, column.name), sql.Literal(f"{column.title.zh} {column.title.en}")
            )
        )


def _quarantine(connection: Conn, spec: SourceSpec) -> None:
    table = sql.Identifier("quarantine", spec.name)
    connection.execute(
        sql.SQL(
            "create table if not exists {} (row_id bigint primary key, delivery_id integer not null, key text[], "
            "reasons text[] not null check (cardinality(reasons) > 0), settled_by bigint, "
            "quarantined_at timestamptz not null default now())"
        ).format(table)
    )
    connection.execute(
        sql.SQL("create index if not exists {} on {} (delivery_id)").format(sql.Identifier(f"{spec.name}_delivery_id"), table)
    )
    connection.execute(
        sql.SQL("create index if not exists {} on {} (settled_by)").format(sql.Identifier(f"{spec.name}_settled_by"), table)
    )
    connection.execute(
        sql.SQL("comment on table {} is {}").format(
            table, sql.Literal(f"Rows of {spec.name} that were put aside: number, key and reasons, never cells")
        )
    )
