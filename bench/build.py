"""A full build, nights and the first of January against a hand-written floor: `python -m bench.build --scale 3`.

The city of `bureau synth` at scale 1 (about 10,000 entities) is delivered and loaded as ever; copies of its rows under
other keys are then put straight into the accepted partitions, `scale` in all: reading files is measured by bench.load.
The floor (build_floor.sql) makes the cells of 2009 and 2010 of the entity, survival, founder and job indicators straight
from raw; the product builds everything. A night's changes are put in as accepted deliveries as well. Memory is that of the
server's processes (PSS).
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from ingest.ddl import create_partition
from ingest.spec import all_specs, load_spec
from warehouse.build import build
from warehouse.night import accept, take_in
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings
from warehouse.synth import synthesise

FLOOR = Path(__file__).with_name("build_floor.sql")
FIRST = date(2010, 12, 27)
SHARES = (0.0001, 0.001, 0.01)
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


def main() -> None:
    """Prints what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scale", type=int, default=3, help="how many times 10,000 entities")
    scale = arguments.parse_args().scale
    warnings.simplefilter("ignore")
    with home() as settings, psycopg.connect(postgres.conninfo(settings), autocommit=True) as db:
        rows = deliver(settings, db, scale)
        print(f"scale {scale}: {', '.join(f'{count:,} {source}' for source, count in rows.items())}", flush=True)
        with peak(settings) as held:
            full = timed(lambda: build(settings, FIRST))
        floor = timed(lambda: run_floor(settings))  # it joins the seeds, which a build makes
        print(
            f"floor {floor:.1f} s; full build {full:.1f} s = {full / floor:.2f} x the floor; peak memory {held():.0f} MiB",
            flush=True,
        )
        for account, postings, facts in per_fact(db):
            print(f"  {account}: {postings:,} postings of {facts:,} facts, {postings / facts:.2f} a fact")
        day = FIRST
        for share in SHARES:
            day += timedelta(days=1)
            changed = change(db, day, share)
            seconds = timed(lambda day=day: build(settings, day))  # type: ignore[misc]
            bar = 0.05 * full + 10
            print(
                f"night of {share:.2%} ({changed:,} rows): {seconds:.1f} s; 5 % of the full build + 10 s is {bar:.1f} s",
                flush=True,
            )
        for last in (date(2010, 12, 31), date(2011, 1, 1)):
            seconds = timed(lambda last=last: build(settings, last))  # type: ignore[misc]
            print(f"night of {last} without changes: {seconds:.1f} s", flush=True)


@contextmanager
def home() -> Iterator[Settings]:
    """A home under /tmp with its server, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="build-bench-"))
    settings = load_settings(home=folder / "home")
    try:
        prepare(settings)
        yield settings
    finally:
        postgres.stop(settings)
        shutil.rmtree(folder)


def deliver(settings: Settings, db: psycopg.Connection[Any], scale: int) -> dict[str, int]:
    """The city, `scale` times; rows by source."""
    synthesise(Path(settings.inbox_url), seed=20101231, scale=1, first=FIRST, last=FIRST, faults="none")
    for source in all_specs():
        take_in(settings, source, FIRST)
        accept(settings, source, FIRST)
    deliveries = db.execute("select delivery_id, source from ledger.delivery where status = 'accepted'").fetchall()
    for delivery_id, source in deliveries:
        if source in OWN and scale > 1:
            multiply(db, source, delivery_id, scale)
    db.execute("analyze")
    return {source: number(db, f"select count(*) from raw.{source}") for source in all_specs()}


def multiply(db: psycopg.Connection[Any], source: str, delivery_id: int, scale: int) -> None:
    """Copies of a delivery's rows: other row numbers, other keys; everything else as it is."""
    columns = [name for column in load_spec(source).columns for name in column.raw_columns]
    told = ", ".join(f"r.{name} || '-' || n" if name in OWN[source] else f"r.{name}" for name in columns)
    table = f"raw.{source}__d{delivery_id}"
    count = number(db, f"select coalesce(max(row_id), 0) & 4294967295 from {table}")
    copies = f"{table} as r cross join generate_series(1, {scale - 1}) as n"
    db.execute(
        f"insert into {table} (row_id, delivery_id, {', '.join(columns)}) "
        f"select r.row_id + n * {count}, r.delivery_id, {told} from {copies}".encode()
    )


def change(db: psycopg.Connection[Any], day: date, share: float) -> int:
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


def run_floor(settings: Settings) -> None:
    """The hand-written statements, in a session with plenty of memory."""
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as db:
        db.execute("set work_mem = '256MB'; set jit = off")
        db.execute(FLOOR.read_bytes())


def per_fact(db: psycopg.Connection[Any]) -> list[tuple[str, int, int]]:
    """Account, postings, and facts: postings that are no corrections."""
    return db.execute(
        "select account, count(*), count(*) filter (where applies_to is null and period_grain is null) from evidence.posting "
        "group by account order by account"
    ).fetchall()


@contextmanager
def peak(settings: Settings) -> Iterator[Callable[[], float]]:
    """The most memory that the server's processes held at once (MiB, PSS), looked at twice a second."""
    server = psutil.Process(postgres.server_pid(settings))
    most, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.5):
            held = 0
            for process in (server, *server.children()):
                try:
                    held += process.memory_full_info().pss
                except psutil.Error:  # it has ended
                    continue
            most[0] = max(most[0], held / 2**20)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield lambda: most[0]
    finally:
        done.set()
        watcher.join()


def number(db: psycopg.Connection[Any], statement: str) -> int:
    """The one number of a statement."""
    row = db.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0])


def timed(work: Callable[[], object]) -> float:
    """Seconds of the clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
