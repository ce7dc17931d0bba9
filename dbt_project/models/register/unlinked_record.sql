{{ config(materialized='view') }}

-- Records that name no entity, or a registration number that no entity of the register has: spells of employees,
-- disbursements of loans, participations of those who report a venture. They count for their own indicators under the
-- unknown town or without an employer; the department is to be asked.
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

final as (
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
)

select * from final
