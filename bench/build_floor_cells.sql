-- The cells of 2009 and 2010 from what build_floor_folds.sql folded and linked.

-- stocks and flows of entities
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
        ('company', case when indate is null and enttype in ('1130', '1150', '1151') then estdate end, 1)
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

-- years of activity; then activity, births and deaths, survival and hazard of one to seven years
create temp table f_active as
select distinct pripid, y.year
from (
    select pripid, periodstart::date as from_date, periodend::date as to_date from f_voucher where revenue::numeric > 0
    union all
    select pripid, from_date, coalesce(to_date, date '2010-12-31') from f_spell where form = '1'
) as r
cross join lateral generate_series(
    greatest(extract(year from from_date)::integer, 2009), least(extract(year from to_date)::integer, 2012)
) as y (year)
where pripid is not null;
create index on f_active (pripid);
analyze f_active;

create temp table c_activity as
with active as (
    select e.*, a.year,
        e.indate is null and extract(year from e.estdate) = a.year as born,
        e.exit_date = e.end_date and extract(year from e.exit_date) = a.year and coalesce(e.exitreason not in ('3', '4', '5'), true)
            and not exists (select 1 from f_active as n where n.pripid = e.pripid and n.year in (a.year + 1, a.year + 2)) as died
    from f_entity as e inner join f_active as a on e.pripid = a.pripid and a.year in (2009, 2010)
    where e.in_scope and e.start_date <= make_date(a.year, 12, 31)
        and (e.end_date is null or (e.end_date > make_date(a.year, 1, 1) and e.end_date > e.start_date))
)
select year, town, sector, industry, null as grp, count(*), count(*) filter (where born) as births, count(*) filter (where died) as deaths
from active
group by grouping sets (
    (year), (year, sector), (year, industry), (year, town), (year, town, sector), (year, town, industry)
)
union all
select year, town, null, null, g, count(*), count(*) filter (where born), count(*) filter (where died)
from active cross join lateral unnest(groups) as g
group by grouping sets ((year, g), (year, town, g));

create temp table c_survival as
with cohort as (
    select e.*, k.k, y.year,
        e.exit_date is null or e.exit_date > (e.estdate + make_interval(years => k.k))::date as there,
        k.k = 1 or e.exit_date is null or e.exit_date > (e.estdate + make_interval(years => k.k - 1))::date as at_risk,
        coalesce(e.exitreason in ('4', '5'), false) as merged, a.pripid is not null as active
    from f_entity as e
    cross join generate_series(1, 7) as k (k)
    cross join lateral (select extract(year from e.estdate)::integer + k.k as year) as y
    left join f_active as a on e.pripid = a.pripid and a.year = y.year
    where e.in_scope and e.indate is null and y.year in (2009, 2010)
)
select k, year, town, sector, industry, null as grp, count(*), count(*) filter (where there or merged) as survivors,
    count(*) filter (where (there or merged) and active) as active_survivors, count(*) filter (where at_risk) as at_risk,
    count(*) filter (where at_risk and not there and not merged) as deaths
from cohort
group by grouping sets (
    (k, year), (k, year, sector), (k, year, industry), (k, year, town), (k, year, town, sector), (k, year, town, industry)
)
union all
select k, year, town, null, null, g, count(*), count(*) filter (where there or merged), count(*) filter (where (there or merged) and active),
    count(*) filter (where at_risk), count(*) filter (where at_risk and not there and not merged)
from cohort cross join lateral unnest(groups) as g
group by grouping sets ((k, year, g), (k, year, town, g));

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
        s.person, s.spell_town as town, s.spell_groups as groups, s.spell_sex as sex, s.spell_birth_year as birth_year, k.kind, k.day,
        k.kind = 'new' and (s.form = '2' or coalesce(s.in_scope and s.from_date >= s.estdate
            and s.from_date < (s.estdate + interval '36 months')::date, false)) as by_startup
    from f_spell as s
    cross join lateral (
        values ('new', case when s.is_new then s.from_date end), ('ended', case when s.reason in ('1', '2') then s.to_date end)
    ) as k (kind, day)
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
    s.person, s.spell_sex as sex, s.spell_birth_year as birth_year, s.spell_groups as groups, s.town, s.sector, s.industry,
    s.groups as entity_groups, greatest(s.from_date, s.start_date) as from_day,
    least(s.to_date + 1, s.end_date, (s.estdate + interval '36 months')::date) as until_day
from f_spell as s
where s.form = '1' and s.in_scope;

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

-- taxes paid by month: of young entities, and of all private and individual ones; relief, and distinct entities that had it
create temp table c_tax as
with paid as (
    select date_trunc('month', paiddate::date)::date as month, town, sector, industry, groups, paid::numeric as amount,
        periodend::date >= estdate and periodend::date < (estdate + interval '36 months')::date as young
    from f_voucher
    where in_scope and paiddate::date between '2009-01-01' and '2010-12-31' and paid::numeric <> 0
)
select month, town, sector, industry, null as grp, sum(amount) as paid, sum(amount) filter (where young) as paid_young
from paid
group by grouping sets (
    (month), (month, sector), (month, industry), (month, town), (month, town, sector), (month, town, industry)
)
union all
select month, town, sector, null, g, sum(amount), sum(amount) filter (where young) from paid cross join lateral unnest(groups) as g
group by grouping sets ((month, g), (month, town, g), (month, sector, g), (month, town, sector, g));

create temp table c_relief as
with relief as (
    select v.*, p.grain, date_trunc(p.unit, v.periodend::date)::date as period
    from f_voucher as v cross join (values ('M', 'month'), ('Q', 'quarter'), ('Y', 'year')) as p (grain, unit)
    where v.in_scope and v.relief::numeric > 0 and v.reliefcode in ('S01', 'S02', 'S03')
        and v.periodend::date between '2009-01-01' and '2010-12-31' and v.periodend::date >= v.estdate
        and v.periodend::date < (v.estdate + interval '36 months')::date
)
select grain, period, town, sector, industry, null as grp, sum(relief::numeric), count(distinct pripid) from relief
group by grouping sets (
    (grain, period), (grain, period, sector), (grain, period, industry),
    (grain, period, town), (grain, period, town, sector), (grain, period, town, industry)
)
union all
select grain, period, town, null, null, g, sum(relief::numeric), count(distinct pripid) from relief cross join lateral unnest(groups) as g
group by grouping sets ((grain, period, g), (grain, period, town, g));

-- loans: events by month (before the series in one), and what was due by quarter
create temp table f_contract as
with recursive lent as (
    select distinct on (contract_no) *, sum(amount) over (partition by contract_no) as principal
    from f_event where event = '放款'
    order by contract_no, event_date, event_no
),
extension as (
    select contract_no, event_date, due_date, row_number() over (partition by contract_no order by event_date, event_no) as number
    from f_event where event = '展期'
),
term as (
    select contract_no, 0::bigint as number, due_date from lent
    union all
    select t.contract_no, x.number, case when x.event_date <= t.due_date then x.due_date else t.due_date end
    from term as t inner join extension as x on t.contract_no = x.contract_no and x.number = t.number + 1
)
select l.contract_no, l.sex, l.birth_year, l.groups, l.principal, l.due_date as first_due, t.due_date, coalesce(e.town, '520381999') as town
from lent as l
inner join (select distinct on (contract_no) * from term order by contract_no, number desc) as t on l.contract_no = t.contract_no
left join lateral (
    select e.town from f_entity as e where e.regno = l.regno
    order by (e.start_date <= l.event_date and (e.end_date is null or e.end_date > l.event_date)) desc, e.start_date desc, e.pripid
    limit 1
) as e on true;

create temp table c_loan as
with event as (
    select c.*, e.event, e.amount, greatest(date_trunc('month', e.event_date)::date, date '2008-12-01') as month
    from f_contract as c inner join f_event as e on c.contract_no = e.contract_no
    where e.event <> '贴息' or e.event_date <= c.first_due
)
select event, month, town, sex, birth_year, null as grp, sum(amount), count(*) from event
group by grouping sets (
    (event, month), (event, month, sex), (event, month, birth_year),
    (event, month, town), (event, month, town, sex), (event, month, town, birth_year)
)
union all
select event, month, town, null, null, g, sum(amount), count(*) from event cross join lateral unnest(groups) as g
group by grouping sets ((event, month, g), (event, month, town, g));

create temp table c_loan_due as
with due as (
    select c.*, date_trunc('quarter', c.due_date)::date as quarter, (
        select sum(e.amount) from f_event as e where e.contract_no = c.contract_no and e.event = '还款' and e.event_date <= c.due_date
    ) as repaid
    from f_contract as c
    where c.due_date between '2009-01-01' and '2010-12-31'
)
select quarter, town, sex, birth_year, null as grp, sum(principal) as principal, sum(repaid) as repaid from due
group by grouping sets (
    (quarter), (quarter, sex), (quarter, birth_year), (quarter, town), (quarter, town, sex), (quarter, town, birth_year)
)
union all
select quarter, town, null, null, g, sum(principal) as principal, sum(repaid) as repaid from due cross join lateral unnest(groups) as g
group by grouping sets ((quarter, g), (quarter, town, g));

-- training: distinct persons by quarter and year, and what became of those who passed
create temp table c_training as
with class as (
    select distinct on (r.class_no, r.person_id)
        r.person_id, r.result, r.end_date::date as end_date, r.venture_date::date as venture_date, coalesce(r.town, '520381999') as town,
        r.person_id_sex as sex, r.person_id_birth_year as birth_year, string_to_array(coalesce(r.founder_group, '07'), ';') as groups
    from raw.training as r inner join ledger.delivery as d on r.delivery_id = d.delivery_id
    order by r.class_no, r.person_id, d.business_date desc, d.sequence desc, r.row_id desc
),
followed as (
    select c.*, p.grain, date_trunc(p.unit, c.end_date)::date as period,
        c.result = '合格' and (
            c.venture_date between c.end_date and (c.end_date + interval '6 months')::date
            or exists (
                select 1 from f_entity as e where e.founder = c.person_id and e.in_scope
                    and e.estdate between c.end_date and (c.end_date + interval '6 months')::date
            )
        ) as succeeded
    from class as c
    cross join (values ('Q', 'quarter'), ('Y', 'year')) as p (grain, unit)
    where c.end_date between '2008-07-01' and '2010-12-31'
)
select grain, period, town, sex, birth_year, null as grp, count(distinct person_id), count(distinct person_id) filter (where result = '合格') as passed,
    count(distinct person_id) filter (where succeeded) as succeeded
from followed
group by grouping sets (
    (grain, period), (grain, period, sex), (grain, period, birth_year),
    (grain, period, town), (grain, period, town, sex), (grain, period, town, birth_year)
)
union all
select grain, period, town, null, null, g, count(distinct person_id), count(distinct person_id) filter (where result = '合格'),
    count(distinct person_id) filter (where succeeded)
from followed cross join lateral unnest(groups) as g
group by grouping sets ((grain, period, g), (grain, period, town, g));
