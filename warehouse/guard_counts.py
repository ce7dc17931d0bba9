"""What the guard counts: for each rule how many cells, or groups of cells, were looked at and how many break it.

Only what a build wrote is looked at, beside what is published for the cells that it left alone: a night costs what changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from warehouse.build_digest import CELL
from warehouse.indicators import Indicator, Part, load_indicators
from warehouse.settings import Settings

Connection = psycopg.Connection[tuple[Any, ...]]

_Identities = list[tuple[str, dict[str, int], dict[str, int]]]
_NET: _Identities = [("net", {"ENT_NET": 1, "ENT_NEW": -1, "ENT_MIG": -1, "ENT_EXIT": 1, "ENT_PURGE": 1}, {})]
_STOCKS: _Identities = [
    *((f"ENT_STK{of}", {f"ENT_STK{of}": 1, f"ENT_NET{of}": -1}, {f"ENT_STK{of}": -1}) for of in ("", "_PRIV", "_IND")),
    ("churn", {"ENT_CHURN": 1, "ENT_BIRTH_RATE": -1, "ENT_DEATH_RATE": -1}, {}),
]
"""Identities of numerators: a name, what is added up of the period, and of the period before it."""
_PARTS_OF_A_WHOLE = (
    "SURV_", "HAZ_", "ENT_BIRTH_RATE", "ENT_DEATH_RATE", "JOB_CONTR", "GRW_SHARE", "SAT_", "ACT_TEA", "ACT_SVY", "ACT_INTENT",
    "ACT_OPP_SHARE", "TRN_PASS", "TRN_SUCC",
)  # fmt: skip
"""Figures of 0 to 100 by their formula: the units of the numerator are among those of the denominator, under the same attributes,
and weights are positive (a rule of the spec). A growth rate, churn (a unit may be born and die), or what a department's error may
carry past 100 (more repaid than lent is only warned of) is not among them."""
ONE_TOWN = ("entity.", "activity.", "survival.", "tax.", "loan.", "survey.")
"""Accounts of units that belong to one town, without postings for the city alone: their sums add up over towns. Persons may be
in two."""

# Over many cells that nobody has analysed yet: hashing, and memory to do it in, as dbt's bulk_work has it
_BULK = """
    set local enable_nestloop = off; set local enable_mergejoin = off; set local enable_sort = off; set local jit = off;
    set local work_mem = '128MB'
"""
_GROUP = "indicator, method_version, period, breakdown_type, breakdown"
_PLACE = "place as materialized (select unnest(geographies) as geography from ledger.build where build_id = %(build)s)"
# What the terms of an identity come to is nothing, wherever one of them was written: in a period, its place and member
_IDENTITY = f"""
    with term as (
        select * from jsonb_to_recordset(%(terms)s) as t (identity text, indicator text, sign integer, of_before boolean)
    ),
    step as (
        select p.period, n.period as next_period from evidence.period as p
        left join evidence.period as n on p.period_grain = n.period_grain and p.last_day + 1 = n.first_day
    ),
    written as materialized (
        select {CELL}, numerator from evidence.indicator_value
        where build_id = %(build)s and indicator in (select indicator from term)
    ),
    instance as (
        select distinct
            t.identity, case when t.of_before then s.next_period else w.period end as period,
            w.method_version, w.geography, w.breakdown_type, w.breakdown
        from written as w inner join term as t using (indicator) inner join step as s using (period)
    ),
    wanted as (
        select i.identity, i.period as of_period, s.period, t.indicator, t.sign, i.method_version, i.geography, i.breakdown_type,
            i.breakdown
        from instance as i
        inner join term as t using (identity)
        inner join step as s on case when t.of_before then s.next_period else s.period end = i.period
    ),
    gap as (
        select sum(d.sign * coalesce(w.numerator, c.numerator)) as gap
        from wanted as d
        left join written as w using ({CELL})
        left join evidence.indicator_value_current as c using ({CELL})
        group by d.identity, d.of_period, d.method_version, d.geography, d.breakdown_type, d.breakdown
        having count(coalesce(w.numerator, c.numerator)) = (select count(*) from term as t where t.identity = d.identity)
    )
    select count(*), count(*) filter (where gap <> 0) from gap
"""
# The city is the sum of its towns, 乡镇不详 included
_CITY_IS_TOWNS = f"""
    with {_PLACE},
    written as materialized (
        select {CELL}, numerator, denominator from evidence.indicator_value
        where build_id = %(build)s and indicator = any(%(of)s)
    ),
    groups as (select distinct {_GROUP} from written),
    published as (
        select {CELL}, c.numerator, c.denominator from evidence.indicator_value_current as c
        inner join groups using ({_GROUP})
    ),
    now_known as (
        select
            {CELL}, case when w.indicator is null then p.numerator else w.numerator end as numerator,
            case when w.indicator is null then p.denominator else w.denominator end as denominator
        from written as w full join published as p using ({CELL})
        inner join place using (geography)
    ),
    gap as (
        select
            coalesce(sum(numerator * s.sign) filter (where indicator = any(%(numerators)s)), 0) as numerator,
            coalesce(sum(denominator * s.sign) filter (where indicator = any(%(denominators)s)), 0) as denominator
        from now_known
        cross join lateral (select case when geography = %(region)s then 1 else -1 end as sign) as s
        group by {_GROUP}
    )
    select count(*), count(*) filter (where numerator <> 0 or denominator <> 0) from gap
"""
# A period that opens, and an indicator that is new, has every place and every member of its breakdowns; a town that is new has
# every period
_UNIVERSE = f"""
    with {_PLACE},
    definition as (
        select * from jsonb_to_recordset(%(definitions)s)
            as d (indicator text, method_version text, grains text [], members text [])
    ),
    opened as (
        select d.indicator, d.method_version, p.period, d.members, not exists (
            select from evidence.indicator_value_current as c
            where c.indicator = d.indicator and c.method_version = d.method_version and c.period = p.period
        ) as is_new
        from definition as d inner join evidence.period as p on p.period_grain = any(d.grains)
    ),
    new_place as (
        select p.geography, not exists (
            select from evidence.indicator_value_current as c where c.geography = p.geography
        ) as is_new
        from place as p
    ),
    expected as (
        select o.indicator, o.method_version, o.period, l.geography, (
            select count(*) from evidence.member as e
            where e.breakdown_type || '=*' = any(o.members) or e.breakdown_type || '=' || e.breakdown = any(o.members)
        ) as cells
        from opened as o inner join new_place as l on o.is_new or l.is_new
    ),
    written as (
        select indicator, method_version, period, geography, count(*) as cells
        from evidence.indicator_value where build_id = %(build)s
        group by 1, 2, 3, 4
    )
    select count(*), count(*) filter (where coalesce(w.cells, 0) <> e.cells)
    from expected as e left join written as w using (indicator, method_version, period, geography)
"""
_SHARE_RANGE = """
    select count(*), count(*) filter (where value < 0 or value > 100)
    from evidence.indicator_value where build_id = %(build)s and indicator = any(%(of)s) and value is not null
"""
# What was published, and what the postings since then bring, is what comes: in every total, and also where nothing was written.
# A posting counts when it has a cause: a delivery that one build since then has and another has not, or a row coded otherwise.
# None have open spells that enter a new year, and every unit when towns change; another project may work out anything anew.
_JUMP = f"""
    with {_PLACE},
    since as (
        select * from ledger.build where build_id between %(published)s and %(build)s and status <> 'proof'
    ),
    used as (select i.delivery_id, i.build_id from ledger.build_input as i inner join since using (build_id)),
    cause as (
        select delivery_id from used group by delivery_id having count(*) < (select count(*) from since)
        union
        select (row_id >> 32)::integer from register.coding where build_id > %(published)s and build_id <= %(build)s
    ),
    night as (
        select
            count(distinct row(code_commit, spec_hash)) > 1 as is_of_another_project,
            count(distinct extract(year from business_date)) > 1 or exists (
                select from register.town_in_force
                where build_id >= %(published)s group by town having count(distinct counted_as) > 1
            ) as needs_no_cause
        from since
    ),
    fresh as (
        select
            p.account, p.sector, coalesce(p.period_grain, '') as grain, counted.geography,
            date_trunc('month', e.day)::date as month, sum(e.amount) as amount
        from evidence.posting as p
        cross join lateral (values (p.effective_date, p.weight), (p.until_date, -p.weight)) as e (day, amount)
        cross join lateral (
            select p.geography where p.geo_scope is null or p.geo_scope = 'town'
            union all
            select %(region)s where p.geo_scope is null or p.geo_scope = 'city'
        ) as counted (geography)
        cross join night as n
        where
            p.build_id > %(published)s and p.build_id <= %(build)s
            and (
                n.is_of_another_project
                or p.caused_by && array(select delivery_id from cause)
                or (n.needs_no_cause and p.caused_by = '{{}}')
            )
            and e.day is not null and (p.applies_to is null or 'total' = any(p.applies_to))
        group by 1, 2, 3, 4, 5
    ),
    brought as (
        select
            f.indicator, f.method_version, f.part, f.accumulation, r.grain, r.geography,
            (r.month + make_interval(years => f.lag_years))::date as month, sum(f.sign * r.amount) as amount
        from evidence.indicator_formula as f
        inner join fresh as r using (account)
        where f.only_sectors is null or r.sector = any(f.only_sectors)
        group by 1, 2, 3, 4, 5, 6, 7
    ),
    explained as (
        select
            b.indicator, b.method_version, p.period, b.geography,
            coalesce(sum(b.amount) filter (where b.part = 'numerator'), 0) as numerator,
            coalesce(sum(b.amount) filter (where b.part = 'denominator'), 0) as denominator
        from brought as b
        inner join evidence.period as p
            on b.grain in ('', p.period_grain)
            and case b.accumulation
                when 'stock' then b.month <= p.last_day
                when 'opening_stock' then b.month < p.first_day
                else b.month between p.first_day and p.last_day
            end
        group by 1, 2, 3, 4
    ),
    written as (
        select indicator, method_version, period, geography, numerator, coalesce(denominator, 0) as denominator
        from evidence.indicator_value where build_id = %(build)s and breakdown_type = 'total'
    ),
    looked_at as (
        select
            c.numerator + coalesce(e.numerator, 0) as numerator,
            coalesce(c.denominator, 0) + coalesce(e.denominator, 0) as denominator,
            case when w.indicator is null then c.numerator else w.numerator end as numerator_now,
            case when w.indicator is null then coalesce(c.denominator, 0) else w.denominator end as denominator_now
        from explained as e
        full join written as w using (indicator, method_version, period, geography)
        inner join evidence.indicator_value_current as c using (indicator, method_version, period, geography)
        inner join place using (geography)
        where c.breakdown_type = 'total'
    )
    select count(*), count(*) filter (where (numerator, denominator) is distinct from (numerator_now, denominator_now))
    from looked_at
"""


@dataclass(frozen=True)
class Counts:
    """Cells, or groups of cells, that a rule looked at, and those that break it."""

    rule: str
    checked: int
    failed: int


def counts(settings: Settings, connection: Connection, build_id: int) -> Iterator[Counts]:
    """Count by every rule over the cells of the build at work; `connection` reads evidence and the ledger."""
    known = load_indicators()
    numerators = [name for name, one in known.items() if _adds_up(one.numerator)]
    denominators = [name for name, one in known.items() if one.denominator is not None and _adds_up(one.denominator)]
    published = connection.execute("select coalesce(max(build_id), 0) from ledger.build where status = 'published'").fetchone()
    asked: dict[str, tuple[str, dict[str, object]]] = {
        "net_identity": (_IDENTITY, {"terms": _terms(_NET, known)}),
        "stock_identity": (_IDENTITY, {"terms": _terms(_STOCKS, known)}),
        "universe": (_UNIVERSE, {"definitions": Jsonb([_definition(one) for one in known.values()])}),
        "city_is_towns": (
            _CITY_IS_TOWNS,
            {"of": sorted({*numerators, *denominators}), "numerators": numerators, "denominators": denominators},
        ),
        "share_range": (_SHARE_RANGE, {"of": [name for name in known if name.startswith(_PARTS_OF_A_WHOLE)]}),
        "jump": (_JUMP, {"published": published and published[0]}),
    }
    for rule, (statement, values) in asked.items():
        if rule == "jump" and not (published and published[0]):
            yield Counts(rule, 0, 0)  # nothing to jump from
            continue
        with connection.transaction():
            connection.execute(_BULK)
            row = connection.execute(statement.encode(), {**values, "build": build_id, "region": settings.region}).fetchone()
        assert row is not None
        yield Counts(rule, row[0], row[1])


def _terms(identities: _Identities, known: dict[str, Indicator]) -> Jsonb:
    """The identities whose indicators all are there, term by term."""
    return Jsonb(
        [
            {"identity": identity, "indicator": indicator, "sign": sign, "of_before": of_before}
            for identity, now, before in identities
            if {*now, *before} <= known.keys()
            for terms, of_before in ((now, False), (before, True))
            for indicator, sign in terms.items()
        ]
    )


def _adds_up(part: Part) -> bool:
    return part.undivided is None and all(account.startswith(ONE_TOWN) for account in part.accounts)


def _definition(one: Indicator) -> dict[str, object]:
    """Its periods and the members that each geography has a row of: `type=member`, or `type=*` for all."""
    members = ["total=total"]
    for name in one.breakdowns:
        members += [f"sector={sector}" for sector in one.sectors] if name == "sector" else [f"{name}=*"]
    return {
        "indicator": one.indicator,
        "method_version": one.method_version,
        "grains": list(one.periods),
        "members": members,
    }
