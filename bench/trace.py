"""How long a figure takes to open, by how many units it is of: `python -m bench.trace --units 1000000`.

The warehouse's own schema and functions (the migrations) on a throwaway server, with made postings: one stock account of that
many units in 18 towns, and its exits. Prints p50 and p95 of the first page (random cells of the city and its towns), of a page
far behind, and of the total, beside the floor: one bare sum over the same accounts.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from bench.throwaway_server import server
from warehouse.migrate import migrate
from warehouse.settings import load_settings

ROUNDS = 60
ROWS_A_DELIVERY = 1 << 32

# What dbt makes: the formula of one indicator, and the keys of the units.
MADE = """
create view evidence.indicator_formula as
select 'ENT_STK' as indicator, 'v1' as method_version, 'numerator' as part, f.account, f.sign::numeric, 'stock' as accumulation,
    null::text [] as only_sectors, 0 as lag_years, null::text [] as undivided
from (values ('entity.birth', 1), ('entity.exit', -1)) as f (account, sign);
create table register.unit as
select g::bigint as unit_id, 'entity' as unit_type, lpad(g::text, 16, '0') as unit_key from generate_series(1, {units}) as g;
create unique index on register.unit (unit_id);
create unique index on register.unit (unit_type, unit_key);
insert into ledger.build (business_date, status, finished_at, region, series_start)
values ('2010-12-31', 'published', now(), '520381', '2009-01-01');
select evidence.ensure_account('entity.birth'), evidence.ensure_account('entity.exit');
insert into evidence.posting (account, effective_date, geography, sector, industry, founder_groups, unit_type, unit_id, weight,
    source_rows, build_id, caused_by)
select
    a.account, date '2003-01-01' + (g.g * 7919 % 2000) + a.later, '52038' || (1001 + g.g % 18), 
    (array['individual', 'individual', 'individual', 'private', 'cooperative'])[1 + g.g % 5], chr(65 + g.g / 18 % 20),
    array['0' || 1 + g.g % 7], 'entity', g.g, 1, array[{row} + g.g], 1, array[1]
from generate_series(1, {units}) as g (g)
inner join (values ('entity.birth', 0), ('entity.exit', 700)) as a (account, later) on a.later = 0 or g.g / 7 % 3 = 0;
grant select on evidence.indicator_formula, register.unit to bureau_evaluator;
analyze;
"""
PAGE = "select * from mart.trace_figure('ENT_STK', '2010', %s, %s, %s, 100, %s)"
TOTAL = "select * from mart.trace_total('ENT_STK', '2010')"
FLOOR = "select count(*), sum(weight) from evidence.posting where account in ('entity.birth', 'entity.exit')"


def measured(what: str, rounds: int, ask: Callable[[], object]) -> None:
    """Print p50 and p95 of some rounds, in milliseconds, after one that is not counted."""
    ask()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        ask()
        times.append((time.perf_counter() - started) * 1000)
    p95 = statistics.quantiles(times, n=20)[18] if rounds > 1 else times[0]
    print(f"{what:44} p50 {statistics.median(times):9.1f} ms   p95 {p95:9.1f} ms   ({rounds} rounds)")


def main() -> None:
    """Make the postings, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    draw = random.Random(1)
    with server() as own, tempfile.TemporaryDirectory() as home:
        url = make_conninfo(host="127.0.0.1", port=own.info.port, user="bench", dbname="postgres")
        key = Path(home) / "key"
        key.write_bytes(b"0" * 64)
        settings = load_settings(
            home=Path(home),
            database_url=f"postgresql://bench@127.0.0.1:{own.info.port}/postgres",
            pseudonym_key_file=key,
        )
        migrate(settings)
        own.execute(MADE.format(units=given.units, row=ROWS_A_DELIVERY).encode())
        with psycopg.connect(url, autocommit=True) as evaluator:
            evaluator.execute("set role bureau_evaluator")

            def page(offset: int, city: bool) -> None:
                place = "520381" if city else f"52038{1001 + draw.randrange(18)}"
                kind, member = draw.choice([("total", "total"), ("sector", "individual"), ("industry", "F")])
                found = evaluator.execute(PAGE, [place, kind, member, offset]).fetchall()
                assert found, "the cell has units"

            measured("first page of the city", given.rounds, lambda: page(0, True))
            measured("first page of a town", given.rounds, lambda: page(0, False))
            measured("page behind 10,000 units of the city", given.rounds, lambda: page(min(10_000, given.units // 100), True))
            few = min(5, given.rounds)
            measured("total of the city", few, lambda: evaluator.execute(TOTAL.encode()).fetchall())
            measured("floor: a bare sum", few, lambda: evaluator.execute(FLOOR.encode()).fetchall())


if __name__ == "__main__":
    main()
