"""What PostgreSQL's SQL is in DuckDB: every translation is run there."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from warehouse.dbt_sources import PATH
from warehouse.errors import BureauError
from warehouse.second_engine import recompute
from warehouse.second_engine.translate import MACROS, translated, type_of


def answer(query: str) -> Any:
    with duckdb.connect() as engine:
        for macro in MACROS:
            engine.execute(macro)
        return engine.execute(translated(query)).fetchall()


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("select (date '2008-02-29' + make_interval(years => 3))::date", date(2011, 2, 28)),
        (
            "select (s.day + make_interval(months => s.n))::date from (select date '2010-08-31' as day, 6 as n) as s",
            date(2011, 2, 28),
        ),
        ("select to_char(s.first_day, 'YYYY-\"Q\"Q') from (select date '2010-11-01' as first_day) as s", "2010-Q4"),
        ("select to_char(s.first_day, 'YYYY-MM') from (select date '2010-11-01' as first_day) as s", "2010-11"),
        ("select '0.123456789'::numeric * 2", Decimal("0.246913578")),
        ("select 1::numeric / 8", 0.125),
        ("select num_nonnulls(1, null, 3)", 2),
        ("select trim_scale(1.50)", Decimal("1.50")),
        (
            "select r.row_id || r.entity_rows from (select 1::bigint as row_id, array[2, 3]::bigint[] as entity_rows) as r",
            [1, 2, 3],
        ),
        ("select coalesce(array_agg(s.n) filter (where s.n > 1), '{}') from (select 1 as n) as s", []),
        ("select count(*) filter (where g.n > 1) from generate_series(1, 3) as g (n)", 2),
    ],
)
def test_says_the_same(query: str, value: object) -> None:
    ((found,),) = answer(query)
    assert found == value


def test_a_model_that_it_cannot_compute_is_named(tmp_path: Path) -> None:
    node = {
        "resource_type": "model", "name": "unit", "schema": "register", "alias": "unit", "package_name": "bureau",
        "original_file_path": "models/unit.sql",
    }  # fmt: skip
    compiled = tmp_path / "compiled" / "bureau" / "models"
    compiled.mkdir(parents=True)
    with duckdb.connect() as engine:
        engine.execute("create schema register")
        for query in ("select no_such_function(1)", "select (1"):
            (compiled / "unit.sql").write_text(query, encoding="utf-8")
            with pytest.raises(BureauError, match="could not compute unit: "):
                recompute.compute(engine, node, tmp_path, tmp_path)


def test_two_lists_are_walked_side_by_side() -> None:
    query = """
        select a.id, y.year, y.row_id
        from (select 1 as id, array[2009, 2010] as years, array[7, 8] as row_ids) as a
        cross join lateral unnest(a.years, a.row_ids) as y (year, row_id)
        order by 2
    """
    assert answer(query) == [(1, 2009, 7), (1, 2010, 8)]


def test_types() -> None:
    assert [type_of(kind) for kind in ("text[]", "numeric", "bigint", "timestamp with time zone")] == [
        "varchar[]",
        "decimal(38, 10)",
        "bigint",
        "timestamptz",
    ]


def test_every_source_of_the_models_is_carried_over() -> None:
    """Rows of deliveries are found in the database; all else that dbt reads is named."""
    sources = yaml.safe_load(PATH.read_text(encoding="utf-8"))["sources"]
    read = {(one["name"], table["name"]) for one in sources for table in one["tables"]}
    made = {("ledger", "current_build"), *(("evidence", table) for table in recompute._EMPTY)}
    assert {one for one in read if one[0] not in ("raw", "quarantine")} <= {*recompute._GIVEN, *made}
