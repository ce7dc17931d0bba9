"""A figure that a release froze opens with the formula of its day, also when the indicator has a newer method version since."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest
from psycopg.types.json import Jsonb

from warehouse import trace as trace_module
from warehouse import why as why_module
from warehouse.indicators import load_indicator
from warehouse.services import postgres
from warehouse.settings import Settings
from warehouse.trace import trace
from warehouse.why import vintage, why

pytestmark = pytest.mark.integration

CITY, TOWN = "520381", "520381001"
TABLES = """
set role bureau_transformer;
create table register.unit (unit_id bigint, unit_type text, unit_key text);
insert into register.unit select n, 'entity', 'P' || n from generate_series(1, 3) as n;
create table evidence.indicator_value (like evidence.indicator_value_current);
create view mart.indicator_values as select * from evidence.indicator_value_current;
select evidence.ensure_account('entity.birth'), evidence.ensure_account('entity.exit');
reset role;
insert into ledger.build (business_date, status, finished_at, region, series_start)
select d, s, now(), '520381', '2009-01-01'
from (values (date '2010-01-31', 'published'), ('2010-02-28', 'failed'), ('2010-02-28', 'published')) as b (d, s);
insert into evidence.posting (account, effective_date, geography, unit_type, unit_id, weight, source_rows, build_id, caused_by)
values
('entity.birth', '2009-03-01', '520381001', 'entity', 1, 1, '{}', 1, '{}'),
('entity.birth', '2009-03-01', '520381001', 'entity', 2, 1, '{}', 1, '{}'),
('entity.birth', '2009-03-01', '520381001', 'entity', 3, 1, '{}', 1, '{}'),
('entity.exit', '2009-05-01', '520381001', 'entity', 3, 1, '{}', 1, '{}');
insert into release.release (release_id, title, build_id, business_date, figures, inputs_digest, head, created_by)
values (1, 'January', 1, '2010-01-31', 1, '', '', 'a clerk');
insert into release.figure values (
    1, 1, 'ENT_STK', 'v1', '2009', 'Y', '520381', 'first', 'total', 'total', 3, 3, null, 3, null, null, null, 'ok', 'P', 1, ''
);
insert into evidence.indicator_value values
('ENT_STK', 'v1', '2009', 'Y', '520381', 'first', 'total', 'total', 3, 3, null, 3, null, null, null, 'ok', 'P', 1),
('ENT_STK', 'v2', '2009', 'Y', '520381', 'first', 'total', 'total', 20, 2, null, 2, null, null, null, 'ok', 'P', 3);
insert into evidence.indicator_value_current values
('ENT_STK', 'v2', '2009', 'Y', '520381', 'first', 'total', 'total', 20, 2, null, 2, null, null, null, 'ok', 'P', 3);
"""


def part(**accounts: int) -> Jsonb:
    named = {f"entity.{name}": sign for name, sign in accounts.items()}
    return Jsonb({"numerator": {"accumulation": "stock", "accounts": named}})


@pytest.fixture(scope="module")
def two_versions(database: Settings) -> Settings:
    """v1 counts whoever ever began; v2, first computed by a build that failed, takes exits off and counts in tenths."""
    with psycopg.connect(postgres.conninfo(database), autocommit=True) as connection:
        connection.execute(TABLES.encode())
        for version, formula, build in (("v1", part(birth=1), 1), ("v2", part(birth=1, exit=-1), 3)):
            connection.execute("insert into ledger.formula values ('ENT_STK', %s, %s, %s)", [version, formula, build])
    return database


def test_a_frozen_figure_and_the_one_of_now_each_have_their_formula(
    two_versions: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = load_indicator("ENT_STK").model_copy(update={"method_version": "v2"})
    monkeypatch.setattr(trace_module, "load_indicator", lambda _: now)
    frozen = trace(two_versions, "ENT_STK", "2009", release_id=1)
    assert (frozen.figure.method_version, frozen.numerator.sum, frozen.numerator.unit_count) == ("v1", Decimal(3), 3)
    current = trace(two_versions, "ENT_STK", "2009")
    assert (current.figure.method_version, current.numerator.sum, current.numerator.unit_count) == ("v2", Decimal(2), 2)


def test_another_definition_is_a_cause_of_its_own(two_versions: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """3 of v1 are 2 of v2, which is said in tenths: 20. Nothing was posted between the two."""
    now = load_indicator("ENT_STK").model_copy(update={"method_version": "v2", "scale": Decimal(10)})
    monkeypatch.setattr(why_module, "load_indicator", lambda _: now)
    found = why(two_versions, "ENT_STK", "2009", vintage(two_versions, "B1"), vintage(two_versions, "B3"))
    assert [(one.cause, one.numerator, one.value) for one in found.causes] == [("definition", Decimal(-1), Decimal(17))]


def test_all_units_from_one_on(two_versions: Settings) -> None:
    left = trace(two_versions, "ENT_STK", "2009", release_id=1, offset=1, limit=None)
    assert [unit.unit_id for unit in left.numerator.units] == ["P2", "P3"] and left.numerator.next is None
