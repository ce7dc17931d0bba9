"""A warehouse of a city with a million entities, made without dbt: what a figure's opening reads is as in a real one.

The registrations are a real delivery, taken in and accepted by the product. The register's numbers and the postings are made of
its rows in SQL: entities' births and exits, their founders, and of half of the entities a spell each; the formulas are those of
the project. A second build, a month later, brings new entities, exits, and towns corrected, `share` of each.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from bench.registrations_file import make_city, write_delivery
from warehouse.indicators import load_indicators
from warehouse.night import accept, take_in
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings
from warehouse.standing import hold_formulas

DAY = date(2010, 12, 31)
TABLES = """
set role bureau_transformer;
create table register.unit (unit_id bigint, unit_type text, unit_key text);
create table evidence.indicator_value (like evidence.indicator_value_current);
create view mart.indicator_values as select * from evidence.indicator_value_current;
reset role;
"""
UNITS = """
insert into register.unit (unit_id, unit_type, unit_key)
select row_number() over (order by n.unit_type, n.unit_key), n.unit_type, n.unit_key
from (
    select 'entity' as unit_type, pripid as unit_key from raw.registrations
    union
    select 'person', coalesce(lerepcerno, 'entity:' || pripid) from raw.registrations
) as n;
create unique index on register.unit (unit_id);
create unique index on register.unit (unit_type, unit_key);
analyze register.unit;
create temp table entity as
select
    e.unit_id as entity_id, p.unit_id as founder_id, r.row_id, r.estdate::date as born,
    least(raw.as_date(r.candate), raw.as_date(r.revdate)) as gone, coalesce(r.town, '520381999') as town,
    (array['individual', 'individual', 'individual', 'private', 'cooperative'])[1 + r.row_id % 5] as sector,
    chr((65 + r.row_id / 7 % 20)::integer) as industry, string_to_array(coalesce(r.foundergroup, '07'), ';') as founder_groups,
    r.lerepcerno_sex as sex, r.lerepcerno_birth_year::integer as birth_year,
    -- the last of them come with the second build
    row_number() over (order by r.row_id) > (1 - {share}) * count(*) over () as is_late
from raw.registrations as r
inner join register.unit as e on e.unit_type = 'entity' and r.pripid = e.unit_key
inner join register.unit as p on p.unit_type = 'person' and coalesce(r.lerepcerno, 'entity:' || r.pripid) = p.unit_key;
"""
# account, day, day that it ends, condition, whether it is a person's
POSTED = (
    ("entity.birth", "born", "null", "true", False),
    ("entity.exit", "gone", "null", "gone is not null", False),
    ("founder.present", "born", "null", "true", True),
    ("job.new", "born + 30", "null", "row_id % 2 = 0", True),
    ("job.young", "born + 30", "case when gone > born + 30 then gone end", "row_id % 2 = 0", True),
)
POST = """
insert into evidence.posting (account, effective_date, until_date, geography, sector, industry, founder_groups, sex, birth_year,
    unit_type, unit_id, weight, source_rows, build_id, caused_by)
select '{account}', {day}, {until}, {town}, sector, industry, founder_groups, {person}, {weight}, array[row_id], {build},
    array[{delivery}]
from entity where {condition}
"""
FIGURES = """
insert into evidence.indicator_value
select
    f.indicator, 'v1', f.period, 'Y', '520381', 'first', 'total', 'total', n.total, n.total, null, n.units, null, null, null,
    'ok', 'P', b.build_id
from (values ('ENT_STK', '2010'), ('ENT_NEW', '2010'), ('JOB_YOUNG', '2010')) as f (indicator, period)
cross join ledger.build as b
cross join lateral mart.trace_total(f.indicator, f.period, '520381', up_to_build => b.build_id) as n;
insert into evidence.indicator_value_current select * from evidence.indicator_value where build_id = 2;
"""


@contextmanager
def large_city(rows: int, share: float, keep: Path | None = None) -> Iterator[Settings]:
    """A home with the warehouse, its server running. Without `keep` it is gone afterwards; with it, it lies in that folder and
    serves again."""
    folder = keep or Path(tempfile.mkdtemp(prefix="trace-bench-"))
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.chmod(0o755)
    settings = load_settings(home=folder / "home")
    made = folder / "made"
    try:
        prepare(settings)
        if not made.exists():
            _make(settings, folder, rows, share)
            made.touch()
        yield settings
    finally:
        postgres.stop(settings)
        if keep is None:
            shutil.rmtree(folder)


def _make(settings: Settings, folder: Path, rows: int, share: float) -> None:
    make_city(folder / "city")
    file = write_delivery(Path(settings.inbox_url), rows, folder / "city")
    file.with_suffix(".utf8").unlink()  # no department sends it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        take_in(settings, "registrations", DAY)
        accept(settings, "registrations", DAY)
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as db:
        fill(db, share)


def fill(db: psycopg.Connection[Any], share: float) -> None:
    """Formulas, numbers of units, postings of both builds, and the figures that `trace` and `why` look up."""
    db.execute(TABLES.encode())
    db.execute(
        "insert into ledger.build (business_date, status, finished_at, region, series_start) select d, 'published', now(), "
        "'520381', '2009-01-01' from unnest(array[date '2010-12-31', '2011-01-31']) as d"
    )
    _formulas(db)
    db.execute(
        "insert into ledger.delivery (source, department, region, business_date, sequence, kind, file_name, sha256, "
        "rows_in_file, rows_accepted, rows_quarantined, status, accepted_at) values ('registrations', 'saic', '520381', "
        "'2011-01-31', 1, 'delta', 'later', repeat('0', 64), 0, 0, 0, 'accepted', now())"
    )
    db.execute(
        "insert into ledger.build_input select b.build_id, d.delivery_id from generate_series(1, 2) as b (build_id) "
        "inner join ledger.delivery as d on d.delivery_id <= b.build_id"
    )
    db.execute(UNITS.format(share=share).encode())
    every = round(1 / share)
    moved = f"not is_late and row_id / 100 % {every} = 0"
    for account, day, until, condition, of_person in POSTED:
        one = {
            "account": account,
            "day": day,
            "until": until,
            "person": "sex, birth_year, 'person', founder_id" if of_person else "null, null, 'entity', entity_id",
        }
        _post(db, one, 1, f"{condition} and not is_late")
        _post(db, one, 2, f"{condition} and is_late")
        _post(db, one, 2, f"{condition} and {moved}", weight="-1")
        _post(db, one, 2, f"{condition} and {moved}", town="'520381999'")
    exits = {"account": "entity.exit", "until": "null", "person": "null, null, 'entity', entity_id"}
    for place, day in enumerate(("2010-12-15", "2011-01-15"), start=1):
        ended = f"not is_late and gone is null and row_id / 100 % {every} = {place}"
        _post(db, {**exits, "day": f"date '{day}'"}, 2, ended)
    db.execute("vacuum analyze")
    db.execute(FIGURES.encode())


def _post(
    db: psycopg.Connection[Any], one: dict[str, str], build: int, condition: str, weight: str = "1", town: str = "town"
) -> None:
    """Postings of a build, caused by the delivery of the same number."""
    db.execute(POST.format(**one, build=build, delivery=build, condition=condition, weight=weight, town=town).encode())


def _formulas(db: psycopg.Connection[Any]) -> None:
    hold_formulas(db, 1)
    for one in load_indicators().values():
        for part in (one.numerator, one.denominator):
            for account in sorted(part.accounts if part else ()):
                db.execute("select evidence.ensure_account(%s)", [account])
