"""Why a figure changed, worked by hand: one unit for each cause, in a warehouse of a dozen postings."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import psycopg
import pytest
from psycopg.types.json import Jsonb

from warehouse.errors import BureauError
from warehouse.services import postgres
from warehouse.settings import Settings
from warehouse.why import Vintage, vintage, why

pytestmark = pytest.mark.integration

TOWN, OTHER, ENDED = "520381001", "520381002", "520381200"
TABLES = """
set role bureau_transformer;
create table evidence.indicator_value (like evidence.indicator_value_current);
select evidence.ensure_account('entity.birth'), evidence.ensure_account('entity.exit'), evidence.ensure_account('entity.purge');
"""
STOCK = Jsonb({"numerator": {"accumulation": "stock", "accounts": {"entity.birth": 1, "entity.exit": -1, "entity.purge": -1}}})
# Deliveries: 1 and 2 of January, 2 replaced by 3; 4 of January too, but it came later; 5 of February.
DELIVERIES = (
    (1, "2010-01-15", "accepted"), (2, "2010-01-20", "replaced"), (3, "2010-01-20", "accepted"), (4, "2010-01-25", "accepted"),
    (5, "2010-02-15", "accepted"),
)  # fmt: skip
USED = {1: (1, 2), 2: (1, 3, 4, 5)}
# account, unit, town, weight, build, caused by; all effective in 2009
POSTINGS = (
    *(("entity.birth", unit, TOWN, 1, 1, 1) for unit in range(1, 8)),
    ("entity.birth", 2, TOWN, -1, 2, 3),  # 2 is not in the delivery that took the place of another
    ("entity.purge", 3, TOWN, 1, 2, 5),
    ("entity.exit", 4, TOWN, 1, 2, 5),
    ("entity.birth", 5, TOWN, -1, 2, 5),  # 5 is corrected to another town
    ("entity.birth", 5, OTHER, 1, 2, 5),
    ("entity.birth", 6, TOWN, -1, 2, None),  # nothing was delivered for 6: its day had come
    ("entity.birth", 11, ENDED, 1, 1, 1),  # nor for 11, whose town became another
    ("entity.birth", 11, ENDED, -1, 2, None),
    ("entity.birth", 11, TOWN, 1, 2, None),
    ("entity.birth", 8, TOWN, 1, 2, 4),
    ("entity.birth", 9, TOWN, 1, 2, 5),
    ("entity.birth", 10, OTHER, 1, 2, 5),
)


@pytest.fixture(scope="module")
def posted(database: Settings) -> Settings:
    with psycopg.connect(postgres.conninfo(database), autocommit=True) as connection:
        connection.execute(TABLES.encode())
        connection.execute("reset role")
        for day in (date(2010, 1, 31), date(2010, 2, 28)):
            connection.execute(
                "insert into ledger.build (business_date, status, finished_at, region, series_start) "
                "values (%s, 'published', now(), '520381', '2009-01-01')",
                [day],
            )
        connection.execute("insert into ledger.formula values ('ENT_STK', 'v1', %s, 1)", [STOCK])
        for number, day_text, status in DELIVERIES:
            connection.execute(
                "insert into ledger.delivery (source, department, region, business_date, sequence, kind, file_name, sha256, "
                "rows_in_file, rows_accepted, rows_quarantined, status, accepted_at) values ('registrations', 'saic', '520381', "
                "%s, %s, 'delta', %s, repeat('0', 64), 9, 9, 0, %s, now())",
                [day_text, 2 if number == 3 else 1, f"file {number}", status],
            )
        for build, used in USED.items():
            for delivery in used:
                connection.execute("insert into ledger.build_input values (%s, %s)", [build, delivery])
        for account, unit, town, weight, build, cause in POSTINGS:
            connection.execute(
                "insert into evidence.posting (account, effective_date, geography, unit_type, unit_id, weight, source_rows, "
                "build_id, caused_by) values (%s, '2009-03-01', %s, 'entity', %s, %s, %s, %s, %s)",
                [account, town, unit, weight, [unit], build, [] if cause is None else [cause]],
            )
        for build, figure in ((1, 7), (2, 5)):
            connection.execute(
                "insert into evidence.indicator_value values ('ENT_STK', 'v1', '2009', 'Y', %s, 'first', 'total', 'total', %s, "
                "%s, null, %s, null, null, null, 'ok', 'P', %s)",
                [TOWN, figure, figure, figure, build],
            )
    return database


def test_each_cause_has_its_unit(posted: Settings) -> None:
    """7 before; 2 leaves with the redelivery, 3 is purged, 4 ends, 5 moves, 6 is due; 8 comes late, 9 is new, 11's town
    has become this one: 5 are left."""
    old, new = vintage(posted, "B1"), vintage(posted, "B2")
    found = why(posted, "ENT_STK", "2009", old, new, geography=TOWN, breakdown=None)
    assert [(one.cause, one.delivery, one.units, one.numerator) for one in found.causes] == [
        ("redelivery", "file 3", 1, -1),
        ("purge", "file 5", 1, -1),
        ("cancellation", "file 5", 1, -1),
        ("correction", "file 5", 1, -1),
        ("late_row", "file 4", 1, 1),
        ("new_row", "file 5", 1, 1),
        ("time", None, 1, -1),
        ("boundary", None, 1, 1),
    ]
    assert sum((one.value or Decimal(0) for one in found.causes), Decimal(0)) == found.new.numerator - found.old.numerator == -2  # type: ignore[operator]


def test_where_a_unit_moved_to_it_is_a_correction_too(posted: Settings) -> None:
    with psycopg.connect(postgres.conninfo(posted, role="bureau_evaluator")) as evaluator:
        statement = "select cause, units, numerator from mart.figure_causes('ENT_STK', '2009', 1, 2, %s) order by 1"
        assert evaluator.execute(statement, [OTHER]).fetchall() == [("correction", 1, 1), ("new_row", 1, 1)]
        assert evaluator.execute(statement, ["520381"]).fetchall() == [
            ("cancellation", 1, -1), ("late_row", 1, 1), ("new_row", 2, 2), ("purge", 1, -1), ("redelivery", 1, -1),
            ("time", 1, -1),
        ]  # fmt: skip


def test_the_older_one_comes_first(posted: Settings) -> None:
    newer, older = Vintage(2, date(2010, 2, 28), None), Vintage(1, date(2010, 1, 31), None)
    with pytest.raises(BureauError, match="older"):
        why(posted, "ENT_STK", "2009", newer, older, geography=TOWN, breakdown=None)
