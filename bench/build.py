"""A full build, nights and the first of January against a hand-written floor: `python -m bench.build --scale 10`.

The city of `bureau synth` at scale 1 (about 10,000 entities) is delivered and loaded as ever; copies of its rows under
other keys are then put straight into the accepted partitions, `scale` in all: reading files is measured by bench.load.
The floor (build_floor_*.sql) makes the cells of 2009 and 2010 straight from raw; the product builds everything. A night's
changes are put in as accepted deliveries as well. Memory is that of the server's processes (PSS). `--keep DIR` keeps the
loaded city for further runs (scale 100: about 20 GB with what is built); `--prepare` stops when it is there.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg

from bench.build_city import FIRST, change, have_city
from bench.measuring import Taken, peak, slowest, timed
from ingest.spec import all_specs
from warehouse.build import build
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings

FLOOR = [Path(__file__).with_name(name) for name in ("build_floor_folds.sql", "build_floor_cells.sql")]
SHARES = (0.0001, 0.001, 0.01)
BAR_FULL, BAR_POSTINGS, BAR_MEMORY_MIB = 3, 2, 6 * 1024
BAR_NIGHT_SHARE, BAR_NIGHT_SECONDS = 0.05, 10


def main() -> None:
    """Prints what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--scale", type=int, default=3, help="how many times 10,000 entities")
    arguments.add_argument("--keep", type=Path, help="folder that keeps the loaded city")
    arguments.add_argument("--prepare", action="store_true", help="only make the city that is kept")
    arguments.add_argument("--models", type=int, default=5, help="how many of the slowest models are named")
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    with home(given.keep) as settings:
        have_city(settings, given.scale)
        prepare(settings)  # a kept city may be older than the newest migration
        if not given.prepare:
            with psycopg.connect(postgres.conninfo(settings), autocommit=True) as db:
                measure(settings, db, given.scale, given.models)


def measure(settings: Settings, db: psycopg.Connection[Any], scale: int, models: int) -> None:
    """The full build, the floor, three nights, and the turn of the year."""
    rows = {source: number(db, f"select count(*) from raw.{source}") for source in all_specs()}
    print(f"scale {scale}: {', '.join(f'{count:,} {source}' for source, count in rows.items())}", flush=True)

    def night(day: date) -> Taken:
        taken = timed(settings, lambda: build(settings, day))
        print(f"  {slowest(settings, models)}", flush=True)
        return taken

    with peak(settings) as held:
        full = night(FIRST)
    floor = timed(settings, lambda: run_floor(settings))  # it joins the seeds, which a build makes
    print(f"full build {full}, floor {floor}: {full.clock / floor.clock:.2f} x the floor, ", end="")
    print(f"CPU {full.cpu / floor.cpu:.2f} x (bar {BAR_FULL})")
    print(f"peak memory {held():,.0f} MiB (bar {BAR_MEMORY_MIB:,})", flush=True)
    for account, postings, facts in per_fact(db):
        print(f"  {account}: {postings:,} postings of {facts:,} facts, {postings / facts:.2f} a fact (bar {BAR_POSTINGS})")
    day, allowed = FIRST, BAR_NIGHT_SHARE * full.clock + BAR_NIGHT_SECONDS
    for share in SHARES:
        day += timedelta(days=1)
        changed = change(db, day, share)
        with peak(settings) as held:
            taken = night(day)
        print(f"night of {share:.2%} ({changed:,} rows): {taken} = {taken.clock / full.clock:.1%} of the full build, ", end="")
        print(f"{taken.clock / allowed:.2f} x {allowed:.1f} s (bar for 0.10%: 1); peak memory {held():,.0f} MiB", flush=True)
    for last in (date(2010, 12, 31), date(2011, 1, 1)):
        print(f"night of {last} without changes: {night(last)}", flush=True)


@contextmanager
def home(kept: Path | None) -> Iterator[Settings]:
    """A home with its server: in the folder that is kept, or under /tmp and gone afterwards."""
    folder = kept or Path(tempfile.mkdtemp(prefix="build-bench-"))
    settings = load_settings(home=folder / "home")
    try:
        prepare(settings)
        yield settings
    finally:
        postgres.stop(settings)
        if not kept:
            shutil.rmtree(folder)


def run_floor(settings: Settings) -> None:
    """The hand-written statements, in a session with plenty of memory."""
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as db:
        db.execute("set work_mem = '256MB'; set jit = off")
        for file in FLOOR:
            db.execute(file.read_bytes())
        compared, different = db.execute(_SAME_CELLS, [settings.region]).fetchone() or (0, 0)
        if different or not compared:
            raise SystemExit(f"the floor makes other figures than the product: {different} of {compared} cells differ")


# Months of the city, as both have them
_SAME_CELLS = """
    select count(*), count(*) filter (where f.amount is distinct from v.numerator)
    from (
        select to_char(month, 'YYYY-MM') as period, amount,
            case kind when 'birth' then 'ENT_NEW' when 'exit' then 'ENT_EXIT' when 'purge' then 'ENT_PURGE' end as indicator
        from c_entity where town is null and sector is null and industry is null and grp is null
    ) as f
    inner join evidence.indicator_value_current as v using (period, indicator)
    where v.geography = %s and v.breakdown_type = 'total'
"""


def per_fact(db: psycopg.Connection[Any]) -> list[tuple[str, int, int]]:
    """Account, postings, and facts: what a unit said of a day, corrections and further grains of the same left out."""
    return db.execute(
        "select account, count(*), count(*) filter (where applies_to is null and period_grain is null) "
        "+ count(distinct (unit_id, effective_date)) filter (where applies_to is null and period_grain is not null) "
        "from evidence.posting group by account order by account"
    ).fetchall()


def number(db: psycopg.Connection[Any], statement: str) -> int:
    """The one number of a statement."""
    row = db.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0])


if __name__ == "__main__":
    main()
