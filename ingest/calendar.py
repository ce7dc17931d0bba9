"""Which business dates a source promises, and what became of the promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from psycopg import Connection

from ingest.spec import Occasional, QuarterEnd, SourceSpec, Window, WorkingDays

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class BusinessDays:
    """The days on which departments work.

    Monday to Friday without China's public holidays, and the weekend days that are worked in exchange for them, as the State
    Council announces both each year (library `chinese_calendar`); a year that it does not have counts by weekdays alone. A
    place's own days go before: `off` are not worked, `worked` are.
    """

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def are_worked(self, day: date) -> bool:
        """Whether the day is a working day."""
        if day in self.worked or day in self.off:
            return day in self.worked
        from chinese_calendar import is_workday

        try:
            return bool(is_workday(day))
        except NotImplementedError:
            return day.weekday() < 5

    def are_announced(self, year: int) -> bool:
        """Whether the year's public holidays are known, from the library or as the place's own."""
        from chinese_calendar.constants import holidays

        return any(day.year == year for day in (*holidays, *self.off))


def expected(spec: SourceSpec, first: date, up_to: date, days: BusinessDays) -> list[date]:
    """Promised business dates from `first` to `up_to`, both included; of a window it is the last day (a delivery anywhere within
    the window keeps the promise, see `window_of`)."""
    calendar = spec.calendar
    if isinstance(calendar, Occasional):
        return []
    if isinstance(calendar, WorkingDays):
        return [day for day in _days(first, up_to) if days.are_worked(day)]
    if isinstance(calendar, QuarterEnd):
        return [day for day in _days(first, up_to) if (day + _DAY).day == 1 and day.month % 3 == 0]
    ends = (_month_day(year, calendar.end) for year in range(first.year, up_to.year + 1))
    return [end for end in ends if first <= end <= up_to]


def window_of(spec: SourceSpec, promised: date) -> tuple[date, date]:
    """First and last business date that keep the promise of a day."""
    if isinstance(spec.calendar, Window):
        return _month_day(promised.year, spec.calendar.start), promised
    return promised, promised


def write_promises(
    connection: Connection[Any], spec: SourceSpec, region: str, night: date, days: BusinessDays, *, ended: bool
) -> None:
    """Record in `ledger.expected_delivery` what the source has promised up to the night's business date, and what is kept of it.

    Promises begin with the source's first delivery (before it, nothing was promised), the night's own at the latest. A promise
    is due in its own day's night: for an earlier day that is over by now, for the night's own day when it has `ended` without
    it. `arrived` is what was accepted before it was due, `late` what came afterwards, `missing` what is due and not here, and
    `expected` what is not due. To be called before a night accepts anything and again when it has; in a transaction of its own.
    """
    row = connection.execute(
        "select min(business_date) from ledger.delivery where source = %s and region = %s "
        "and status in ('loading', 'accepted', 'replaced') and business_date <= %s",
        [spec.name, region, night],
    ).fetchone()
    promised = expected(spec, (row and row[0]) or night, night, days)
    values = {
        "source": spec.name,
        "region": region,
        "night": night,
        "ended": ended,
        "days": promised,
        "firsts": [window_of(spec, day)[0] for day in promised],
    }
    connection.execute(_WRITE_PROMISES, values)
    connection.execute(
        "delete from ledger.expected_delivery where source = %(source)s and region = %(region)s "
        "and business_date <= %(night)s and business_date <> all(%(days)s::date[])",
        values,
    )


# Also what was replaced was there in time. One statement: ten years of promises are looked at every night.
_WRITE_PROMISES = """
    with promised as (
        select * from unnest(%(days)s::date[], %(firsts)s::date[]) as p (business_date, first)
    ),

    came as (
        select p.business_date, min(d.accepted_at) as at
        from promised as p
        left join ledger.delivery as d
            on d.source = %(source)s and d.region = %(region)s and d.status in ('accepted', 'replaced')
            and d.business_date between p.first and p.business_date
        group by p.business_date
    ),

    due as (
        select
            c.business_date,
            c.at,
            coalesce(
                e.due_by,
                case when c.business_date < %(night)s or (%(ended)s and c.at is null) then clock_timestamp() end
            ) as due_by
        from came as c
        left join ledger.expected_delivery as e
            on e.source = %(source)s and e.region = %(region)s and c.business_date = e.business_date
    ),

    final as (
        select
            business_date,
            due_by,
            case
                when at is not null and at > due_by then 'late'
                when at is not null then 'arrived'
                when due_by is not null then 'missing'
                else 'expected'
            end as status
        from due
    )

    insert into ledger.expected_delivery as e (source, region, business_date, due_by, status)
    select %(source)s, %(region)s, business_date, due_by, status from final
    on conflict (source, region, business_date) do update set due_by = excluded.due_by, status = excluded.status
    where (e.due_by, e.status) is distinct from (excluded.due_by, excluded.status)
"""


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
