"""What `ledger.expected_delivery` says of a source's promises, night by night."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ingest.accept import Verdict, accept
from ingest.calendar import BusinessDays, write_promises
from ingest.context import LoadContext
from ingest.take_in import take_in
from tests.extracts import DAY, write_extract
from tests.integration.ingest.test_night import REG, good, query

pytestmark = pytest.mark.integration


def promise(ctx: LoadContext, day: date, ended: bool, days: BusinessDays = BusinessDays()) -> dict[str, str]:  # noqa: B008
    """What the ledger says of the promises of registrations, by month and day, once it has written them down."""
    with ctx.connect() as connection, connection.transaction():
        write_promises(connection, REG, ctx.region, day, days, ended=ended)
    return dict(query(ctx, "select to_char(business_date, 'MM-DD'), status from ledger.expected_delivery order by business_date"))


def promised_night(ctx: LoadContext, day: date) -> dict[str, str]:
    """A night as `warehouse.night` plays it."""
    promise(ctx, day, ended=False)
    loaded = take_in(ctx, REG, day)
    promise(ctx, day, ended=False)
    for number in loaded:
        accept(ctx, REG, number, Verdict())
    return promise(ctx, day, ended=True)


def test_a_promise_is_open_then_kept_or_missing_and_late_when_a_later_night_brings_it(ctx: LoadContext) -> None:
    tuesday, wednesday, thursday = date(2010, 12, 28), date(2010, 12, 29), date(2010, 12, 30)
    write_extract(REG, good(1), Path(ctx.inbox), day=tuesday)
    assert promise(ctx, tuesday, ended=False) == {"12-28": "expected"}
    assert promised_night(ctx, tuesday) == {"12-28": "arrived"}
    assert promised_night(ctx, wednesday) == {"12-28": "arrived", "12-29": "missing"}
    write_extract(REG, good(1), Path(ctx.inbox), day=wednesday)
    write_extract(REG, good(1), Path(ctx.inbox), day=thursday)
    assert promised_night(ctx, thursday) == {"12-28": "arrived", "12-29": "late", "12-30": "arrived"}
    write_extract(REG, good(2), Path(ctx.inbox), day=tuesday, sequence=2)
    assert promised_night(ctx, DAY)["12-28"] == "arrived", "the first sequence was there in time"


def test_what_a_backlog_brings_is_late_but_for_the_nights_own_day(ctx: LoadContext) -> None:
    for day in (date(2009, 9, 30), date(2010, 12, 30), DAY):
        write_extract(REG, good(1), Path(ctx.inbox), day=day)
    states = promised_night(ctx, DAY)
    counted = query(ctx, "select status, count(*) from ledger.expected_delivery group by 1 order by 1")
    # working days: 62 from 30 September to the end of 2009, 250 in 2010
    assert dict(counted) == {"arrived": 1, "late": 2, "missing": 62 + 250 - 3}
    assert (states["12-30"], states["12-31"]) == ("late", "arrived")
    # A promise older than a year comes true after all
    write_extract(REG, good(1), Path(ctx.inbox), day=date(2009, 10, 9))
    promised_night(ctx, DAY)
    assert query(ctx, "select status from ledger.expected_delivery where business_date = '2009-10-09'") == [("late",)]
    assert query(ctx, "select count(*) from ledger.expected_delivery where business_date = '2009-10-01'") == [(0,)]


def test_a_holiday_that_is_told_later_was_never_promised(ctx: LoadContext) -> None:
    write_extract(REG, good(1), Path(ctx.inbox), day=date(2010, 12, 29))
    promised_night(ctx, date(2010, 12, 29))
    assert promised_night(ctx, DAY)["12-30"] == "missing"
    off = BusinessDays(off=frozenset({date(2010, 12, 30)}))
    assert promise(ctx, DAY, ended=True, days=off) == {"12-29": "arrived", "12-31": "missing"}
