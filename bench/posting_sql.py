"""The SQL of the posting experiment: random facts, intervals, postings, floors and layouts."""

from __future__ import annotations

from dataclasses import dataclass

ACCOUNTS = ("entity.birth", "entity.exit", "entity.active", "job.young", "job.young_worker", "founder.young", "founder.present")
TYPES = {"total": "''", "sector": "sector", "industry": "industry", "founder_group": "grp"}

FACTS = (
    """select setseed(0.5); create table entity as
    select g as entity_id,
        case when random() < 0.9 then g else (random() * {n})::int end as founder_id, 'T' || (random() * 17)::int as town,
        (array['individual', 'individual', 'individual', 'individual', 'private', 'cooperative'])[1 + (random() * 5)::int]
            as sector, chr(65 + (random() * random() * 19)::int) as industry,
        case when random() < 0.1 then array['01', '02'] else array['0' || 1 + (random() * 6)::int] end as groups,
        date '2003-01-01' + (random() * 2900)::int as est, null::date as gone from generate_series(1, {n}) as g;
    update entity set gone = est + (random() * 1500)::int where random() < 0.35""",
    """create table spell as select g as spell_id, {n} + (random() * {n} * 2.5)::int as person_id,
        (random() * {n} * 2)::int as entity_id, array['0' || 1 + (random() * 6)::int] as groups,
        date '2006-01-01' + (random() * 1800)::int as began, null::date as ended from generate_series(1, {n} * 4) as g;
    -- a person keeps sex, birth year and group; some work where they found
    update spell set ended = began + (random() * 900)::int where random() < 0.6;
    update spell set groups = array['0' || 1 + person_id % 7];
    update spell set person_id = (random() * {n})::int where random() < 0.05""",
    """create table voucher as select (random() * {n})::int as entity_id,
        date '2008-01-01' + (random() * 1080)::int as day from generate_series(1, {n} * 3)""",
    "create index on entity (entity_id); create index on entity (founder_id); create index on spell (entity_id); "
    "create index on spell (person_id); create index on voucher (entity_id); analyze",
)

LEDGER = """create table posting (account text, effective_date date, period_grain text, geography text, geo_scope text,
    applies_to text[], sector text, industry text, founder_groups text[], sex text, birth_year integer, unit_type text,
    unit_id bigint, weight numeric, source_rows bigint[], build_id integer)"""

_YOUNG = "daterange(greatest(s.began, e.est), least(s.ended + 1, e.gone, (e.est + interval '36 months')::date))"
_SPELL_AT_YOUNG = """from spell as s join entity as e using (entity_id)
    where greatest(s.began, e.est) < least(s.ended + 1, e.gone, (e.est + interval '36 months')::date)"""
_WORK = (
    """select s.person_id as unit_id, e.town, e.sector, e.industry, {groups}.groups, s.person_id % 2 as sex,
    1940 + s.person_id % 55 as birth, s.spell_id as row_id, """
    + f"{_YOUNG} as w, null::daterange as x {_SPELL_AT_YOUNG}"
)
_FOUND = """select e.founder_id as unit_id, e.town, e.sector, e.industry, e.groups, e.founder_id % 2 as sex,
    1940 + e.founder_id % 55 as birth, e.entity_id::bigint as row_id, {columns} from entity as e
    where e.est < least(e.gone, (e.est + interval '36 months')::date)"""
_YOUNG_FIRM = "daterange(e.est, least(e.gone, (e.est + interval '36 months')::date))"
_ONCE = "select e.entity_id as unit_id, e.town, e.sector, e.industry, e.groups, e.entity_id::bigint as row_id, "

INTERVALS = {
    "entity.birth": _ONCE + "e.est as day from entity as e where {where}",
    "entity.exit": _ONCE + "e.gone as day from entity as e where e.gone is not null and {where}",
    "entity.active": _ONCE
    + """make_date(y.year, 12, 31) as day from entity as e join (
        select distinct entity_id, extract(year from day)::int as year from voucher union
        select distinct entity_id, y from spell, generate_series(extract(year from began)::int,
            extract(year from coalesce(ended, date '2010-12-31'))::int) as y) as y using (entity_id)
    where e.est <= make_date(y.year, 12, 31) and (e.gone is null or e.gone > make_date(y.year, 1, 1)) and {where}""",
    "job.young": "select * from (" + _WORK.replace("{groups}", "s") + ") as every where {where}",
    "job.young_worker": "select * from ("
    + _WORK.replace("{groups}", "e")
    + " union all "
    + _FOUND.replace("{columns}", f"null::daterange, {_YOUNG_FIRM}")
    + ") as every where unit_id in (select person_id from spell) and {where}",
    "founder.young": "select * from ("
    + _FOUND.replace("{columns}", f"{_YOUNG_FIRM} as w, null::daterange as x")
    + ") as every where {where}",
    "founder.present": "select * from (select e.founder_id as unit_id, e.town, e.sector, e.industry, e.groups, "
    "e.founder_id % 2 as sex, 1940 + e.founder_id % 55 as birth, e.entity_id::bigint as row_id, "
    "daterange(e.est, e.gone) as w, null::daterange as x from entity as e where e.gone is null or e.gone > e.est"
    ") as every where {where}",
}

MERGED = "coalesce(range_agg(w), '{}'::datemultirange) - coalesce(range_agg(x), '{}'::datemultirange)"
_EVENTS = "cross join unnest(mr) as r cross join lateral (values (lower(r), 1), (upper(r), -1)) as ev (day, weight)"


def postings_of(account: str, build: int) -> str:
    """A select of the postings that table `iv` asks for, in the columns of `posting`."""
    if account.startswith("entity"):
        grain = "'Y'" if account == "entity.active" else "null"
        return f"""select '{account}' as account, day as effective_date, {grain} as period_grain, town as geography,
            null as geo_scope, null::text[] as applies_to, sector, industry, groups as founder_groups, null as sex,
            null::int as birth_year, 'entity' as unit_type, unit_id, 1::numeric as weight,
            array[row_id] as source_rows, {build} as build_id from iv"""
    return f"""with finest as materialized (
        select unit_id, town, sector, industry, groups, sex, birth, {MERGED} as mr,
            coalesce(range_agg(w), '{{}}') as w, coalesce(range_agg(x), '{{}}') as x, array_agg(row_id) as rows
        from iv group by unit_id, town, sector, industry, groups, sex, birth
    ),
    base as (
        select unit_id, town, sector, industry, groups, sex, birth, day, weight, rows from finest {_EVENTS}
        where day is not null
    ),
    several as materialized (select unit_id, town from finest group by unit_id, town having count(*) > 1),
    spread as materialized (select unit_id from finest group by unit_id having count(distinct town) > 1),
    {_level("town", "town", "several", "(unit_id, town)")},
    {_level("city", "'city'", "spread", "unit_id")}
    select '{account}' as account, day as effective_date, null as period_grain, town as geography, null as geo_scope,
        null::text[] as applies_to, sector, industry, groups as founder_groups, sex::text, birth as birth_year,
        'person' as unit_type, unit_id, weight::numeric, rows as source_rows, {build} as build_id from base
    union all
    select '{account}', day, null, town, null, types, sector, industry, groups, sex::text, birth, 'person', unit_id,
        weight::numeric, rows, {build} from town_packed
    union all
    select '{account}', day, null, town, 'city', types, sector, industry, groups, sex::text, birth, 'person', unit_id,
        weight::numeric, rows, {build} from city_packed"""


def _level(name: str, geography: str, multiple: str, unit: str) -> str:
    """CTEs that bring the cells of one geographical level to their distinct counts, alike corrections packed."""
    # what stands in the cell: in a town the finest cells; in the city what each town's cell has been brought to
    finer = "sector, industry, groups" if name == "town" else "town"
    parts = []
    for kind, member in TYPES.items():
        source = "finest, unnest(finest.groups) as grp" if kind == "founder_group" else "finest"
        cell = f"""select unit_id, {geography} as town, {member} as member, sex, birth, {MERGED} as mr from {source}
            where {unit} in (select * from {multiple}) group by unit_id, {"town, " * (name == "town")}
            sex, birth{f", {member}" * (kind != "total")}"""
        parts.append(
            f"""select '{kind}' as kind, unit_id, town, member, sex, birth, day, sum(weight) as weight from (
                select unit_id, town, member, sex, birth, day, weight from ({cell}) as target {_EVENTS}
                union all
                select unit_id, town, member, sex, birth, day, -weight from ({cell}, {finer}) as standing {_EVENTS}
            ) as both_sides where day is not null group by unit_id, town, member, sex, birth, day
            having sum(weight) <> 0"""
        )
    union = "\nunion all\n".join(parts)
    return f"""{name}_wrong as materialized ({union}),
    {name}_packed as (
        select unit_id, town, sex, birth, day, weight,
            array_agg(kind) || case when bool_or(kind = 'total') then array['sex', 'age_band'] end as types,
            max(member) filter (where kind = 'sector') as sector,
            max(member) filter (where kind = 'industry') as industry,
            max(array[member]) filter (where kind = 'founder_group') as groups, null::bigint[] as rows
        from (select *, row_number() over (partition by unit_id, town, kind, day, weight order by member) as turn
            from {name}_wrong) as turned
        group by unit_id, town, sex, birth, day, weight, turn
    )"""


_SETS = """((town, month), (month), (town, sector, month), (sector, month), (town, industry, month), (industry, month),
    (town, grp, month), (grp, month)"""
_PERSON_SETS = _SETS + ", (town, sex, month), (sex, month), (town, birth, month), (birth, month))"
_MONTH = "date_trunc('month', day)::date as month"
_ENTITY_FLOOR = f"""create temp table floor_{{name}} as select town, sector, industry, grp, month, count(*)
    from (select *, {_MONTH} from iv, unnest(groups) as grp) as f
    group by grouping sets {_SETS})"""
_PERSON_FLOOR = f"""create temp table floor_{{name}} as select town, sector, industry, grp, sex, birth, {_MONTH},
    sum(weight) from (
        select unit_id, town, sector, industry, grp, sex, birth, {MERGED} as mr from iv, unnest(groups) as grp
        group by grouping sets {_PERSON_SETS.replace("month", "unit_id")}
    ) as target {_EVENTS} group by 1, 2, 3, 4, 5, 6, 7"""
FLOORS = {
    account: (_ENTITY_FLOOR if account.startswith("entity") else _PERSON_FLOOR).replace("{name}", account.replace(".", "_"))
    for account in ACCOUNTS
}
FIGURES = f"""select town, sector, industry, grp, month, sum(w) from (
    select geography as town, sector, industry, date_trunc('month', effective_date)::date as month, {{weight}} as w,
        null::text as grp from v) as f group by grouping sets {_SETS})"""

TOUCH = """update entity set gone = date '2010-12-15' where entity_id % 1000 = 7 and gone is null;
    create temp table touched as select entity_id::bigint as unit_id from entity where entity_id % 1000 = 7
    union select founder_id from entity where entity_id % 1000 = 7
    union select s.person_id from spell as s join entity as e using (entity_id) where entity_id % 1000 = 7;
    analyze touched"""


@dataclass(frozen=True)
class Variant:
    """A layout of the posting table `v`: how it is made, filled, indexed and asked for units' balances."""

    name: str
    create: str
    select: str
    index: str
    balance: str
    weight: str = "weight"


def _variant(name: str, index: str = "unit_id", split: bool = True, **columns: str) -> Variant:
    """The contract's layout with some columns otherwise: `column=type` or, with `-`, left out."""
    types = {
        "account": "text", "effective_date": "date", "period_grain": "text", "geography": "text", "geo_scope": "text",
        "applies_to": "text[]", "sector": "text", "industry": "text", "founder_groups": "text[]", "sex": "text",
        "birth_year": "integer", "unit_type": "text", "unit_id": "bigint", "weight": "numeric",
        "source_rows": "bigint[]", "build_id": "integer", "caused_by": "integer[]",
    }  # fmt: skip
    coded = {
        "account": f"array_position(array{list(ACCOUNTS)}::text[], account)::smallint",
        "founder_groups": "(select sum(1 << g::int) from unnest(founder_groups) as g)::smallint",
        "applies_to": "cardinality(applies_to)::smallint",
    }
    types.update(columns)
    kept = {column: kind for column, kind in types.items() if kind != "-"}
    values = []
    for column, kind in kept.items():
        if column == "caused_by":
            values.append("array[1, 2]")
        elif kind == "smallint":
            values.append(coded[column])
        else:
            values.append(f"{column}::{kind}")
    create = f"create table v ({', '.join(f'{column} {kind}' for column, kind in kept.items())})"
    if split:
        names = [str(n + 1) if kept["account"] == "smallint" else f"'{a}'" for n, a in enumerate(ACCOUNTS)]
        create += " partition by list (account);" + "".join(
            f"create table v{n} partition of v for values in ({value});" for n, value in enumerate(names)
        )
    keys = ", ".join(column for column in kept if column not in ("weight", "source_rows", "build_id", "caused_by"))
    account = "5" if kept["account"] == "smallint" else "'job.young_worker'"
    units = "select unit_id from posting where account = 'job.young_worker' order by unit_id limit 2000"
    balance = f"""select {keys}, sum(weight) from v where account = {account} and unit_id in (
        select unit_id from ({units}) as first_units group by unit_id limit 1000) group by {keys} having sum(weight) <> 0"""
    return Variant(name, create, f"select {', '.join(values)} from posting", f"create index on v ({index})", balance)


VARIANTS = (
    _variant("as in the contract"),
    _variant("account smallint", account="smallint"),
    _variant("weight bigint", weight="bigint"),
    _variant("groups as bits", founder_groups="smallint"),
    _variant("groups and applies_to as bits", founder_groups="smallint", applies_to="smallint"),
    _variant("source_rows in a side table", source_rows="-"),
    _variant("caused_by on the build", caused_by="-"),
    _variant("index (unit_type, unit_id)", index="unit_type, unit_id"),
    _variant("one table, index (unit_id)", split=False),
    _variant("one table, index (account, unit_id)", split=False, index="account, unit_id"),
)
