"""The second checkpoint: figures that cannot be right are not shown, and what was shown before stays in sight.

Four statements count over the cells that the build wrote, with what is published beside them; Great Expectations judges the
counts (`expectations.judge_counts`), which stay in `ledger.build_check`.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from warehouse.errors import BureauError
from warehouse.indicators import Indicator, load_indicators
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

Connection = psycopg.Connection[tuple[Any, ...]]
RULES = ("net_identity", "universe", "city_is_towns", "share_range", "jump")
TABLE = "build_guard"
_PARTS_OF_A_WHOLE = ("SURV_", "HAZ_", "JOB_CONTR", "SAT_SHARE", "ACT_TEA", "ACT_SVY", "ACT_INTENT", "ACT_OPP_SHARE", "TRN_PASS")
"""Shares whose numerator is part of the denominator by their formula; a growth rate, or what a department's error may carry past
100 (more repaid than lent is only warned of), is not among them."""
_IN_ONE_TOWN = ("entity.", "loan.")
"""Accounts of units that belong to one town: their sums add up over towns. Persons may be in two."""
_SAME = "indicator, method_version, period, geography, breakdown_type, breakdown"
_NOW = f"""
    written as (
        select {_SAME}, value, numerator from evidence.indicator_value
        where build_id = %(build)s and indicator = any(%(of)s)
    ),
    groups as (select distinct indicator, method_version, period, breakdown_type, breakdown from written),
    now_known as (
        select {_SAME}, coalesce(w.numerator, p.numerator) as numerator
        from written as w
        full join (
            select {_SAME}, c.numerator from evidence.indicator_value_current as c
            inner join groups as g using (indicator, method_version, period, breakdown_type, breakdown)
        ) as p using ({_SAME})
    )
"""
_NET = f"""
    with {_NOW}, gap as (
        select
            sum(numerator * case indicator
                when 'ENT_NET' then 1 when 'ENT_EXIT' then 1 when 'ENT_PURGE' then 1 else -1 end) as gap
        from now_known group by period, geography, breakdown_type, breakdown
        having count(distinct indicator) = 5
    )
    select count(*), count(*) filter (where gap <> 0) from gap
"""
_TOWNS = f"""
    with {_NOW}, gap as (
        select sum(case when geography = %(region)s then numerator else -numerator end) as gap
        from now_known group by indicator, method_version, period, breakdown_type, breakdown
    )
    select count(*), count(*) filter (where gap <> 0) from gap
    where not exists (  -- where boundaries have changed, old towns keep their rows and are not rewritten
        select from register.geography
        where parent = %(region)s and valid_from <= (select business_date from ledger.build where build_id = %(build)s)
    )
"""
_UNIVERSE = """
    with place as (
        select count(*) as n from register.geography as g
        inner join ledger.build as b on b.build_id = %(build)s and b.business_date between
            coalesce(g.valid_from, '-infinity'::date) and coalesce(g.valid_to, 'infinity'::date)
        where %(region)s in (g.geography, g.parent)
    ),
    definition as (
        select * from unnest(%(of)s::text[], %(members)s::text[]) as d (indicator, members)
    ),
    expected as (
        select d.indicator, count(*) * (select n from place) as cells
        from definition as d
        inner join evidence.member as m
            on m.breakdown_type || '=' || m.breakdown = any(string_to_array(d.members, ','))
            or m.breakdown_type || '=*' = any(string_to_array(d.members, ','))
        group by d.indicator
    ),
    opened as (
        select v.indicator, v.method_version, v.period, count(*) as cells
        from evidence.indicator_value as v
        where
            v.build_id = %(build)s
            and not exists (
                select from evidence.indicator_value_current as c
                where c.indicator = v.indicator and c.method_version = v.method_version and c.period = v.period
            )
        group by 1, 2, 3
    )
    select count(*), count(*) filter (where o.cells <> e.cells) from opened as o inner join expected as e using (indicator)
"""
_SHARES = """
    select count(*), count(*) filter (where value < 0 or value > 100)
    from evidence.indicator_value where build_id = %(build)s and indicator = any(%(of)s) and value is not null
"""
_JUMP = f"""
    with formula as (select * from unnest(%(of)s::text[], %(account)s::text[]) as f (indicator, account)),
    posted as (
        select account, sum(abs(weight)) as posted from evidence.posting
        where build_id <= %(build)s and build_id > (
            select coalesce(max(build_id), 0) from ledger.build where status = 'published'
        )
        group by account
    ),
    explained as (
        select f.indicator, coalesce(sum(p.posted), 0) as bound from formula as f left join posted as p using (account) group by 1
    ),
    moved as (
        select w.indicator, abs(coalesce(w.numerator, 0) - coalesce(c.numerator, 0)) as move
        from evidence.indicator_value as w
        inner join evidence.indicator_value_current as c using ({_SAME})
        where w.build_id = %(build)s and w.breakdown_type = 'total'
    )
    select count(*), count(*) filter (where m.move > e.bound) from moved as m inner join explained as e using (indicator)
"""


def guard(settings: Settings, connection: Connection, build_id: int) -> None:
    """Judge a computed build. Raises BureauError `build.guard` naming the rules that its figures break.

    `connection` is the build's own, which writes with the service's rights.
    """
    from expectations.counts import judge_counts

    rules = dict(_counts(settings, connection, build_id))
    connection.execute(f"drop table if exists evidence.{TABLE}".encode())
    connection.execute(f"create table evidence.{TABLE} (rule text, checked bigint, failed bigint)".encode())
    try:
        connection.execute(f"grant select on evidence.{TABLE} to bureau_transformer".encode())
        with connection.cursor() as cursor:
            cursor.executemany(
                sql.SQL("insert into evidence.{} values (%s, %s, %s)").format(sql.Identifier(TABLE)),
                [(rule, *found) for rule, found in rules.items()],
            )
        judged = judge_counts(conninfo(settings, role="bureau_transformer"), "evidence", TABLE, RULES)
    finally:
        connection.execute(f"drop table if exists evidence.{TABLE}".encode())
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ledger.build_check (build_id, rule, checked, failed, passed) values (%s, %s, %s, %s, %s)",
            [(build_id, one.rule, one.checked, one.failed, one.passed) for one in judged],
        )
    if broken := [one for one in judged if not one.passed]:
        raise BureauError("build.guard", rules="; ".join(f"{one.rule} ({one.failed} of {one.checked})" for one in broken))


def _counts(settings: Settings, connection: Connection, build_id: int) -> Iterator[tuple[str, tuple[int, int]]]:
    known = load_indicators()
    names = [name for name in ("ENT_NET", "ENT_NEW", "ENT_MIG", "ENT_EXIT", "ENT_PURGE") if name in known]
    additive = [name for name, one in known.items() if _adds_up(one)]
    shares = [name for name in known if name.startswith(_PARTS_OF_A_WHOLE)]
    summed = [one for one in known.values() if one.numerator.accumulation != "survey"]
    formula = [(one.indicator, account) for one in summed for account in one.numerator.accounts]
    asked: dict[str, tuple[str, dict[str, object]]] = {
        "net_identity": (_NET, {"of": names}),
        "city_is_towns": (_TOWNS, {"of": additive}),
        "universe": (_UNIVERSE, {"of": list(known), "members": [_members(one) for one in known.values()]}),
        "share_range": (_SHARES, {"of": shares}),
        "jump": (_JUMP, {"of": [name for name, _ in formula], "account": [account for _, account in formula]}),
    }
    for rule, (statement, values) in asked.items():
        row = connection.execute(statement.encode(), {**values, "build": build_id, "region": settings.region}).fetchone()
        assert row is not None
        yield rule, (row[0], row[1])


def _adds_up(one: Indicator) -> bool:
    return one.denominator is None and all(account.startswith(_IN_ONE_TOWN) for account in one.numerator.accounts)


def _members(one: Indicator) -> str:
    """The members that each geography has a row of: `type=member`, or `type=*` for all."""
    found = ["total=total"]
    for name in one.breakdowns:
        found += [f"sector={sector}" for sector in one.sectors] if name == "sector" and one.sectors else [f"{name}=*"]
    return ",".join(found)
