"""Coding a large delivery costs what its rows cost, not their number times what is coded already."""

from pathlib import Path

import psycopg
import pytest

from ingest.spec import load_spec
from tests.extracts import DAY, fixture_rows, write_extract
from tests.integration.nights import load
from warehouse.coding import code_rows
from warehouse.services import postgres
from warehouse.settings import Settings

pytestmark = pytest.mark.integration

ROWS, BATCH = 400, 10


def test_what_is_coded_already_is_not_read_for_each_row(database: Settings, tmp_path: Path) -> None:
    one = fixture_rows("registrations", "good")[0] | {"TOWN": "", "DOM": "赤水市人民西路1号"}
    delivered = [one | {"PRIPID": f"P{number}"} for number in range(ROWS)]
    write_extract(load_spec("registrations"), delivered, tmp_path, DAY)
    load(database, DAY, tmp_path)
    with psycopg.connect(postgres.conninfo(database), autocommit=True) as connection:
        connection.execute(
            "insert into ledger.build (build_id, business_date, received_up_to, region, series_start) "
            "overriding system value values (1, %s, now(), '520381', '2009-01-01')",
            [DAY],
        )
        connection.execute("vacuum analyze")  # the planner knows that nothing is coded: it may ask anew for each row
        assert code_rows(database, 1, BATCH) == ROWS
        connection.execute("select pg_stat_force_next_flush()")
        (read,) = connection.execute(
            "select seq_scan from pg_stat_user_tables where schemaname = 'register' and relname = 'coding'"
        ).fetchone() or (None,)
    assert read is not None and read < 10
