{{ config(materialized='view', tags=['account'], meta={'accounts': ['tax.relief', 'tax.relieved']}) }}

-- Relief of start-ups young at PERIODEND (RELIEF > 0, codes S01 to S03, vouchers not void and not 被更正), at PERIODEND: its amount
-- in yuan, and who had it. An entity counts once in a period: its first day of relief in a year counts in all grains, the
-- first of a further quarter or month in that grain alone.
with voucher as (
    select
        v.entity_id, v.period_end as day, v.relief_cny, v.row_id, e.town, e.sector, e.industry, e.founder_groups
    from {{ ref('reg_voucher') }} as v
    inner join {{ ref('reg_entity') }} as e on v.entity_id = e.entity_id
    where
        v.alive and v.counts and v.relief_cny > 0 and v.relief_code in ('S01', 'S02', 'S03')
        and e.alive and e.in_startup_scope and {{ is_young('e.establishment_date', 'v.period_end') }}
        and {{ is_touched('entity', 'v.entity_id') }}
),

day as (
    select
        v.entity_id, v.day, v.town, v.sector, v.industry, v.founder_groups,
        sum(v.relief_cny) as relief_cny,
        array_agg(v.row_id order by v.row_id) as row_ids
    from voucher as v
    group by v.entity_id, v.day, v.town, v.sector, v.industry, v.founder_groups
),

ranked as (
    select
        d.*,
        row_number() over (partition by d.entity_id, date_trunc('year', d.day) order by d.day) as of_year,
        row_number() over (partition by d.entity_id, date_trunc('quarter', d.day) order by d.day) as of_quarter,
        row_number() over (partition by d.entity_id, date_trunc('month', d.day) order by d.day) as of_month
    from day as d
),

counted as (
    select 'tax.relief' as account, null as grain, d.relief_cny as weight, d.* from ranked as d
    union all
    select 'tax.relieved', null, 1, d.* from ranked as d where d.of_year = 1
    union all
    select 'tax.relieved', 'Q', 1, d.* from ranked as d where d.of_quarter = 1 and d.of_year > 1
    union all
    select 'tax.relieved', 'M', 1, d.* from ranked as d where d.of_month = 1 and d.of_year > 1
)

select
    c.account,
    c.day as effective_date,
    null::date as until_date,
    c.grain as period_grain,
    c.town as geography,
    null::text as geo_scope,
    null::text [] as applies_to,
    c.sector,
    c.industry,
    c.founder_groups,
    null::text as sex,
    null::integer as birth_year,
    null::text as psu,
    'entity'::text as unit_type,
    c.entity_id as unit_id,
    c.weight::numeric as weight,
    c.row_ids as source_rows
from counted as c
