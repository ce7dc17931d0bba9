{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['office', 'unit_key'],
          indexes=[{'columns': ['unit_key', 'office'], 'unique': true}, {'columns': ['entity_id']}, {'columns': ['regno']},
                   {'columns': ['taxpayer_id']}], post_hook='{{ analyse_this(kept=true) }}') }}
-- depends_on: {{ ref('changed_voucher') }}, {{ ref('touched_before') }} (they read this table as it was)

-- Vouchers of both tax offices as known at K, each with the entity it belongs to and how that was found: by its registration
-- number; where that is blank or nobody's, by the resident id in the taxpayer's number, a household's founder. One
-- enterprise in both offices is one entity; the same number in both offices is two vouchers.
with version as (
    {%- for office, fold in {'national': ref('fold_tax_national'), 'local': ref('fold_tax_local')}.items() %}
    select
        v.office, v.unit_key, v.alive, v.row_id, v.delivery_id, v.regno, v.taxtype, v.period_start, v.period_end,
        v.revenue_cny, v.tax_due_cny, v.relief_cny, v.relief_code, v.paid_cny, v.paid_date, v.is_void, v.correction,
        p.unit_id as taxpayer_id
    from {{ fold }} as v
    left join {{ ref('unit') }} as p
        on v.taxpayer_is_person and p.unit_type = 'person' and v.taxpayer = p.unit_key
    where
        v.row_id is not null
        {%- if is_incremental() %}
        and v.unit_key in (select c.unit_key from {{ ref('changed_voucher') }} as c where c.office = '{{ office }}')
        {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

numbered as (
    select e.entity_id, e.unit_key, e.regno, e.start_date, e.end_date, count(*) over (partition by e.regno) as holders
    from {{ ref('reg_entity') }} as e
    where e.alive and e.regno in (select v.regno from version as v)
),

household as (
    select
        e.entity_id, e.unit_key, e.founder_id, e.start_date, e.end_date,
        count(*) over (partition by e.founder_id) as holders
    from {{ ref('reg_entity') }} as e
    where e.alive and e.sector = 'individual' and e.founder_id in (select v.taxpayer_id from version as v)
),

by_number as (
    {{ chosen_entity('version', 'numbered', 'r.alive and r.regno = e.regno', ['r.office', 'r.unit_key'], 'r.period_end') }}
),

numberless as (
    select v.* from version as v
    left join by_number as n on v.office = n.office and v.unit_key = n.unit_key
    where v.alive and v.taxpayer_id is not null and n.entity_id is null
),

by_founder as (
    {{ chosen_entity('numberless', 'household', 'r.taxpayer_id = e.founder_id', ['r.office', 'r.unit_key'], 'r.period_end') }}
),

final as (
    select
        v.office,
        v.unit_key,
        v.alive,
        v.row_id,
        v.delivery_id,
        coalesce(n.entity_id, f.entity_id) as entity_id,
        case when n.entity_id is not null then 'regno' when f.entity_id is not null then 'founder' end as linked_by,
        v.regno,
        v.taxpayer_id,
        v.taxtype as tax_type,
        v.period_start,
        v.period_end,
        v.revenue_cny,
        v.tax_due_cny,
        v.relief_cny,
        v.relief_code,
        v.paid_cny,
        v.paid_date,
        v.is_void,
        v.correction,
        not v.is_void and v.correction <> '2' as counts
    from version as v
    left join by_number as n on v.office = n.office and v.unit_key = n.unit_key
    left join by_founder as f on v.office = f.office and v.unit_key = f.unit_key
)

select * from final
