{{ config(materialized='view', tags=['account'],
          meta={'accounts': ['loan.issued', 'loan.issues', 'loan.repaid', 'loan.compensated', 'loan.subsidy']}) }}

-- Amounts (yuan) of the events of contracts at their days, and the number of disbursements; of one contract, account
-- and day one posting. Recovered money (追偿) changes no balance. A subsidy counts up to the day on which the loan was
-- due when it was lent, whatever extension there is.
with contract as (
    select * from {{ ref('reg_contract') }}
    where {{ is_touched('contract', 'contract_id') }}
),

event as (
    select
        a.account,
        c.contract_id as unit_id,
        c.town as geography,
        c.founder_groups,
        c.sex,
        c.birth_year,
        e.event_date as day,
        case a.account when 'loan.issues' then 1 else e.amount_cny end as amount,
        e.row_id
    from contract as c
    inner join {{ ref('reg_loan_event') }} as e on c.contract_id = e.contract_id and e.alive
    inner join (
        values
        ('loan.issued', '放款'), ('loan.issues', '放款'), ('loan.repaid', '还款'), ('loan.compensated', '代偿'),
        ('loan.subsidy', '贴息')
    ) as a (account, event) on e.event = a.event
    where e.event_date is not null and (e.event <> '贴息' or e.event_date <= c.first_due_date)
),

summed as (
    select
        account, unit_id, geography, founder_groups, sex, birth_year, day,
        sum(amount) as amount, array_agg(row_id order by row_id) as source_rows
    from event
    group by account, unit_id, geography, founder_groups, sex, birth_year, day
)

{{ summed_postings('summed', 'contract') }}
