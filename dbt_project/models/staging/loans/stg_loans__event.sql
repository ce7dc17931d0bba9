with events as (
    select * from {{ source('raw', 'loans') }}
),

deliveries as (
    select * from {{ source('ledger', 'delivery') }}
),

final as (
    select
        e.row_id,
        e.delivery_id,
        d.business_date,
        d.sequence,
        {{ fold_key(['e.contract_no', 'e.event_no']) }} as fold_key,
        e.contract_no,
        e.event_no::integer as event_no,
        e.event,
        e.event_date::date as event_date,
        coalesce(e.amount_cny::numeric, 0) as amount_cny,
        e.borrower_id as borrower_pseudonym,
        nullif(e.borrower_id_sex, '') as borrower_sex,
        e.borrower_id_birth_year::integer as borrower_birth_year,
        {{ founder_groups('e.founder_group') }} as founder_groups,
        e.regno,
        e.loan_kind,
        e.annual_rate_pct::numeric as annual_rate_pct,
        e.due_date::date as due_date
    from events as e
    inner join deliveries as d on e.delivery_id = d.delivery_id
)

select * from final
