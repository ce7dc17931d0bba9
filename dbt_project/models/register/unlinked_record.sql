{{ config(materialized='view') }}

-- Records that name no entity, or a registration number that no entity of the register has: spells of employees,
-- disbursements of loans, participations of those who report a venture, vouchers of either tax office. They count for their own
-- indicators under the unknown town or without an employer, vouchers for none; the department is to be asked.
with entity as (
    select distinct regno from {{ ref('reg_entity') }}
    where alive
),

record as (
    select 'employment' as source, s.row_id, s.delivery_id, s.employer_regno as regno, s.start_date as reference_date
    from {{ ref('reg_spell') }} as s
    where s.alive and s.employment_form = '1'
    union all
    select 'loans', e.row_id, e.delivery_id, e.regno, e.event_date
    from {{ ref('reg_loan_event') }} as e
    where e.alive and e.event = '放款'
    union all
    select 'training', t.row_id, t.delivery_id, t.regno, t.venture_date
    from {{ ref('reg_training') }} as t
    where t.alive and t.venture_date is not null
),

named as (
    select
        r.source,
        r.row_id,
        r.delivery_id,
        r.regno,
        r.reference_date,
        case when r.regno is null then 'none_given' else 'not_found' end as reason
    from record as r
    left join entity as e on r.regno = e.regno
    where e.regno is null
),

-- A voucher is linked by the id of a household's founder as well.
voucher as (
    select
        'tax_' || v.office as source,
        v.row_id,
        v.delivery_id,
        v.regno,
        v.period_end as reference_date,
        case
            when v.regno is not null then 'not_found'
            when v.taxpayer_id is not null then 'id_not_found'
            else 'none_given'
        end as reason
    from {{ ref('reg_voucher') }} as v
    where v.alive and v.entity_id is null
),

final as (
    select * from named
    union all
    select * from voucher
)

select * from final
