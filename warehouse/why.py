"""Why a figure changed between two builds: its difference, split by cause, to the last digit.

Every posting between the two builds belongs to a unit, and says which deliveries made the build look at that unit. The units'
differences are put together by cause and applied in one written order; a cause's part of the value is the change that it makes on
top of those before it, so the parts add up whatever the formula.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from warehouse.errors import BureauError
from warehouse.figure import Figure, Period, parse_breakdown
from warehouse.indicators import Indicator, Part, load_indicator
from warehouse.releases.register import find_release
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings
from warehouse.trace import cell_condition, has_denominator, step_of

# The order in which causes are applied.
ORDER = (
    "redelivery", "purge", "cancellation", "correction", "late_row", "new_row", "time", "definition", "boundary", "unexplained",
)  # fmt: skip


@dataclass(frozen=True)
class Vintage:
    """One side of the comparison: a build, and the release that showed it, if one was named."""

    build_id: int
    business_date: Any
    release_id: int | None


@dataclass(frozen=True)
class Cause:
    """What one cause did: units, numerator and denominator (unscaled), and the value on top of the causes before it; `delivery`
    is the file that brought it, with its department."""

    cause: str
    department: str | None
    delivery: str | None
    units: int
    numerator: Decimal
    denominator: Decimal
    value: Decimal | None


@dataclass(frozen=True)
class Why:
    """Old and new figure and the causes in order; the parts' numerators, denominators and values add up to the difference."""

    indicator: str
    period: str
    geography: str
    breakdown_type: str
    breakdown: str
    old: Figure
    new: Figure
    causes: tuple[Cause, ...]


def why(
    settings: Settings, name: str, period: str, old: Vintage, new: Vintage, *, geography: str | None, breakdown: str | None
) -> Why:
    """Compare one figure at two builds. Raises BureauError when one of them does not have it."""
    indicator, when = load_indicator(name), Period.parse(period)
    cell = parse_breakdown(indicator, breakdown)
    place = geography or settings.region
    with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as connection:
        before, old_vintage = _figure_at(connection, indicator, when, place, cell, old.build_id)
        after, new_vintage = _figure_at(connection, indicator, when, place, cell, new.build_id)
        moved = _moved(connection, settings, indicator, when, after, old, new)
    rest = "definition" if before.method_version != after.method_version else "unexplained"
    if old_vintage != new_vintage:
        rest = "boundary"
    return Why(name, period, place, *cell, before, after, tuple(_parts(indicator, before, after, moved, rest)))


def vintage(settings: Settings, text: str) -> Vintage:
    """`R3` or `3` is release 3, `B7` build 7. Raises BureauError("why.bad_vintage")."""
    kind, digits = ("B", text[1:]) if text[:1] in "Bb" else ("R", text[1:] if text[:1] in "Rr" else text)
    if not digits.isdigit():
        raise BureauError("why.bad_vintage", given=text)
    with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as connection:
        release = find_release(connection, int(digits)) if kind == "R" else None
        row = connection.execute(
            "select build_id, business_date from ledger.build where build_id = %s and status = 'published'",
            [release.build_id if release else int(digits)],
        ).fetchone()
    if row is None:
        raise BureauError("why.bad_vintage", given=text)
    return Vintage(row[0], row[1], release.release_id if release else None)


def _figure_at(
    connection: psycopg.Connection[Any], indicator: Indicator, when: Period, place: str, cell: tuple[str, str], build_id: int
) -> tuple[Figure, str]:
    row = connection.execute(
        """
        select v.method_version, v.value, v.numerator, v.denominator, v.unit_count, v.availability, v.build_id,
            v.geography_vintage
        from evidence.indicator_value as v
        inner join ledger.build as b on v.build_id = b.build_id and b.status = 'published'
        where v.indicator = %s and v.period = %s and v.geography = %s and v.breakdown_type = %s and v.breakdown = %s
            and v.build_id <= %s
        order by v.build_id desc, v.method_version desc limit 1
        """,
        [indicator.indicator, when.label, place, *cell, build_id],
    ).fetchone()
    if row is None:
        raise BureauError("why.not_yet", indicator=indicator.indicator, period=when.label, build=build_id)
    return Figure(indicator.indicator, row[0], when.label, place, *cell, *row[1:7]), row[7]


@dataclass
class _Moved:
    """What the units of one cause and delivery did to both sides."""

    units: set[tuple[str, int]]
    sides: dict[str, Decimal]


_Key = tuple[str, str | None, str | None]


def _moved(
    connection: psycopg.Connection[Any],
    settings: Settings,
    indicator: Indicator,
    when: Period,
    figure: Figure,
    old: Vintage,
    new: Vintage,
) -> dict[_Key, _Moved]:
    found: dict[_Key, _Moved] = {}
    for side, part in (("numerator", indicator.numerator), ("denominator", indicator.denominator)):
        if part is None or (side == "denominator" and not has_denominator(indicator, figure.breakdown_type)):
            continue
        for kind, unit, weight, *key in _units(connection, settings, part, when, figure, old, new):
            one = found.setdefault((key[0], key[1], key[2]), _Moved(set(), {"numerator": Decimal(0), "denominator": Decimal(0)}))
            one.units.add((kind, unit))
            one.sides[side] += weight
    return found


def _units(
    connection: psycopg.Connection[Any],
    settings: Settings,
    part: Part,
    when: Period,
    figure: Figure,
    old: Vintage,
    new: Vintage,
) -> list[tuple[Any, ...]]:
    """Units whose weight in the cell moved: type, number, by how much, cause, department, file."""
    member = ("total", "total") if part.undivided is not None else (figure.breakdown_type, figure.breakdown)
    condition, values = cell_condition(part, figure.geography, member, settings.region, when.years_before(part.lag_years))
    accounts = list(part.accounts)
    return connection.execute(
        _MOVED.format(condition=condition, step=step_of(part)),
        {
            "accounts": accounts,
            "signs": [part.accounts[account] for account in accounts],
            "old": old.build_id,
            "new": new.build_id,
            "old_day": old.business_date,
            **values,
        },
    ).fetchall()


# The delivery that caused a unit's change is the newest among those that made the build look at it; one that took an earlier
# one's place is a redelivery, whatever it says.
_MOVED = sql.SQL(
    """
    with moved as (
        select p.unit_type, p.unit_id, sum(f.sign * p.weight * ({step})) as weight
        from evidence.posting as p
        inner join unnest(%(accounts)s::text [], %(signs)s::integer []) as f (account, sign) on p.account = f.account
        where p.account = any(%(accounts)s) and p.build_id > %(old)s and p.build_id <= %(new)s and {condition}
        group by p.unit_type, p.unit_id
        having sum(f.sign * p.weight * ({step})) <> 0
    ),
    left_fold as (
        select i.delivery_id, d.source, d.business_date from ledger.build_input as i
        inner join ledger.delivery as d on i.delivery_id = d.delivery_id
        where i.build_id = %(old)s
            and not exists (select 1 from ledger.build_input as n where n.build_id = %(new)s and n.delivery_id = i.delivery_id)
    ),
    said as (
        select
            m.unit_type, m.unit_id, m.weight,
            bool_or(p.account = 'entity.purge' and p.weight > 0 and p.build_id > %(old)s) as is_purge,
            bool_or(p.account = 'entity.exit' and p.weight > 0 and p.build_id > %(old)s) as is_exit,
            bool_or(p.build_id <= %(old)s) as was_there
        from moved as m
        inner join evidence.posting as p on m.unit_type = p.unit_type and m.unit_id = p.unit_id and p.build_id <= %(new)s
        group by m.unit_type, m.unit_id, m.weight
    ),
    brought as (
        select
            s.unit_type, s.unit_id, d.delivery_id, d.department, d.file_name, d.business_date,
            bool_or(r.delivery_id is not null) over (partition by s.unit_type, s.unit_id) as is_redelivery,
            row_number() over (
                partition by s.unit_type, s.unit_id
                order by d.business_date desc, d.sequence desc, d.delivery_id desc
            ) as place
        from (
            select distinct m.unit_type, m.unit_id, c.delivery_id
            from moved as m
            inner join evidence.posting as p
                on m.unit_type = p.unit_type and m.unit_id = p.unit_id and p.build_id > %(old)s and p.build_id <= %(new)s
            cross join lateral unnest(p.caused_by) as c (delivery_id)
        ) as s
        inner join ledger.delivery as d on s.delivery_id = d.delivery_id
        left join left_fold as r
            on r.delivery_id = d.delivery_id or (r.source = d.source and r.business_date = d.business_date)
    )
    select
        s.unit_type, s.unit_id, s.weight,
        case
            when b.delivery_id is null then 'time'
            when b.is_redelivery then 'redelivery'
            when s.is_purge then 'purge'
            when s.is_exit then 'cancellation'
            when s.was_there then 'correction'
            when b.business_date <= %(old_day)s then 'late_row'
            else 'new_row'
        end as cause,
        b.department, b.file_name
    from said as s
    left join brought as b on s.unit_type = b.unit_type and s.unit_id = b.unit_id and b.place = 1
    """
)


def _parts(indicator: Indicator, old: Figure, new: Figure, moved: dict[_Key, _Moved], rest: str) -> list[Cause]:
    """The causes in order, each with what it adds to the value; what the postings do not say is `rest`."""
    numerator, denominator = old.numerator or Decimal(0), old.denominator or Decimal(0)
    left = [
        (new.numerator or Decimal(0)) - numerator - sum(one.sides["numerator"] for one in moved.values()),
        (new.denominator or Decimal(0)) - denominator - sum(one.sides["denominator"] for one in moved.values()),
    ]
    if any(left):
        moved = {**moved, (rest, None, None): _Moved(set(), {"numerator": left[0], "denominator": left[1]})}
    has_parts = indicator.denominator is not None
    found, before = [], old.value
    ordered = sorted(moved.items(), key=lambda item: (ORDER.index(item[0][0]), item[0][1] or "", item[0][2] or ""))
    for place, ((cause, department, delivery), one) in enumerate(ordered, start=1):
        numerator, denominator = numerator + one.sides["numerator"], denominator + one.sides["denominator"]
        # The last step ends at the figure as it was shown
        after = new.value if place == len(ordered) else _value(indicator, numerator, denominator if has_parts else None)
        part = None if after is None or before is None else after - before
        found.append(Cause(cause, department, delivery, len(one.units), one.sides["numerator"], one.sides["denominator"], part))
        before = after
    return found


def _value(indicator: Indicator, numerator: Decimal, denominator: Decimal | None) -> Decimal | None:
    from decimal import ROUND_HALF_UP, localcontext

    with localcontext() as context:
        context.prec, context.rounding = 60, ROUND_HALF_UP
        if denominator is None:
            return round(numerator * indicator.scale, 12)
        return None if denominator == 0 else round(numerator * indicator.scale / denominator, 12)
