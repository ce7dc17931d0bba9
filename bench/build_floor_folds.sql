-- The floor: the cells of 2009 and 2010 of the indicators straight from raw: each source folded once, then GROUPING SETS.
-- Distinct persons are counted in each cell, stocks at the last day of each month; links are found once. What the product makes
-- besides is not here: who counts in a cell (unit_count), which rows stand behind it, survey and population (a few thousand rows).
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
create index on f_entity (founder);
analyze f_entity;

create temp table f_spell as
select s.*, e.*
from (
    select distinct on (r.aac001, r.aab001, r.aae030)
        coalesce(r.aac002, r.aac001 || coalesce(r.aab001, '') || r.aae030) as person, r.aab003 as employer, r.aae030::date as from_date,
        r.aae031::date as to_date, r.acc031 as form, r.acc032 = '1' as is_new, r.acc033 as reason,
        coalesce(r.town, '520381999') as spell_town, string_to_array(coalesce(r.acc034, '07'), ';') as spell_groups,
        coalesce(r.aac004, r.aac002_sex, 'unknown') as spell_sex,
        coalesce(extract(year from r.aac006::date), r.aac002_birth_year::integer) as spell_birth_year
    from raw.employment as r inner join ledger.delivery as d on r.delivery_id = d.delivery_id
    order by r.aac001, r.aab001, r.aae030, d.business_date desc, d.sequence desc, r.row_id desc
) as s
left join lateral (
    select e.pripid, e.estdate, e.start_date, e.end_date, e.in_scope, e.town, e.sector, e.industry, e.groups
    from f_entity as e where e.regno = s.employer
    order by (e.start_date <= s.from_date and (e.end_date is null or e.end_date > s.from_date)) desc, e.start_date desc, e.pripid
    limit 1
) as e on true;

create temp table f_voucher as
select v.*, e.*
from (
    select distinct on (r.office, r.voucher) r.*
    from (
        select 'national' as office, t.* from (
            select r.voucher, r.regno, r.taxpayer, r.taxpayer_check, r.periodstart, r.periodend, r.revenue, r.relief, r.reliefcode,
                r.paid, r.paiddate, r.void, r.correction, d.business_date, d.sequence, r.row_id
            from raw.tax_national as r inner join ledger.delivery as d on r.delivery_id = d.delivery_id
        ) as t
        union all
        select 'local', t.* from (
            select r.voucher, r.regno, r.taxpayer, r.taxpayer_check, r.periodstart, r.periodend, r.revenue, r.relief, r.reliefcode,
                r.paid, r.paiddate, r.void, r.correction, d.business_date, d.sequence, r.row_id
            from raw.tax_local as r inner join ledger.delivery as d on r.delivery_id = d.delivery_id
        ) as t
    ) as r
    order by r.office, r.voucher, r.business_date desc, r.sequence desc, r.row_id desc
) as v
left join lateral (
    select e.pripid, e.estdate, e.start_date, e.end_date, e.in_scope, e.town, e.sector, e.industry, e.groups
    from f_entity as e
    where e.regno = v.regno or (v.taxpayer_check is not null and e.founder = v.taxpayer and e.sector = 'individual')
    order by
        (e.regno is not distinct from v.regno) desc,
        (e.start_date <= v.periodend::date and (e.end_date is null or e.end_date > v.periodend::date)) desc, e.start_date desc, e.pripid
    limit 1
) as e on true
where coalesce(v.void, 'N') <> 'Y' and coalesce(v.correction, '0') <> '2';

create temp table f_event as
select distinct on (r.contract_no, r.event_no)
    r.contract_no, r.event_no::integer as event_no, r.event, r.event_date::date as event_date, coalesce(r.amount_cny::numeric, 0) as amount,
    r.borrower_id_sex as sex, r.borrower_id_birth_year::integer as birth_year, string_to_array(coalesce(r.founder_group, '07'), ';') as groups,
    r.regno, r.due_date::date as due_date
from raw.loans as r inner join ledger.delivery as d on r.delivery_id = d.delivery_id
order by r.contract_no, r.event_no, d.business_date desc, d.sequence desc, r.row_id desc;
create index on f_event (contract_no);
analyze f_spell; analyze f_voucher; analyze f_event;
