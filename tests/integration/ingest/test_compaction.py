"""A closed month's deliveries in one table: the same rows, the same ledger, fewer tables."""

from __future__ import annotations

import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest.compaction import closed_before, compact
from ingest.context import LoadContext
from tests.extracts import REGION, write_extract
from tests.integration.ingest.test_night import REG, good, night, query
from warehouse.services import postgres
from warehouse.settings import Settings

pytestmark = pytest.mark.integration
K = date(2010, 12, 31)
BEFORE = date(2010, 11, 1)


def deliver(ctx: LoadContext, day: date, *keys: str, sequence: int = 1, wrong: tuple[str, ...] = (), kind: str = "delta") -> None:
    rows = [good(1, first=int(key))[0] for key in keys]
    rows += [good(1, first=int(key))[0] | {"LEREPCERNO": "x"} for key in wrong]
    write_extract(REG, rows, Path(str(ctx.inbox)), day, sequence, kind=kind)
    night(ctx, REG, K)


def compacted(server: Settings, before: date = BEFORE) -> int:
    with psycopg.connect(postgres.conninfo(server), autocommit=True) as connection:
        return compact(connection, REG, REGION, before)


def tables(ctx: LoadContext) -> list[str]:
    found = query(ctx, "select tablename from pg_tables where schemaname = 'raw' and tablename ~ '^registrations__' order by 1")
    return [row[0] for row in found]


def everything(ctx: LoadContext) -> list[list[tuple[Any, ...]]]:
    return [
        query(ctx, "select * from raw.registrations order by row_id"),
        query(ctx, "select * from quarantine.registrations order by row_id"),
        query(ctx, "select * from ledger.delivery order by delivery_id"),
    ]


def two_months(ctx: LoadContext) -> None:
    """September: three deliveries, one of them replaced, one with a row put aside; November: two."""
    deliver(ctx, date(2010, 9, 2), "1", "2", wrong=("3",))
    deliver(ctx, date(2010, 9, 1), "4")
    deliver(ctx, date(2010, 9, 1), "4", "5", sequence=2)
    deliver(ctx, date(2010, 11, 1), "6")
    deliver(ctx, date(2010, 11, 2), "6", "7")


def test_the_month_of_a_night_and_the_last_closed_ones_stay_apart() -> None:
    assert closed_before(date(2010, 12, 31), 2) == date(2010, 10, 1)
    assert closed_before(date(2011, 1, 1), 2) == date(2010, 11, 1)
    assert closed_before(date(2011, 1, 1), 0) == date(2011, 1, 1)
    assert closed_before(date(2011, 1, 1), 13) == date(2009, 12, 1)


def test_a_compacted_month_is_one_table_with_the_same_rows_in_order(ctx: LoadContext, server: Settings) -> None:
    two_months(ctx)
    before = everything(ctx)
    assert compacted(server) == 1 and compacted(server) == 0
    assert everything(ctx) == before and len(before[0]) == 8
    assert tables(ctx) == ["registrations__d4", "registrations__d5", "registrations__m201009"]
    stored = [row[0] for row in query(ctx, "select row_id from raw.registrations__m201009")]
    assert stored == sorted(stored) and {number >> 32 for number in stored} == {1, 2, 3}
    bound = query(ctx, "select pg_get_expr(relpartbound, oid) from pg_class where relname = 'registrations__m201009'")
    assert bound == [("FOR VALUES IN (1, 2, 3)",)]
    defaults = query(
        ctx, "select count(*) from pg_constraint where conrelid = 'raw.registrations__m201009'::regclass and contype = 'c'"
    )
    assert defaults == [(0,)]
    owner = query(ctx, "select tableowner from pg_tables where tablename = 'registrations__m201009'")
    assert owner == [("bureau_loader",)], "it attaches and drops the next time"


def test_a_delivery_of_a_compacted_month_may_come_and_be_replaced(ctx: LoadContext, server: Settings) -> None:
    """The row that was put aside is settled by its correction, and the month's table takes in what came late."""
    two_months(ctx)
    assert compacted(server) == 1
    deliver(ctx, date(2010, 9, 2), "1", "3", sequence=2)
    deliver(ctx, date(2010, 9, 3), "8")
    standing = query(ctx, "select delivery_id, status from ledger.delivery order by 1")
    assert standing == [
        (1, "replaced"),
        (2, "replaced"),
        (3, "accepted"),
        (4, "accepted"),
        (5, "accepted"),
        (6, "accepted"),
        (7, "accepted"),
    ]
    assert query(ctx, "select row_id, settled_by from quarantine.registrations") == [((1 << 32) + 3, 6)]
    before = everything(ctx)
    assert compacted(server) == 1
    assert everything(ctx) == before
    assert tables(ctx) == ["registrations__d4", "registrations__d5", "registrations__m201009"]


def test_an_earlier_row_is_settled_by_a_delivery_in_a_compacted_month(ctx: LoadContext, server: Settings) -> None:
    two_months(ctx)
    assert compacted(server) == 1
    deliver(ctx, date(2010, 8, 31), wrong=("1",))
    assert query(ctx, "select settled_by from quarantine.registrations where delivery_id = 6") == [(1,)]


def test_who_reads_is_not_waited_for_long(ctx: LoadContext, server: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.compaction._PATIENCE", "50ms")
    two_months(ctx)
    before, there = everything(ctx), tables(ctx)
    with psycopg.connect(postgres.conninfo(server, role="bureau_evaluator")) as reader:
        reader.execute("select count(*) from raw.registrations")
        assert compacted(server) == 0
        assert (everything(ctx), tables(ctx)) == (before, there)
    assert compacted(server) == 1


def test_killed_inside_it_leaves_the_month_whole(ctx: LoadContext, server: Settings) -> None:
    """The server's process is ended when everything is copied, while it waits for a reader."""
    two_months(ctx)
    before, there = everything(ctx), tables(ctx)
    raised: list[BaseException] = []

    def run() -> None:
        try:
            compacted(server)
        except psycopg.Error as error:
            raised.append(error)

    with (
        psycopg.connect(postgres.conninfo(server)) as reader,
        psycopg.connect(postgres.conninfo(server), autocommit=True) as killer,
    ):
        reader.execute("select count(*) from raw.registrations")
        thread = threading.Thread(target=run)
        thread.start()
        deadline = time.monotonic() + 4
        killed = None
        while killed is None and time.monotonic() < deadline:
            time.sleep(0.02)
            killed = killer.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where wait_event_type = 'Lock' and query like 'drop table%'"
            ).fetchone()
        thread.join()
    assert killed == (True,) and len(raised) == 1
    assert (everything(ctx), tables(ctx)) == (before, there)
    assert compacted(server) == 1
    assert everything(ctx) == before


def test_after_a_year_there_are_few_tables(ctx: LoadContext, server: Settings) -> None:
    """Four deliveries a month for fourteen months, compacted at the end of each as the nights would."""
    for month in range(14):
        year, number = 2009 + (10 + month) // 12, (10 + month) % 12 + 1
        for day in (2, 9, 16, 23):
            write_extract(REG, good(1, first=100 * month + day), Path(str(ctx.inbox)), date(year, number, day), kind="delta")
        night(ctx, REG, date(year, number, 28))
        compacted(server, closed_before(date(year, number, 28), 2))
    assert len(tables(ctx)) == 11 + 3 * 4
    assert query(ctx, "select count(*), count(distinct delivery_id) from raw.registrations") == [(56, 56)]


def test_rows_that_the_ledger_does_not_know_stop_it(ctx: LoadContext, server: Settings) -> None:
    from ingest.errors import NotReady

    two_months(ctx)
    with ctx.connect() as connection:
        connection.execute("delete from raw.registrations__d1 where row_id = %s", [(1 << 32) + 1])
    there = tables(ctx)
    with pytest.raises(NotReady, match="2010-09: 4 rows stand, the ledger says 5"):
        compacted(server)
    assert tables(ctx) == there
