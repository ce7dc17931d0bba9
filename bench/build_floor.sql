-- The floor: the cells of 2009 and 2010 of the entity, survival, founder and job indicators straight from raw: each source
-- folded once, then GROUPING SETS. Distinct persons are counted in each cell, stocks at the last day of each month.
create temp table p_month as
select d::date as first_day, (d + interval '1 month')::date - 1 as last_day
from generate_series(date '2009-01-01', date '2010-12-01', interval '1 month') as g (d);

create temp table f_entity as
select
    v.*, t.attribute as sector, t.attribute in ('private', 'individual', 'cooperative') as in_scope,
    coalesce(case when industrystd = '2002' then translate(s.section, 'FGHI', 'GIFH') else s.section end, 'unknown') as industry,
    least(v.exit_date, case when v.leave_date >= v.start_date then v.leave_date end) as end_date
from (
    select distinct on (r.pripid)
        r.pripid, r.regno, r.enttype, r.industrystd, r.industryco, r.estdate::date as estdate, r.indate::date as indate,
        coalesce(r.indate, r.estdate)::date as start_date, least(r.candate::date, r.revdate::date) as exit_date,
        r.outdate::date as leave_date, r.exitreason, coalesce(r.town, '520381999') as town,
        string_to_array(coalesce(r.foundergroup, '07'), ';') as groups, coalesce(r.lerepcerno, r.pripid) as founder,
        r.lerepcerno_sex as sex, r.lerepcerno_birth_year as birth_year
    from raw.registrations as r inner join ledger.delivery as d on r.delivery_id = d.delivery_id
    order by r.pripid, d.business_date desc, d.sequence desc, r.row_id desc
) as v
left join register.code_list as t on t.list = 'entity_type' and v.enttype = t.code
left join register.industry_section as s on v.industrystd = s.standard and left(v.industryco, 2) = s.division;
create index on f_entity (regno);

create temp table f_spell as
select distinct on (r.aac001, r.aab001, r.aae030)
    coalesce(r.aac002, r.aac001 || coalesce(r.aab001, '') || r.aae030) as person, r.aab003 as regno, r.aae030::date as start_date,
    r.aae031::date as end_date, r.acc031 as form, r.acc032 = '1' as is_new, r.acc033 as reason, coalesce(r.town, '520381999') as town,
    string_to_array(coalesce(r.acc034, '07'), ';') as groups, coalesce(r.aac004, r.aac002_sex, 'unknown') as sex,
    coalesce(extract(year from r.aac006::date), r.aac002_birth_year::integer) as birth_year
from raw.employment as r inner join ledger.delivery as d on r.delivery_id = d.delivery_id
order by r.aac001, r.aab001, r.aae030, d.business_date desc, d.sequence desc, r.row_id desc;
analyze f_entity; analyze f_spell;

-- stocks and flows of entities, survivals
create temp table c_entity as
with event as (
    select e.*, v.kind, v.day, v.weight
    from f_entity as e
    cross join lateral (
        values
        ('birth', case when indate is null then estdate end, 1),
        ('exit', case when exit_date = end_date and exitreason is distinct from '3' then exit_date end, 1),
        ('purge', case when exit_date = end_date and exitreason = '3' then exit_date end, 1),
        ('in', indate, 1),
        ('out', case when leave_date = end_date and exit_date is distinct from leave_date then leave_date end, -1),
        ('cohort', case when indate is null then (estdate + interval '1 year')::date end, 1),
        ('alive', case when indate is null and (exit_date is null or exit_date > (estdate + interval '1 year')::date or exitreason in ('4', '5'))
            then (estdate + interval '1 year')::date end, 1)
    ) as v (kind, day, weight)
    where e.in_scope and v.day is not null
),
moved as (
    select *, greatest(date_trunc('month', day)::date, date '2008-12-01') as month from event
)
select kind, month, town, sector, industry, null as grp, sum(weight) as amount from moved
group by grouping sets (
    (kind, month), (kind, month, sector), (kind, month, industry), (kind, month, town), (kind, month, town, sector),
    (kind, month, town, industry), (kind, month, sector, industry), (kind, month, town, sector, industry)
)
union all
select kind, month, town, sector, null, g, sum(weight) from moved cross join lateral unnest(groups) as g
group by grouping sets ((kind, month, g), (kind, month, town, g), (kind, month, sector, g), (kind, month, town, sector, g));

-- founders in stock at the end of each year
create temp table c_founder as
with present as (
    select m.last_day, e.* from f_entity as e
    inner join p_month as m on extract(month from m.last_day) = 12 and e.start_date <= m.last_day
        and (e.end_date is null or e.end_date > m.last_day)
    where e.in_scope
)
select last_day, town, sector, industry, sex, birth_year, null as grp, count(distinct founder) from present
group by grouping sets (
    (last_day), (last_day, sector), (last_day, industry), (last_day, sex), (last_day, birth_year),
    (last_day, town), (last_day, town, sector), (last_day, town, industry), (last_day, town, sex), (last_day, town, birth_year)
)
union all
select last_day, town, null, null, null, null, g, count(distinct founder) from present cross join lateral unnest(groups) as g
group by grouping sets ((last_day, g), (last_day, town, g));

-- new and ended jobs, distinct persons of months, quarters and years
create temp table c_job as
with job as (
    select
        s.*, k.kind, k.day,
        case k.kind when 'new' then s.form = '2' or coalesce(e.in_scope and s.start_date >= e.estdate
            and s.start_date < (e.estdate + interval '36 months')::date, false) end as by_startup
    from f_spell as s
    cross join lateral (
        values ('new', case when s.is_new then s.start_date end), ('ended', case when s.reason in ('1', '2') then s.end_date end)
    ) as k (kind, day)
    left join lateral (
        select * from f_entity as e where e.regno = s.regno
        order by (e.start_date <= s.start_date and (e.end_date is null or e.end_date > s.start_date)) desc, e.start_date desc, e.pripid
        limit 1
    ) as e on k.kind = 'new'
    where k.day between '2009-01-01' and '2010-12-31'
),
period as (
    select j.*, p.grain, date_trunc(p.unit, j.day)::date as period
    from job as j cross join (values ('M', 'month'), ('Q', 'quarter'), ('Y', 'year')) as p (grain, unit)
)
select kind, grain, period, town, sex, birth_year, null as grp, count(distinct person) as persons, count(distinct person) filter (where by_startup) as by_startups
from period
group by grouping sets (
    (kind, grain, period), (kind, grain, period, sex), (kind, grain, period, birth_year),
    (kind, grain, period, town), (kind, grain, period, town, sex), (kind, grain, period, town, birth_year)
)
union all
select kind, grain, period, town, null, null, g, count(distinct person) as persons, count(distinct person) filter (where by_startup) as by_startups
from period cross join lateral unnest(groups) as g
group by grouping sets ((kind, grain, period, g), (kind, grain, period, town, g));

-- jobs at young entities and their founders, at the end of each month
create temp table f_young as
select
    s.person, s.sex, s.birth_year, s.groups, e.town, e.sector, e.industry, e.groups as entity_groups, s.start_date,
    greatest(s.start_date, e.start_date) as from_day,
    least(s.end_date + 1, e.end_date, (e.estdate + interval '36 months')::date) as until_day
from f_spell as s
cross join lateral (
    select * from f_entity as e where e.regno = s.regno
    order by (e.start_date <= s.start_date and (e.end_date is null or e.end_date > s.start_date)) desc, e.start_date desc, e.pripid
    limit 1
) as e
where s.form = '1' and e.in_scope;

create temp table c_young as
with present as (
    select m.last_day, y.* from f_young as y inner join p_month as m on y.from_day <= m.last_day and y.until_day > m.last_day
)
select last_day, town, sector, industry, sex, birth_year, null as grp, count(distinct person) from present
group by grouping sets (
    (last_day), (last_day, sector), (last_day, industry), (last_day, sex), (last_day, birth_year),
    (last_day, town), (last_day, town, sector), (last_day, town, industry), (last_day, town, sex), (last_day, town, birth_year)
)
union all
select last_day, town, null, null, null, null, g, count(distinct person) from present cross join lateral unnest(groups) as g
group by grouping sets ((last_day, g), (last_day, town, g));

-- jobs per founder, at the end of each quarter: a founder of any young entity of the cell is no worker of it
create temp table c_mult as
with quarter as (
    select last_day from p_month where extract(month from last_day)::integer % 3 = 0
),
founder as (
    select q.last_day, e.founder as person, true as founded, e.town, e.sector, e.industry, e.groups
    from f_entity as e inner join quarter as q on e.start_date <= q.last_day and (e.end_date is null or e.end_date > q.last_day)
        and (e.estdate + interval '36 months')::date > q.last_day
    where e.in_scope
),
either as (
    select * from founder
    union all
    select q.last_day, y.person, false, y.town, y.sector, y.industry, y.entity_groups
    from f_young as y inner join quarter as q on y.from_day <= q.last_day and y.until_day > q.last_day
),
person as (
    select last_day, town, sector, industry, null as grp, person, bool_or(founded) as founded from either
    group by grouping sets (
        (last_day, person), (last_day, person, sector), (last_day, person, industry), (last_day, person, town),
        (last_day, person, town, sector), (last_day, person, town, industry)
    )
    union all
    select last_day, town, null, null, g, person, bool_or(founded) from either cross join lateral unnest(groups) as g
    group by grouping sets ((last_day, person, g), (last_day, person, town, g))
)
select last_day, town, sector, industry, grp, count(*) filter (where founded) as founders, count(*) filter (where not founded) as workers
from person
group by 1, 2, 3, 4, 5;
