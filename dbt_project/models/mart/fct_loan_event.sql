{{ config(materialized='view') }}

-- Events of loan contracts that have a disbursement, under the attributes of the contract.
select
    e.contract_id,
    e.event_no,
    e.event,
    e.event_date,
    e.amount_cny,
    c.disbursed_date,
    c.principal_cny,
    c.first_due_date,
    c.due_date,
    c.extensions,
    e.loan_kind,
    e.annual_rate_pct,
    c.borrower_id,
    c.sex as borrower_sex,
    c.birth_year as borrower_birth_year,
    c.founder_groups,
    c.entity_id,
    c.town
from {{ ref('reg_loan_event') }} as e
inner join {{ ref('reg_contract') }} as c on e.contract_id = c.contract_id
where e.alive
