{{ config(materialized='view', tags=['account'], meta={'accounts': ['loan.due', 'loan.due_repaid']}) }}

-- On the day on which a loan is due, extensions made in time counted: what was lent, and what was repaid up to that day
-- (the guarantor's payments are no repayments). Posted ahead; later repayments change nothing.
with contract as (
    select * from {{ ref('reg_contract') }}
    where due_date is not null and {{ is_touched('contract', 'contract_id') }}
),

amount as (
    select
        'loan.due' as account, c.contract_id, e.amount_cny as amount, e.row_id
    from contract as c
    inner join {{ ref('reg_loan_event') }} as e on c.contract_id = e.contract_id and e.alive
    where e.event = '放款' and e.event_date is not null
    union all
    select 'loan.due_repaid', c.contract_id, e.amount_cny, e.row_id
    from contract as c
    inner join {{ ref('reg_loan_event') }} as e on c.contract_id = e.contract_id and e.alive
    where e.event = '还款' and e.event_date <= c.due_date
),

-- The row that says the day is a source of the posting as well.
said as (
    select account, contract_id, amount, row_id from amount
    union all
    select distinct a.account, a.contract_id, 0, coalesce(c.extension_row_id, c.row_id)
    from amount as a
    inner join contract as c on a.contract_id = c.contract_id
),

summed as (
    select
        s.account,
        c.contract_id as unit_id,
        c.town as geography,
        c.founder_groups,
        c.sex,
        c.birth_year,
        c.due_date as day,
        sum(s.amount) as amount,
        array_agg(distinct s.row_id order by s.row_id) as source_rows
    from said as s
    inner join contract as c on s.contract_id = c.contract_id
    group by 1, 2, 3, 4, 5, 6, 7
)

{{ summed_postings('summed', 'contract') }}
