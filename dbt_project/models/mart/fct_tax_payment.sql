{{ config(materialized='view') }}

-- Vouchers of both tax offices that count (not void, not 被更正), with the entity that they are of where one is known.
select
    v.row_id,
    v.office,
    v.tax_type,
    v.period_start,
    v.period_end,
    v.paid_date,
    v.revenue_cny,
    v.tax_due_cny,
    v.relief_cny,
    v.relief_code,
    v.paid_cny,
    v.entity_id,
    v.linked_by,
    e.sector,
    e.in_startup_scope,
    coalesce(
        e.in_startup_scope and v.period_end >= e.establishment_date
        and v.period_end < (e.establishment_date + interval '36 months')::date,
        false
    ) as of_young_startup,
    e.industry,
    e.founder_groups,
    e.town
from {{ ref('reg_voucher') }} as v
left join {{ ref('reg_entity') }} as e on v.entity_id = e.entity_id
where v.alive and v.counts
