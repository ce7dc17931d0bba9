"""A synthetic city of any size for bench.build: scale 1 loaded as ever, its rows copied under other keys, and nights that
change a share of them.

A prepared database can be kept in a folder (as `city_<scale>`) and is copied for each run.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from ingest.ddl import create_partition
from ingest.spec import all_specs, load_spec
from warehouse.night import accept, take_in
from warehouse.services import postgres
from warehouse.settings import Settings
from warehouse.synth import synthesise

FIRST = date(2010, 12, 27)
# Columns that make a copy another entity, person, spell, voucher, contract; the population and the survey are not multiplied.
OWN = {
    "registrations": ("pripid", "regno", "lerepcerno"),
    "employment": ("aac001", "aac002", "aab001", "aab003"),
    "tax_local": ("voucher", "taxpayer", "regno"),
    "tax_national": ("voucher", "taxpayer", "regno"),
    "loans": ("contract_no", "borrower_id", "regno"),
    "training": ("class_no", "person_id", "regno"),
}
TOWN = "town = '520381' || (array['001', '002', '100', '101'])[1 + row_id % 4]"
# What a changed row says now, by source
CHANGES = {
    "registrations": f"{TOWN}, foundergroup = '0' || (1 + row_id % 7)",
    "employment": f"{TOWN}, acc034 = '0' || (1 + row_id % 7)",
    "tax_local": "paid = (row_id % 9000)::text",
    "tax_national": "paid = (row_id % 9000)::text",
    "loans": "founder_group = '0' || (1 + row_id % 7)",
}

Connection = psycopg.Connection[Any]


def have_city(settings: Settings, scale: int) -> None:
    """The home's database holds the city, nothing built yet: copied from the kept one, or made and kept."""
    kept = sql.Identifier(f"city_{scale}")
    bureau = sql.Identifier(postgres.DATABASE)
    with psycopg.connect(postgres.conninfo(settings, database="postgres"), autocommit=True) as server:
        known = server.execute("select 1 from pg_database where datname = %s", [f"city_{scale}"]).fetchone()
        if not known:
            with psycopg.connect(postgres.conninfo(settings), autocommit=True) as db:
                deliver(settings, db, scale)
            server.execute(sql.SQL("create database {} template {} strategy file_copy").format(kept, bureau))
        else:
            server.execute(sql.SQL("drop database {} with (force)").format(bureau))
            server.execute(sql.SQL("create database {} template {} strategy file_copy").format(bureau, kept))
        server.execute("checkpoint")


def deliver(settings: Settings, db: Connection, scale: int) -> None:
    """The city, `scale` times."""
    synthesise(Path(settings.inbox_url), seed=20101231, scale=1, first=FIRST, last=FIRST, faults="none")
    for source in all_specs():
        take_in(settings, source, FIRST)
        accept(settings, source, FIRST)
    deliveries = db.execute("select delivery_id, source from ledger.delivery where status = 'accepted'").fetchall()
    for delivery_id, source in deliveries:
        if source in OWN and scale > 1:
            multiply(db, source, delivery_id, scale)
    db.execute("analyze")


def multiply(db: Connection, source: str, delivery_id: int, scale: int) -> None:
    """Copies of a delivery's rows: other row numbers, other keys; everything else as it is."""
    columns = [name for column in load_spec(source).columns for name in column.raw_columns]
    told = ", ".join(f"r.{name} || '-' || n" if name in OWN[source] else f"r.{name}" for name in columns)
    table = f"raw.{source}__d{delivery_id}"
    row = db.execute(f"select coalesce(max(row_id), 0) & 4294967295 from {table}".encode()).fetchone()
    assert row is not None
    copies = f"{table} as r cross join generate_series(1, {scale - 1}) as n"
    db.execute(
        f"insert into {table} (row_id, delivery_id, {', '.join(columns)}) "
        f"select r.row_id + n * {row[0]}, r.delivery_id, {told} from {copies}".encode()
    )


def change(db: Connection, day: date, share: float) -> int:
    """A share of the rows of each source said anew by a delivery of the day; how many."""
    changed = 0
    for source, said in CHANGES.items():
        spec = load_spec(source)
        row = db.execute(
            """
            insert into ledger.delivery (source, department, region, business_date, sequence, kind, file_name, sha256,
                rows_in_file, rows_accepted, rows_quarantined, status, accepted_at)
            values (%s, 'bench', '520381', %s, 1, 'delta', 'none', repeat('0', 64), 0, 0, 0, 'accepted', now())
            returning delivery_id
            """,
            [source, day],
        ).fetchone()
        assert row is not None
        columns = ", ".join(name for column in spec.columns for name in column.raw_columns)
        create_partition(db, spec, row[0])
        table = sql.Identifier("raw", f"{source}__d{row[0]}")
        values = {"table": table, "columns": sql.SQL(columns), "raw": sql.Identifier("raw", source), "id": sql.Literal(row[0])}
        statement = (
            "insert into {table} (row_id, {columns}) select {id}::bigint * 4294967296 + row_number() over (), {columns} "
            "from {raw} where hashint8(row_id) & 65535 < 65536 * %s"
        )
        changed += db.execute(sql.SQL(statement).format(**values), [share]).rowcount
        db.execute(sql.SQL("update {table} set " + said).format(**values))
        db.execute(sql.SQL("alter table {raw} attach partition {table} for values in ({id})").format(**values))
    return changed
