"""Which business dates a source promises, and what became of the promises."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from typing import Any, Literal

from psycopg import Connection

from ingest.spec import QuarterEnd, SourceSpec, Window, WorkingDays

_DAY = timedelta(days=1)


def expected(spec: SourceSpec, first: date, up_to: date, holidays: Collection[date] = ()) -> list[date]:
    """Promised business dates from `first` to `up_to`, both included.

    Working days are Monday to Friday without `holidays`; of a window it is the last day (a delivery anywhere within the window
    keeps the promise, see `window_of`).
    """
    calendar = spec.calendar
    if isinstance(calendar, WorkingDays):
        return [day for day in _days(first, up_to) if day.weekday() < 5 and day not in holidays]
    if isinstance(calendar, QuarterEnd):
        return [day for day in _days(first, up_to) if (day + _DAY).day == 1 and day.month % 3 == 0]
    ends = (_month_day(year, calendar.end) for year in range(first.year, up_to.year + 1))
    return [end for end in ends if first <= end <= up_to]


def window_of(spec: SourceSpec, promised: date) -> tuple[date, date]:
    """First and last business date that keep the promise of a day."""
    if isinstance(spec.calendar, Window):
        return _month_day(promised.year, spec.calendar.start), promised
    return promised, promised


def write_expected(
    connection: Connection[Any], spec: SourceSpec, region: str, promised: list[date], due_by: dict[date, datetime]
) -> None:
    """Record promises in `ledger.expected_delivery` with their state now: `arrived` when an accepted delivery keeps it, `late`
    when that came after `due_by`, `missing` when `due_by` is over without one, else `expected`. Runs in the caller's
    transaction."""
    now = connection.execute("select now()").fetchone()
    assert now is not None
    for day in promised:
        start, end = window_of(spec, day)
        row = connection.execute(
            "select min(accepted_at) from ledger.delivery where source = %s and region = %s "
            "and business_date between %s and %s and status = 'accepted'",
            [spec.name, region, start, end],
        ).fetchone()
        state = _state(row[0] if row else None, due_by.get(day), now[0])
        connection.execute(
            "insert into ledger.expected_delivery (source, region, business_date, due_by, status) values (%s, %s, %s, %s, %s) "
            "on conflict (source, region, business_date) do update set due_by = excluded.due_by, status = excluded.status",
            [spec.name, region, day, due_by.get(day), state],
        )


def _state(came: datetime | None, due: datetime | None, now: datetime) -> Literal["expected", "arrived", "late", "missing"]:
    if came is not None:
        return "late" if due is not None and came > due else "arrived"
    return "missing" if due is not None and now > due else "expected"


def _days(first: date, up_to: date) -> Iterator[date]:
    day = first
    while day <= up_to:
        yield day
        day += _DAY


def _month_day(year: int, month_day: str) -> date:
    month, day = map(int, month_day.split("-"))
    if (month, day) == (2, 29):
        return date(year, 3, 1) - _DAY
    return date(year, month, day)
