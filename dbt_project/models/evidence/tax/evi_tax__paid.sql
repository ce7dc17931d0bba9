{{ config(materialized='view', tags=['account'], meta={'accounts': ['tax.paid_young', 'tax.paid_grown']}) }}

-- Taxes paid (PAID, yuan) at PAIDDATE by entities of the startup scope: those young at PERIODEND (under 36 months from
-- ESTDATE), and the others. Void and corrected (被更正) vouchers are left out; being in stock is not asked.
with voucher as (
    select
        v.entity_id, v.paid_date, v.paid_cny, v.row_id,
        case
            when {{ is_young('e.establishment_date', 'v.period_end') }} then 'tax.paid_young' else 'tax.paid_grown'
        end as account,
        e.town, e.sector, e.industry, e.founder_groups
    from {{ ref('reg_voucher') }} as v
    inner join {{ ref('reg_entity') }} as e on v.entity_id = e.entity_id
    where
        v.alive and v.counts and v.paid_cny <> 0 and v.paid_date is not null and e.alive and e.in_startup_scope
        and {{ is_touched('entity', 'v.entity_id') }}
)

select
    v.account,
    v.paid_date as effective_date,
    null::date as until_date,
    null::text as period_grain,
    v.town as geography,
    null::text as geo_scope,
    null::text [] as applies_to,
    v.sector,
    v.industry,
    v.founder_groups,
    null::text as sex,
    null::integer as birth_year,
    null::text as psu,
    'entity'::text as unit_type,
    v.entity_id as unit_id,
    sum(v.paid_cny) as weight,
    array_agg(v.row_id order by v.row_id) as source_rows
from voucher as v
group by v.account, v.entity_id, v.paid_date, v.town, v.sector, v.industry, v.founder_groups
