"""From a published figure down to the departments' rows: its units, their weights, and the lines they come from.

A unit's weight is the sum of its standing postings in the cell; the weights add up to numerator and denominator exactly.
Ids of persons are pseudonyms.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from ingest.errors import NotReady
from ingest.places import row_places
from ingest.spec import load_spec
from warehouse.figure import Figure, Period, find, parse_breakdown
from warehouse.indicators import Indicator, Part, load_indicator
from warehouse.releases.register import find_release
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

ROWS_PER_DELIVERY = 2**32
PAGE = 100


@dataclass(frozen=True)
class SourceRow:
    """A row of an archived file; `line` is its line, sheet row or record number there."""

    row_id: int
    source: str
    file_name: str
    sha256: str
    line: int | None


@dataclass(frozen=True)
class Unit:
    """A unit that contributes: `unit_id` is PRIPID, pseudonym, or the source's own key."""

    unit_type: str
    unit_id: str
    weight: Decimal
    attributes: dict[str, Any]
    row_ids: tuple[int, ...]
    source_rows: tuple[SourceRow, ...] = field(default=())


@dataclass(frozen=True)
class Side:
    """Numerator or denominator: exact sum over all its units, one page of them, where the next page starts."""

    sum: Decimal
    unit_count: int
    units: tuple[Unit, ...]
    next: int | None


@dataclass(frozen=True)
class Trace:
    """A figure with both sides; `denominator` is None for counts and where the breakdown has none."""

    figure: Figure
    numerator: Side
    denominator: Side | None


def trace(
    settings: Settings,
    name: str,
    period: str,
    *,
    geography: str | None = None,
    breakdown: str | None = None,
    offset: int = 0,
    limit: int | None = PAGE,
    release_id: int | None = None,
) -> Trace:
    """Open one published figure, or with `release_id` the one that a release froze. `limit` None: all units.

    Raises BureauError when the indicator, the period, the figure or the release does not exist.
    """
    indicator, when = load_indicator(name), Period.parse(period)
    with psycopg.connect(conninfo(settings, role="bureau_evaluator")) as connection:
        cell = parse_breakdown(indicator, breakdown)
        figure = find(connection, indicator, when, geography or settings.region, cell, release_id)
        top = _top_build(connection) if release_id is None else find_release(connection, release_id).build_id
        numerator = _side(connection, settings, indicator.numerator, figure, when, top, offset, limit)
        denominator = None
        if indicator.denominator is not None and has_denominator(indicator, figure.breakdown_type):
            denominator = _side(connection, settings, indicator.denominator, figure, when, top, offset, limit)
    return Trace(figure, numerator, denominator)


def has_denominator(indicator: Indicator, breakdown_type: str) -> bool:
    """Whether figures of the breakdown have a denominator of their own or the whole's."""
    part = indicator.denominator
    return part is not None and (part.undivided is None or breakdown_type in part.undivided)


def _top_build(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("select max(build_id) from ledger.build where status = 'published'").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _side(
    connection: psycopg.Connection[Any],
    settings: Settings,
    part: Part,
    figure: Figure,
    period: Period,
    top: int,
    offset: int,
    limit: int | None,
) -> Side:
    """Sum, count and a page of the units of one side."""
    # A denominator that is not divided is the whole geography's, whatever the member.
    whole = part.undivided is not None
    member = ("total", "total") if whole else (figure.breakdown_type, figure.breakdown)
    condition, values = cell_condition(part, figure.geography, member, settings.region, period.years_before(part.lag_years))
    accounts = list(part.accounts)
    rows = connection.execute(
        _UNITS.format(condition=condition, step=step_of(part)),
        {
            "accounts": accounts,
            "signs": [part.accounts[account] for account in accounts],
            "top": top,
            "offset": offset,
            "limit": limit,
            **values,
        },
    ).fetchall()
    total, count = (rows[0][5], rows[0][6]) if rows else (Decimal(0), 0)
    units = [
        Unit(kind, key.replace("\x1f", "/"), weight, attributes, tuple(ids))
        for kind, key, weight, attributes, ids, *_ in rows
        if kind
    ]
    following = offset + len(units)
    found = _locate(connection, settings, (row_id for unit in units for row_id in unit.row_ids))
    opened = tuple(
        Unit(u.unit_type, u.unit_id, u.weight, u.attributes, u.row_ids, tuple(found[r] for r in u.row_ids)) for u in units
    )
    return Side(total, count, opened, following if following < count else None)


# Standing postings first: what was posted and reversed is not there any longer, and leaves no source rows.
_UNITS = sql.SQL(
    """
    with standing as (
        select
            p.unit_type, p.unit_id, p.effective_date, p.geography, p.sector, p.industry, p.founder_groups, p.sex,
            p.birth_year, p.source_rows, p.applies_to, sum(f.sign * p.weight * ({step})) as weight
        from evidence.posting as p
        inner join unnest(%(accounts)s::text [], %(signs)s::integer []) as f (account, sign) on p.account = f.account
        where p.account = any(%(accounts)s) and p.build_id <= %(top)s and {condition}
        group by
            p.account, p.period_grain, p.geo_scope, p.psu, p.unit_type, p.unit_id, p.effective_date, p.until_date, p.geography,
            p.sector, p.industry, p.founder_groups, p.sex, p.birth_year, p.source_rows, p.applies_to
        having sum(f.sign * p.weight * ({step})) <> 0
    ),
    unit as (
        select unit_type, unit_id, sum(weight) as weight from standing
        group by unit_type, unit_id
        having sum(weight) <> 0
    ),
    summed as (
        select coalesce(sum(weight), 0) as total, count(*) as units from unit
    ),
    page as (
        select u.unit_type, k.unit_key, u.unit_id, u.weight
        from unit as u inner join register.unit as k on u.unit_id = k.unit_id
        order by u.weight desc, u.unit_type, k.unit_key collate "C"
        offset %(offset)s limit %(limit)s
    )
    select
        g.unit_type, g.unit_key, g.weight, a.attributes, r.row_ids, s.total, s.units
    from summed as s
    left join page as g on true
    left join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'effective_date', t.effective_date, 'geography', t.geography, 'sector', t.sector, 'industry', t.industry,
            'founder_groups', t.founder_groups, 'sex', t.sex, 'birth_year', t.birth_year
        )) as attributes
        from standing as t
        where t.unit_type = g.unit_type and t.unit_id = g.unit_id
        order by (t.applies_to is null) desc, t.effective_date desc
        limit 1
    ) as a on true
    left join lateral (
        select array_agg(distinct e.row_id order by e.row_id) as row_ids
        from standing as t cross join lateral unnest(t.source_rows) as e (row_id)
        where t.unit_type = g.unit_type and t.unit_id = g.unit_id
    ) as r on true
    order by g.weight desc, g.unit_type, g.unit_key collate "C"
    """
)


def cell_condition(
    part: Part, geography: str, member: tuple[str, str], region: str, period: Period
) -> tuple[sql.Composable, dict[str, Any]]:
    """Which postings count in the cell and the period: the same rule that sums them (macros/formula.sql)."""
    kind, value = member
    conditions = [
        "(p.period_grain is null or p.period_grain = %(grain)s)",
        _WHEN.get(part.accumulation, _IN_PERIOD),
        "(p.applies_to is null or %(kind)s = any(p.applies_to))",
    ]
    if geography == region:
        conditions.append("(p.geo_scope is null or p.geo_scope = 'city')")
    else:
        conditions.append("p.geography = %(geography)s and (p.geo_scope is null or p.geo_scope = 'town')")
    if part.sector:
        conditions.append("p.sector = any(%(only_sectors)s)")
    conditions.append(_MEMBER[kind])
    values = {
        "grain": period.grain,
        "first_day": period.first_day,
        "last_day": period.last_day,
        "year": period.first_day.year,
        "geography": geography,
        "kind": kind,
        "member": value,
        "only_sectors": list(part.sector),
    }
    return sql.SQL(" and ".join(conditions)), values


# A stock holds a posting from its day until before the day that it ends; in a flow both days are events.
_IN_PERIOD = "(p.effective_date between %(first_day)s and %(last_day)s or p.until_date between %(first_day)s and %(last_day)s)"
_WHEN = {
    "stock": "p.effective_date <= %(last_day)s and (p.until_date is null or p.until_date > %(last_day)s)",
    "opening_stock": "p.effective_date < %(first_day)s and (p.until_date is null or p.until_date >= %(first_day)s)",
}
_FLOW_STEP = sql.SQL(
    "(p.effective_date between %(first_day)s and %(last_day)s)::integer"
    " - coalesce((p.until_date between %(first_day)s and %(last_day)s)::integer, 0)"
)
_STEP = {"stock": sql.SQL("1"), "opening_stock": sql.SQL("1")}


def step_of(part: Part) -> sql.Composable:
    """What a posting of the cell counts for: in a flow the end of one that ends counts against it."""
    return _STEP.get(part.accumulation, _FLOW_STEP)


_AGE = "(%(year)s - p.birth_year)"
_MEMBER = {
    "total": "true",
    "sector": "p.sector = %(member)s",
    "industry": "p.industry = %(member)s",
    "founder_group": "%(member)s = any(p.founder_groups)",
    "sex": "coalesce(p.sex, 'unknown') = %(member)s",
    "age_band": (
        f"case when {_AGE} >= 55 then '55+' when {_AGE} >= 45 then '45-54' when {_AGE} >= 35 then '35-44' "
        f"when {_AGE} >= 25 then '25-34' when {_AGE} >= 16 then '16-24' else 'unknown' end = %(member)s"
    ),
}


def _locate(connection: psycopg.Connection[Any], settings: Settings, row_ids: Iterable[int]) -> dict[int, SourceRow]:
    """Delivery, file and line of each row; every file is read once, up to the last row asked for."""
    by_delivery: dict[int, list[int]] = defaultdict(list)
    for row_id in set(row_ids):
        by_delivery[row_id // ROWS_PER_DELIVERY].append(row_id)
    found: dict[int, SourceRow] = {}
    deliveries = connection.execute(
        "select delivery_id, source, region, business_date, file_name, sha256 from ledger.delivery where delivery_id = any(%s)",
        [list(by_delivery)],
    ).fetchall()
    for delivery_id, source, region, day, file_name, sha256 in deliveries:
        numbers = [row_id % ROWS_PER_DELIVERY for row_id in by_delivery[delivery_id]]
        try:
            places = row_places(settings.archive, load_spec(source), sha256, numbers, region, day)
        except NotReady:  # the archive is not on this machine: the row is named all the same, by file and number
            places = {}
        for row_id in by_delivery[delivery_id]:
            place = places.get(row_id % ROWS_PER_DELIVERY)
            found[row_id] = SourceRow(row_id, source, file_name, sha256, place.place if place else None)
    return found
